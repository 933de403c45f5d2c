#include "control/core/rollout.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include "control/store/digest.h"

namespace ringwall::core {
namespace {

namespace json = boost::json;

constexpr std::array phases{"canary", "waiting", "confirmed", "taken_back"}; // as the enum

json::value to_value(const std::optional<Canary>& canary) {
    if (!canary)
        return nullptr;
    json::object out{{"query", canary->query}, {"percent", canary->percent}};
    if (canary->max_blocks)
        out["max_blocks"] = *canary->max_blocks;
    return out;
}

std::optional<Canary> canary_of(const json::value& value) {
    if (value.is_null())
        return std::nullopt;
    Canary out{json::value_to<std::string>(value.at("query")),
               value.at("percent").to_number<double>(),
               {}};
    if (const auto* blocks = value.as_object().if_contains("max_blocks"))
        out.max_blocks = blocks->to_number<std::uint64_t>();
    return out;
}

} // namespace

const char* name(Phase phase) {
    return phases.at(static_cast<std::size_t>(phase));
}

std::string to_json(const RolloutState& state) {
    return json::serialize(json::object{{"version", state.version},
                                        {"previous", state.previous},
                                        {"phase", name(state.phase)},
                                        {"began_ns", state.began_ns},
                                        {"confirm_within_ns", state.confirm_within_ns},
                                        {"deadline_ns", state.deadline_ns},
                                        {"first", json::value_from(state.first)},
                                        {"concerned", state.concerned},
                                        {"acknowledged", json::value_from(state.acknowledged)},
                                        {"refused", json::value_from(state.refused)},
                                        {"blocks", state.blocks},
                                        {"canary", to_value(state.canary)},
                                        {"reason", state.reason}});
}

Result<RolloutState> parse_rollout(const std::string& text) try {
    const auto value = json::parse(text);
    RolloutState out;
    out.version = value.at("version").to_number<std::uint64_t>();
    out.previous = value.at("previous").to_number<std::uint64_t>();
    const auto phase = std::ranges::find(phases, json::value_to<std::string>(value.at("phase")));
    out.phase = static_cast<Phase>(phase - phases.begin());
    out.began_ns = value.at("began_ns").to_number<std::int64_t>();
    out.confirm_within_ns = value.at("confirm_within_ns").to_number<std::int64_t>();
    out.deadline_ns = value.at("deadline_ns").to_number<std::int64_t>();
    out.first = json::value_to<std::set<std::string>>(value.at("first"));
    out.concerned = value.at("concerned").to_number<std::size_t>();
    out.acknowledged = json::value_to<std::set<std::string>>(value.at("acknowledged"));
    out.refused = json::value_to<std::vector<std::string>>(value.at("refused"));
    out.blocks = value.at("blocks").to_number<std::uint64_t>();
    out.canary = canary_of(value.at("canary"));
    out.reason = json::value_to<std::string>(value.at("reason"));
    return out;
} catch (const std::exception& error) { // only a damaged store comes here
    return std::unexpected(Error{
        Errc::io, std::string("the state of the rollout cannot be read: ") + error.what(), {}});
}

std::string stop_reason(const RolloutState& state, std::int64_t now_ns) {
    if (!state.open())
        return {};
    if (!state.refused.empty())
        return fmt::format("refused by {}", state.refused.front());
    if (state.canary && state.canary->max_blocks && state.blocks > *state.canary->max_blocks)
        return fmt::format("{} flows were blocked on its first agents, {} are allowed",
                           state.blocks, *state.canary->max_blocks);
    if (state.deadline_ns != 0 && now_ns >= state.deadline_ns)
        return fmt::format("nobody confirmed it within {} s",
                           state.confirm_within_ns / 1'000'000'000);
    return {};
}

std::set<std::string> choose(const std::vector<std::string>& selected, double percent,
                             std::uint64_t version) {
    if (selected.empty())
        return {};
    std::vector<std::pair<store::Digest, std::string>> drawn;
    for (const auto& agent : selected)
        drawn.emplace_back(store::sha256(fmt::format("{}/{}", version, agent)), agent);
    std::ranges::sort(drawn);
    const auto share = std::ceil(static_cast<double>(drawn.size()) * percent / 100);
    const auto count = std::clamp<std::size_t>(static_cast<std::size_t>(share), 1, drawn.size());
    std::set<std::string> out;
    for (std::size_t i = 0; i < count; ++i)
        out.insert(drawn[i].second);
    return out;
}

} // namespace ringwall::core
