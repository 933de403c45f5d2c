#include "control/history/ends.h"

#include <algorithm>

namespace ringwall::history {
namespace {

using model::Mode;

constexpr std::uint8_t not_asked = 0xff;

Says best(const Side& side, Side::Sign sign, Port port, const Ends::Processes& processes) {
    auto out = Says::denied;
    for (const auto& process : processes)
        out = std::max(out, side.says(sign, port, process));
    return out;
}

// What one end says of each sign, asked once.
std::vector<Says> all_signs(const Side& side, Port port, const Ends::Processes& processes) {
    std::vector<Says> out;
    for (Side::Sign sign = 0; sign < side.signs(); ++sign)
        out.push_back(best(side, sign, port, processes));
    return out;
}

} // namespace

Ends::Ends(const model::Policy& policy, const Cohorts& cohorts, std::int64_t now_ns)
    : cohorts_(cohorts), now_ns_(now_ns), sources_(cohorts.all().size()),
      naming_(cohorts.all().size()) {
    add_crowd(policy);
    add_sides();
}

void Ends::add_crowd(const model::Policy& policy) {
    for (std::size_t i = 0; i < policy.workloads.size(); ++i) {
        const auto& workload = policy.workloads[i];
        for (const auto says : {Says::denied, Says::unmatched, Says::allowed}) {
            auto& weight =
                sources_[cohorts_.of_workload(i)].weights[static_cast<std::size_t>(says)];
            weight.now += !workload.managed || passes(workload.mode, says);
            weight.enforced += !workload.managed || passes(Mode::full, says);
        }
    }
}

void Ends::add_sides() {
    std::unordered_map<const Side*, std::size_t> places;
    for (CohortId id = 0; id < sources_.size(); ++id) {
        const auto& cohort = cohorts_.all()[id];
        if (!cohort.managed)
            continue;
        auto& side = outbound_[cohort.identity];
        if (!side)
            side =
                std::make_unique<Side>(cohorts_.rules(cohort.identity), false, cohorts_, now_ns_);
        const auto [place, fresh] = places.try_emplace(side.get(), told_.size());
        if (fresh)
            told_.resize(told_.size() + side->signs());
        sources_[id].side = side.get();
        sources_[id].told = place->second;
        for (const auto& [named, sign] : side->named())
            naming_[named].emplace_back(id, sign);
    }
}

void Ends::take(Port port) {
    port_ = port;
    std::ranges::fill(told_, not_asked);
    unnamed_ = {};
    for (const auto& source : sources_)
        unnamed_ += weight(source, out(source, 0));
}

const Side& Ends::inbound(CohortId destination) {
    const auto identity = cohorts_.all()[destination].identity;
    auto& side = inbound_[identity];
    if (!side)
        side = std::make_unique<Side>(cohorts_.rules(identity), true, cohorts_, now_ns_);
    return *side;
}

Says Ends::out(const Source& source, Side::Sign sign) {
    if (!source.side)
        return Says::allowed; // nobody judges
    auto& told = told_[source.told + sign];
    if (told == not_asked)
        told = static_cast<std::uint8_t>(source.side->says(sign, port_, {}));
    return static_cast<Says>(told);
}

// Sources that one of the ends names are looked at singly, all others at once.
Ends::Reached Ends::reached(CohortId destination, const Processes& processes) {
    const auto& here = inbound(destination);
    const auto says = all_signs(here, port_, processes);
    const Signs &named = here.named(), &naming = naming_[destination];
    auto others = unnamed_;
    Reached reached;
    auto one = named.begin();
    auto two = naming.begin();
    constexpr auto behind = static_cast<CohortId>(-1);
    while (one != named.end() || two != naming.end()) {
        const auto first = one == named.end() ? behind : one->first,
                   second = two == naming.end() ? behind : two->first;
        const auto id = std::min(first, second);
        const auto& source = sources_[id];
        others -= weight(source, out(source, 0));
        reached.at(says[first == id ? one->second : 0]) +=
            weight(source, out(source, second == id ? two->second : 0));
        one += first == id;
        two += second == id;
    }
    reached.at(says[0]) += others;
    const auto& own = sources_[destination];
    reached.own_in = says[here.sign_of(destination)];
    reached.own_out = out(own, own.side ? own.side->sign_of(destination) : 0);
    return reached;
}

} // namespace ringwall::history
