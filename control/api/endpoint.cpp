#include "control/api/endpoint.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "common/protocol.h"

namespace ringwall::api {

const std::vector<Endpoint>& endpoints() {
    static const auto all = [] {
        std::vector<Endpoint> out;
        for (const auto part :
             {object_endpoints,    apply_endpoints,     bulk_endpoints,     cut_endpoints,
              version_endpoints,   provision_endpoints, rollout_endpoints,  staging_endpoints,
              impact_endpoints,    token_endpoints,     pairing_endpoints,  agent_endpoints,
              authority_endpoints, why_endpoints,       rule_endpoints,     audit_endpoints,
              stream_endpoints,    map_endpoints,       activity_endpoints, recorded_endpoints,
              proposal_endpoints,  finding_endpoints,   exposure_endpoints, suggestion_endpoints,
              controller_endpoints})
            std::ranges::move(part(), std::back_inserter(out));
        return out;
    }();
    return all;
}

http::Response with_status(unsigned status, const boost::json::object& body) {
    http::Response out;
    out.status = status;
    out.headers = {{"Content-Type", "application/json"}};
    out.body = boost::json::serialize(body);
    return out;
}

http::Response ok(const boost::json::object& body) {
    return with_status(200, body);
}

store::Author author(const Context& context, const Call& call, const std::string& note) {
    const auto key = call.request.headers.find("idempotency-key");
    return {.actor = call.who.actor,
            .origin = note.empty() ? call.request.peer
                                   : fmt::format("{}, \"{}\"", call.request.peer, note),
            .time_ns = context.now_ns(),
            .idempotency_key = key == call.request.headers.end() ? std::string{} : key->second};
}

PageQuery page_query(Params& params) {
    return {params.number("limit", 1, 1000).value_or(100), params.text("after").value_or("")};
}

boost::json::object page_json(boost::json::array items, const std::string& next,
                              std::optional<std::uint64_t> total) {
    boost::json::object out{{"items", std::move(items)}};
    if (!next.empty())
        out["next"] = next;
    if (total)
        out["total"] = *total;
    return out;
}

Result<std::uint64_t> version_of(const Context& context, Params& params, const std::string& name,
                                 const std::string& otherwise) {
    const auto word = params.text(name).value_or(otherwise);
    if (word == "draft")
        return store::draft;
    if (word == "active")
        return context.controller.active_version();
    std::uint64_t number = 0;
    const auto* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    if (error != std::errc() || stop != end || number == 0 || number >= store::draft)
        return malformed(
            fmt::format("the parameter {} is active, draft or the number of a version", name));
    const auto version = context.controller.store().version(number);
    if (!version)
        return std::unexpected(from(version.error()));
    return number;
}

std::optional<std::uint8_t> protocol_in(Fields& fields, std::string_view key) {
    const boost::json::value* value = fields.find(key);
    std::uint8_t out = 0;
    if (!value)
        return std::nullopt;
    if (value->is_string() && parse_protocol(std::string_view(value->get_string()), out))
        return out;
    if (value->is_int64() && value->get_int64() >= 0 && value->get_int64() <= 255)
        return static_cast<std::uint8_t>(value->get_int64());
    fields.fault(key, fmt::format("{} is tcp, udp, icmp, icmpv6, sctp, udplite or a number from 0 "
                                  "to 255",
                                  key));
    return std::nullopt;
}

Result<void> everywhere(const Principal& who, std::string_view what) {
    if (who.everywhere())
        return {};
    return forbidden(fmt::format("the role of {} is narrowed to {}; {} needs one that is not",
                                 who.actor, text(who.scope), what));
}

} // namespace ringwall::api
