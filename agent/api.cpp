#include "agent/api.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "agent/flow_text.h"
#include "common/protocol.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;
using Done = std::expected<void, ApiError>;

std::unexpected<ApiError> bad(std::string message) {
    return std::unexpected(ApiError{ApiErrc::bad_request, std::move(message)});
}

std::string_view view(json::string_view text) {
    return {text.data(), text.size()};
}

Done read_text(const json::value& value, std::string_view field, std::string& out) {
    if (!value.is_string() || value.get_string().size() > 4096)
        return bad(fmt::format("'{}' must be a string of at most 4096 bytes", field));
    out = std::string(view(value.get_string()));
    return {};
}

Done read_number(const json::value& value, std::string_view field, std::uint64_t limit,
                 std::uint64_t& out) {
    if (!value.is_int64() || value.get_int64() < 0 || std::uint64_t(value.get_int64()) > limit)
        return bad(fmt::format("'{}' must be a number from 0 to {}", field, limit));
    out = std::uint64_t(value.get_int64());
    return {};
}

Done read_flag(const json::value& value, std::string_view field, bool& out) {
    if (!value.is_bool())
        return bad(fmt::format("'{}' must be true or false", field));
    out = value.get_bool();
    return {};
}

Done read_flows(Request& request, std::string_view field, const json::value& value) {
    if (field == "follow")
        return read_flag(value, field, request.flows.follow);
    if (field == "last") {
        std::uint64_t last = 0;
        auto done = read_number(value, field, 1'000'000, last);
        request.flows.last = last;
        return done;
    }
    if (field != "filter" || !value.is_object())
        return bad(
            fmt::format("'flows' takes follow, last and filter (an object), not '{}'", field));
    auto filter = parse_filter(value.get_object());
    if (!filter)
        return bad(filter.error().message);
    request.flows.filter = std::move(*filter);
    return {};
}

Done read_why(Request& request, std::string_view field, const json::value& value) {
    auto& why = request.why;
    if (field == "port") {
        std::uint64_t port = 0;
        auto done = read_number(value, field, 65535, port);
        why.port = static_cast<std::uint16_t>(port);
        why.any_port = false;
        return done;
    }
    std::string text;
    if (field == "flow" || field == "protocol") {
        if (auto done = read_text(value, field, text); !done)
            return done;
        std::uint64_t id = 0;
        if (field == "protocol")
            return parse_protocol(text, why.protocol)
                       ? Done{}
                       : bad(fmt::format("'{}' is not a protocol: write tcp, udp, icmp, icmpv6, "
                                         "sctp, udplite or a number",
                                         text));
        if (!parse_flow_id(text, id))
            return bad(fmt::format("'{}' is not a flow id: write the 16 hex digits of 'id'", text));
        why.flow = id;
        return {};
    }
    const std::pair<std::string_view, std::string&> texts[]{
        {"from", why.from},           {"to", why.to},
        {"path", why.path},           {"unit", why.unit},
        {"container", why.container}, {"user", why.user},
        {"group", why.group},         {"sha256", why.sha256}};
    for (const auto& [name, member] : texts)
        if (field == name)
            return read_text(value, field, member);
    return bad(fmt::format("'why' takes flow, or from, to, protocol, port and the process's path, "
                           "unit, container, user, group and sha256, not '{}'",
                           field));
}

Done read_pause(Request& request, std::string_view field, const json::value& value) {
    std::uint64_t seconds = 0;
    if (field != "seconds")
        return bad(fmt::format("'pause' takes seconds, not '{}'", field));
    if (auto done = read_number(value, field, max_pause_seconds, seconds); !done)
        return done;
    request.pause_seconds = static_cast<std::uint32_t>(seconds);
    return {};
}

Done read_policy(Request& request, std::string_view field, const json::value& value) {
    if (field != "workload")
        return bad(fmt::format("'policy' takes workload, not '{}'", field));
    return read_text(value, field, request.workload);
}

Done read_nothing(Request&, std::string_view field, const json::value&) {
    return bad(fmt::format("this request takes no field '{}'", field));
}

struct Verb {
    std::string_view name;
    Request::Do what;
    Done (*read)(Request&, std::string_view, const json::value&);
};

constexpr std::array<Verb, 10> verbs{{{"status", Request::Do::status, read_nothing},
                                      {"flows", Request::Do::flows, read_flows},
                                      {"why", Request::Do::why, read_why},
                                      {"policy", Request::Do::policy, read_policy},
                                      {"snapshot", Request::Do::snapshot, read_nothing},
                                      {"pause", Request::Do::pause, read_pause},
                                      {"resume", Request::Do::resume, read_nothing},
                                      {"detach", Request::Do::detach, read_nothing},
                                      {"sysdump", Request::Do::sysdump, read_nothing},
                                      {"counters", Request::Do::counters, read_nothing}}};

Done complete(const Request& request) {
    const auto& why = request.why;
    if (request.what == Request::Do::pause && request.pause_seconds == 0)
        return bad("'pause' needs seconds, 1 to 86400");
    if (request.what != Request::Do::why)
        return {};
    if (why.flow)
        return why.from.empty() && why.to.empty() ? Done{} : bad("'why' takes flow or from and to");
    if (why.from.empty() || why.to.empty() || why.protocol == 0)
        return bad("'why' needs flow, or from, to and protocol");
    return {};
}

} // namespace

std::expected<Request, ApiError> parse_request(std::string_view line) {
    json::error_code error;
    const auto value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error || !value.is_object())
        return bad("a request is one JSON object on one line, for example {\"do\":\"status\"}");
    const auto& fields = value.get_object();
    const auto* what = fields.if_contains("do");
    const auto verb = what && what->is_string()
                          ? std::ranges::find(verbs, view(what->get_string()), &Verb::name)
                          : verbs.end();
    if (verb == verbs.end())
        return bad("'do' must be status, flows, why, policy, snapshot, pause, resume, detach, "
                   "sysdump or counters");
    Request request;
    request.what = verb->what;
    for (const auto& [key, field] : fields) {
        if (key == "do")
            continue;
        if (auto done = verb->read(request, view(key), field); !done)
            return std::unexpected(done.error());
    }
    if (auto done = complete(request); !done)
        return std::unexpected(done.error());
    return request;
}

const char* name(ApiErrc code) {
    switch (code) {
    case ApiErrc::bad_request:
        return "bad_request";
    case ApiErrc::not_found:
        return "not_found";
    case ApiErrc::failed:
        return "failed";
    }
    return "failed";
}

std::string error_json(const ApiError& error) {
    return fmt::format(R"({{"error":{},"code":"{}"}})", quoted(error.message), name(error.code));
}

} // namespace ringwall::agent
