#include "control/api/wire_json.h"

#include "control/api/render.h"

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

void put(boost::json::object& out, std::string_view key, const std::string& value) {
    if (!value.empty())
        out[key] = clean(value);
}

boost::json::object process_json(const v1::Process& process, const std::string& unresolved) {
    boost::json::object out;
    put(out, "shown", shown(process));
    put(out, "path", process.path());
    put(out, "name", process.name());
    put(out, "unit", process.unit());
    put(out, "container", process.container());
    put(out, "user", process.user());
    put(out, "group", process.group());
    put(out, "sha256", process.sha256());
    put(out, "unresolved", unresolved);
    return out;
}

void put_service(boost::json::object& out, std::uint32_t protocol, std::uint32_t port) {
    port &= 0xffff;
    if (protocol == icmp || protocol == icmp_v6)
        out["icmp"] = {{"type", port >> 8}, {"code", port & 0xff}};
    else
        out["port"] = port;
}

} // namespace ringwall::api
