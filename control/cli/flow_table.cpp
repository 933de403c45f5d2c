#include <cstdio>
#include <ctime>
#include <optional>

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::optional<std::time_t> seconds_of(const std::string& rfc3339) {
    std::tm time{};
    if (std::sscanf(rfc3339.c_str(), "%d-%d-%dT%d:%d:%d", &time.tm_year, &time.tm_mon,
                    &time.tm_mday, &time.tm_hour, &time.tm_min, &time.tm_sec) != 6)
        return std::nullopt;
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    return timegm(&time);
}

std::string process_text(const json::value& end) {
    if (!at(end, "process"))
        return {};
    auto name = text_at(end, "process.shown");
    if (name.empty())
        name = text_at(end, "process.unresolved").empty() ? "?" : "(unresolved)";
    return at(end, "process.deleted") ? name + " (deleted)" : name;
}

std::string end_text(const json::value& end, const Painter& paint) {
    std::string out = text_at(end, "address");
    if (auto process = process_text(end); !process.empty())
        out += " " + paint(Color::bold, process);
    if (auto context = text_at(end, "context"); !context.empty())
        out += paint(Color::dim, " (" + context + ")");
    return out;
}

std::string why_text_of(const json::object& flow) {
    const auto* rules = at(flow, "rules");
    std::string out;
    if (rules && rules->is_array() && !rules->get_array().empty() &&
        rules->get_array()[0].is_string())
        out = std::string(rules->get_array()[0].get_string());
    else
        out = text_at(flow, "reason");
    const auto count = number_at(flow, "count"), total = number_at(flow, "total");
    if (std::max(count, total) > 1)
        out += fmt::format(" x{}", std::max(count, total));
    if (at(flow, "revoked"))
        out += " (revoked)";
    return out;
}

} // namespace

std::string service_text(const json::object& flow) {
    const auto protocol = text_at(flow, "protocol");
    if (const auto* icmp = at(flow, "icmp"))
        return fmt::format("{} {}/{}", protocol, number_at(*icmp, "type"),
                           number_at(*icmp, "code"));
    return fmt::format("{}/{}", number_at(flow, "port"), protocol);
}

const json::value* at(const json::object& object, std::string_view path) {
    const auto dot = path.find('.');
    const auto key = path.substr(0, dot);
    const auto* found = object.if_contains(json::string_view(key.data(), key.size()));
    return found && dot != path.npos ? at(*found, path.substr(dot + 1)) : found;
}

const json::value* at(const json::value& value, std::string_view path) {
    const auto* object = value.if_object();
    return object ? at(*object, path) : nullptr;
}

std::string text_of(const json::value* value) {
    return value && value->is_string() ? std::string(value->get_string()) : std::string{};
}

std::int64_t number_of(const json::value* value) {
    if (value && value->is_uint64())
        return static_cast<std::int64_t>(value->get_uint64());
    return value && value->is_int64() ? value->get_int64() : 0;
}

std::string time_of_day(const std::string& rfc3339) {
    const auto seconds = seconds_of(rfc3339);
    if (!seconds)
        return rfc3339;
    return fmt::format("{:%H:%M:%S}", fmt::localtime(*seconds));
}

std::string age(const std::string& rfc3339, std::int64_t now_seconds) {
    const auto then = seconds_of(rfc3339);
    if (!then)
        return "never";
    const auto past = std::max<std::int64_t>(now_seconds - *then, 0);
    if (past < 120)
        return fmt::format("{}s ago", past);
    if (past < 7200)
        return fmt::format("{}m ago", past / 60);
    if (past < 172'800)
        return fmt::format("{}h ago", past / 3600);
    return fmt::format("{}d ago", past / 86'400);
}

std::string flow_header(const Painter& paint) {
    return paint(Color::dim, fmt::format("{:<8}  {:<16}  {:<11}  {:<14}  {}", "TIME", "FLOW",
                                         "VERDICT", "SERVICE", "SOURCE → DESTINATION   RULE")) +
           "\n";
}

std::string flow_line(const json::object& flow, const Painter& paint) {
    const json::value nothing;
    const auto* source = at(flow, "source");
    const auto* destination = at(flow, "destination");
    return fmt::format("{:<8}  {:<16}  {}  {:<14}  {} → {}   {}\n",
                       time_of_day(text_at(flow, "time")), text_at(flow, "id"),
                       paint.verdict(text_at(flow, "verdict"), 11), service_text(flow),
                       end_text(source ? *source : nothing, paint),
                       end_text(destination ? *destination : nothing, paint), why_text_of(flow));
}

} // namespace ringwall::cli
