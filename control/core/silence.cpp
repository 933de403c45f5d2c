#include "control/core/silence.h"

#include <algorithm>
#include <ranges>

namespace ringwall::core {

void Silence::begins(const std::string& agent, Time now) {
    if (!given_up_.contains(agent))
        since_.try_emplace(agent, now);
}

bool Silence::ends(const std::string& agent) {
    since_.erase(agent);
    return given_up_.erase(agent) > 0;
}

std::vector<std::string> Silence::give_up(Time now) {
    std::vector<std::string> out;
    if (grace_.count() == 0)
        return out;
    for (const auto& [agent, since] : since_)
        if (now - since >= grace_)
            out.push_back(agent);
    for (const auto& agent : out)
        since_.erase(agent);
    given_up_.insert(out.begin(), out.end());
    return out;
}

std::optional<Silence::Time> Silence::due() const {
    if (grace_.count() == 0 || since_.empty())
        return std::nullopt;
    return std::ranges::min(since_ | std::views::values) + grace_;
}

} // namespace ringwall::core
