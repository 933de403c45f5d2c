#include "agent/controller_state.h"

#include "agent/flow_text.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;

json::value time_or_null(std::int64_t ns) {
    return ns ? json::value(rfc3339(ns)) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

} // namespace

json::object to_json(const ControllerState& state) {
    const auto& link = state.link;
    return {{"agent", state.agent},
            {"endpoint", link.endpoint},
            {"session", name(link.session)},
            {"since", time_or_null(link.since_ns)},
            {"trouble", text_or_null(link.trouble)},
            {"refused", text_or_null(link.refused)},
            {"policy", json::object{{"version", state.version},
                                    {"release", link.policy.version()},
                                    {"confirm_by", time_or_null(link.confirm_by_ns)}}},
            {"inventory", json::object{{"revision", link.inventory.version()}}},
            {"spool", json::object{{"held", state.spool.held},
                                   {"bytes", state.spool.bytes},
                                   {"delivered", state.spool.delivered},
                                   {"folded", state.spool.folded},
                                   {"lost", state.spool.lost + state.summaries.lost}}},
            {"certificate", json::object{{"expires", time_or_null(state.certificate_expires_ns)},
                                         {"trouble", text_or_null(state.renewal_trouble)}}}};
}

ControllerNumbers numbers_of(const ControllerState& state) {
    return {.connected = state.link.session == SessionState::live,
            .sessions = state.link.stats.connections,
            .refused_policies = state.link.stats.refused_policies,
            .roll_backs = state.link.stats.roll_backs,
            .unconfirmed = state.link.confirm_by_ns != 0,
            .spool_held = state.spool.held,
            .spool_bytes = state.spool.bytes,
            .delivered = state.spool.delivered,
            .folded = state.spool.folded,
            .lost = state.spool.lost + state.summaries.lost,
            .certificate_expires = double(state.certificate_expires_ns) / 1e9};
}

} // namespace ringwall::agent
