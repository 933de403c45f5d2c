#include "control/compute/wire.h"

#include "common/address_bytes.h"

#include <set>
#include <vector>

namespace ringwall::compute {
namespace {

std::set<std::string> prefixes(const std::vector<model::AddressRange>& ranges) {
    std::set<std::string> out;
    for (const auto& range : ranges)
        for (const Prefix& prefix : cover(range.first, range.last))
            out.insert(prefix.text());
    return out;
}

void write(const model::ProcessSelector& process, v1::Process& out) {
    out.set_path(process.path);
    out.set_name(process.name);
    out.set_unit(process.unit);
    out.set_container(process.container);
    out.set_user(process.user);
    out.set_group(process.group);
    out.set_sha256(process.sha256);
}

} // namespace

std::string wire(const Address& address) {
    return address_bytes(address);
}

v1::Mode wire(model::Mode mode) {
    switch (mode) {
    case model::Mode::idle:
        return v1::IDLE;
    case model::Mode::visibility:
        return v1::VISIBILITY;
    case model::Mode::selective:
        return v1::SELECTIVE;
    case model::Mode::full:
        return v1::FULL;
    }
    return v1::MODE_UNSPECIFIED;
}

v1::Action wire(model::Action action) {
    switch (action) {
    case model::Action::allow:
        return v1::ALLOW;
    case model::Action::deny:
        return v1::DENY;
    case model::Action::override_deny:
        return v1::OVERRIDE_DENY;
    }
    return v1::ACTION_UNSPECIFIED;
}

v1::AddressList wire(const model::AddressList& list) {
    v1::AddressList out;
    out.set_name(list.name);
    for (const auto& prefix : prefixes(list.ranges))
        out.add_prefixes(prefix);
    for (const auto& prefix : prefixes(list.exclude))
        out.add_exclude(prefix);
    return out;
}

void write(const ServiceBit& service, v1::Service& out) {
    out.set_any_protocol(!service.protocol);
    out.set_protocol(service.protocol.value_or(0));
    for (const auto& range : service.ports) {
        v1::PortRange& row = *out.add_ports();
        row.set_first(range.first);
        row.set_last(range.last);
    }
    for (const auto& icmp : service.icmp) {
        v1::IcmpType& row = *out.add_icmp();
        row.set_type(icmp.type);
        row.set_code(icmp.code);
    }
    if (service.process)
        write(*service.process, *out.mutable_process());
}

} // namespace ringwall::compute
