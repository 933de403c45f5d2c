#include "control/cli/why_fleet.h"

#include <array>

#include <fmt/format.h>

#include "control/cli/controller.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

json::object process_json(const agent::ProcessFacts& process) {
    const bool is_name = !process.path.empty() && process.path[0] != '/';
    const std::array<std::pair<const char*, std::string>, 6> parts{
        {{is_name ? "name" : "path", process.path},
         {"unit", process.unit},
         {"container", process.container},
         {"user", process.user},
         {"group", process.group},
         {"sha256", process.sha256}}};
    json::object out;
    for (const auto& [key, value] : parts)
        if (!value.empty())
            out[key] = value;
    return out;
}

bool is_icmp(const agent::WhyQuery& query) {
    return query.protocol == 1 || query.protocol == 58;
}

} // namespace

// "/usr/sbin/named", "named.service", "user=bind", "path=/x,user=y"
Result<agent::ProcessFacts> parse_process(const std::string& text) {
    agent::ProcessFacts out;
    std::string_view rest(text);
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto part = rest.substr(0, comma);
        const auto equals = part.find('=');
        const auto key = equals == part.npos ? (part.starts_with('/')        ? "path"
                                                : part.ends_with(".service") ? "unit"
                                                                             : "path")
                                             : part.substr(0, equals);
        const std::string value(equals == part.npos ? part : part.substr(equals + 1));
        const std::array<std::pair<std::string_view, std::string*>, 7> members{
            {{"path", &out.path},
             {"name", &out.path},
             {"unit", &out.unit},
             {"container", &out.container},
             {"user", &out.user},
             {"group", &out.group},
             {"sha256", &out.sha256}}};
        bool known = false;
        for (const auto& [name, member] : members)
            if (name == key) {
                *member = value;
                known = true;
            }
        if (!known)
            return std::unexpected(
                Error{Exit::usage,
                      fmt::format("'{}': a process is a /path, a unit.service, or path=, name=, "
                                  "unit=, container=, user=, group=, sha256= joined by commas",
                                  text)});
        rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return out;
}

Result<json::object> why_request(const Arguments& arguments, const agent::WhyQuery& query) {
    json::object out{{"from", query.from}, {"to", query.to}, {"proto", query.protocol}};
    if (!query.any_port && is_icmp(query))
        out["icmp"] = json::object{{"type", query.port >> 8}, {"code", query.port & 0xff}};
    else if (!query.any_port)
        out["port"] = query.port;
    for (const auto& [option, key] :
         {std::pair{"--process", "process"}, std::pair{"--source-process", "from_process"}}) {
        auto process = parse_process(arguments.get(option));
        if (!process)
            return std::unexpected(process.error());
        if (process->known())
            out[key] = process_json(*process);
    }
    if (arguments.has("--draft"))
        out["draft"] = true;
    return out;
}

Result<json::object> why_from_controller(const Arguments& arguments, const agent::WhyQuery& query) {
    auto request = why_request(arguments, query);
    if (!request)
        return request;
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    return ask(*client,
               {.method = "POST", .target = client::target({"why"}), .body = std::move(*request)});
}

} // namespace ringwall::cli
