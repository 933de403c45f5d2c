#include "control/history/comparison.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "control/history/parties.h"

namespace ringwall::history {

void Comparison::take(const flowmap::Catalog& catalog,
                      const std::vector<flowmap::EdgeNumbers>& found) {
    std::unordered_map<flowmap::SideId, flowmap::SideId> places;
    const auto place = [&](flowmap::SideId side) {
        const auto [known, fresh] =
            places.try_emplace(side, static_cast<flowmap::SideId>(sides.size()));
        if (fresh)
            sides.push_back(catalog.side(side));
        return known->second;
    };
    for (const auto& [id, numbers] : found) {
        auto edge = catalog.edge(id);
        edge.source = place(edge.source);
        edge.destination = place(edge.destination);
        edges.push_back({id, edge, numbers, catalog.first_seen_ns(id)});
    }
}

std::expected<std::vector<v1::FlowVerdict>, std::string> Comparison::verdicts() const {
    const Parties parties(sides);
    auto judge = LabelJudge::make(draft, parties.all());
    if (!judge)
        return std::unexpected(judge.error());
    std::vector<v1::FlowVerdict> out;
    for (const Recorded& recorded : edges) {
        const auto& edge = recorded.edge;
        const auto opinion =
            judge->judge(parties.end(sides, edge.source), parties.end(sides, edge.destination),
                         edge.protocol, edge.port);
        out.push_back(!opinion.judged   ? v1::UNMATCHED
                      : opinion.blocked ? v1::BLOCKED
                                        : v1::ALLOWED);
    }
    return out;
}

std::expected<Outcome, std::string> Comparison::run() const {
    const Parties parties(sides);
    auto now = LabelJudge::make(active, parties.all());
    if (!now)
        return std::unexpected(now.error());
    auto then = LabelJudge::make(draft, parties.all());
    if (!then)
        return std::unexpected(then.error());
    const auto end = [&](flowmap::SideId side) { return parties.end(sides, side); };
    Outcome out;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const auto& edge = edges[i].edge;
        const auto count = edges[i].numbers.count;
        const auto source = end(edge.source), destination = end(edge.destination);
        Difference difference{i, now->judge(source, destination, edge.protocol, edge.port),
                              then->judge(source, destination, edge.protocol, edge.port)};
        if (!difference.draft.judged) {
            out.not_judged += count;
            continue;
        }
        out.unsure += difference.unsure() ? count : 0;
        if (difference.active.blocked == difference.draft.blocked) {
            out.same += count;
            continue;
        }
        (difference.newly_blocked() ? out.newly_blocked : out.newly_allowed) += count;
        out.differences.push_back(std::move(difference));
    }
    std::ranges::sort(out.differences, [&](const Difference& one, const Difference& other) {
        const auto key = [&](const Difference& each) {
            return std::tuple(!each.newly_blocked(), ~edges[each.recorded].numbers.count,
                              each.recorded);
        };
        return key(one) < key(other);
    });
    return out;
}

} // namespace ringwall::history
