#include "control/api/wire_json.h"

#include <boost/json/value_from.hpp>

namespace ringwall::api {
namespace {

constexpr std::uint32_t icmp = 1, icmp_v6 = 58;

// The service, else the container, else the program.
const std::string& shown(const v1::Process& process) {
    if (!process.unit().empty())
        return process.unit();
    return process.container().empty() ? process.name() : process.container();
}

} // namespace

const char* name(v1::FlowVerdict verdict) {
    switch (verdict) {
    case v1::ALLOWED:
        return "allowed";
    case v1::WOULD_BLOCK:
        return "would-block";
    case v1::BLOCKED:
        return "blocked";
    default: // a newer agent's verdict that this side does not know
        return "unmatched";
    }
}

void put(boost::json::object& out, std::string_view key, const std::string& value) {
    if (!value.empty())
        out[key] = clean(value);
}

boost::json::object process_parts(const v1::Process& process) {
    boost::json::object out;
    put(out, "path", process.path());
    put(out, "name", process.name());
    put(out, "unit", process.unit());
    put(out, "container", process.container());
    put(out, "user", process.user());
    put(out, "group", process.group());
    put(out, "sha256", process.sha256());
    return out;
}

boost::json::object process_json(const v1::Process& process, const std::string& unresolved) {
    boost::json::object out;
    put(out, "shown", shown(process));
    for (auto& part : process_parts(process))
        out.insert(std::move(part));
    put(out, "unresolved", unresolved);
    return out;
}

boost::json::object failed_json(std::uint64_t refused, std::uint64_t timed_out,
                                std::uint64_t reset) {
    return {{"refused", refused}, {"timed_out", timed_out}, {"reset", reset}};
}

void put_service(boost::json::object& out, std::uint32_t protocol, std::uint32_t port) {
    port &= 0xffff;
    if (protocol == icmp || protocol == icmp_v6)
        out["icmp"] = {{"type", port >> 8}, {"code", port & 0xff}};
    else
        out["port"] = port;
}

boost::json::object peer_json(const core::Controller& controller, const std::string& address,
                              std::span<const std::uint32_t> identities, boost::json::array lists) {
    boost::json::object out{{"address", bytes_as_address(address)}};
    put(out, "workload", controller.workload_at(address));
    boost::json::array labels;
    for (const auto number : identities)
        if (const auto* key = controller.identity_key(number))
            labels.push_back(boost::json::value_from(key->labels));
    if (!labels.empty())
        out["labels"] = std::move(labels);
    if (!lists.empty())
        out["lists"] = std::move(lists);
    return out;
}

} // namespace ringwall::api
