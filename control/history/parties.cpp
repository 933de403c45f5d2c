#include "control/history/parties.h"

#include <set>

#include <boost/json/parse.hpp>

namespace ringwall::history {

model::Labels labels_of(const std::string& who) {
    model::Labels out;
    boost::system::error_code error;
    const auto parsed = boost::json::parse(who, error);
    if (const auto* object = error ? nullptr : parsed.if_object())
        for (const auto& label : *object)
            if (label.value().is_string())
                out.emplace(label.key(), label.value().get_string());
    return out;
}

Parties::Parties(const std::vector<flowmap::Side>& sides) {
    std::set<std::string> managed;
    for (const auto& side : sides)
        if (side.verdict != v1::FLOW_VERDICT_UNSPECIFIED)
            managed.insert(side.who);
    for (const auto& side : sides) {
        const bool here = side.kind == flowmap::Kind::workloads && managed.contains(side.who);
        of_sides_.push_back({side.kind, side.who, here});
    }
    const std::set<Party> all(of_sides_.begin(), of_sides_.end());
    distinct_.assign(all.begin(), all.end());
}

LabelJudge::End Parties::end(const std::vector<flowmap::Side>& sides, std::size_t side) const {
    const auto& known = sides[side];
    return {&of_sides_[side],
            {.path = known.process,
             .unit = known.unit,
             .container = known.container,
             .user = known.user,
             .group = {},
             .sha256 = {}}};
}

} // namespace ringwall::history
