#include "control/alerts/event.h"

#include <algorithm>
#include <array>

namespace ringwall::alerts {
namespace {

constexpr std::array table{
    KindInfo{Kind::blocked, "blocked", Severity::warning, true},
    KindInfo{Kind::would_block_new, "would_block_new", Severity::notice, true},
    KindInfo{Kind::tamper, "tamper", Severity::critical, false},
    KindInfo{Kind::agent_silent, "agent_silent", Severity::error, false},
    KindInfo{Kind::agent_given_up, "agent_given_up", Severity::error, false},
    KindInfo{Kind::agent_back, "agent_back", Severity::notice, false},
    KindInfo{Kind::duplicate_host, "duplicate_host", Severity::critical, false},
    KindInfo{Kind::policy_refused, "policy_refused", Severity::error, false},
    KindInfo{Kind::rollout_taken_back, "rollout_taken_back", Severity::error, false},
    KindInfo{Kind::clock_skew, "clock_skew", Severity::warning, false},
    KindInfo{Kind::suppressed, "suppressed", Severity::warning, false},
};

} // namespace

std::span<const KindInfo> kinds() {
    return table;
}

const KindInfo& info(Kind kind) {
    return table[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kind_of(std::string_view name) {
    const auto found = std::ranges::find(table, name, &KindInfo::name);
    return found == table.end() ? std::nullopt : std::optional(found->kind);
}

std::string_view name(Severity severity) {
    switch (severity) {
    case Severity::critical:
        return "critical";
    case Severity::error:
        return "error";
    case Severity::warning:
        return "warning";
    case Severity::notice:
        return "notice";
    case Severity::info:
        return "info";
    }
    return "";
}

} // namespace ringwall::alerts
