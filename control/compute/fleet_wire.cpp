#include "control/compute/fleet_wire.h"

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

} // namespace

std::string wire(const Address& address) {
    const auto* bytes = reinterpret_cast<const char*>(address.bytes.data());
    return address.is_v4() ? std::string(bytes + 12, 4) : std::string(bytes, 16);
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

v1::AddressList wire(const model::AddressList& list) {
    v1::AddressList out;
    out.set_name(list.name);
    for (const auto& prefix : prefixes(list.ranges))
        out.add_prefixes(prefix);
    for (const auto& prefix : prefixes(list.exclude))
        out.add_exclude(prefix);
    return out;
}

} // namespace ringwall::compute
