#include "control/history/side.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/address_bytes.h"

namespace ringwall::history {
namespace {

using agent::ProcessFacts;

constexpr const char* something_else = "?"; // of a process: not what any selector asks for
constexpr std::uint32_t nobody = 0xffffffff;

bool is_for_all(const v1::Rule& rule) {
    return rule.peers().any() || rule.peers().all_workloads();
}

void fill(std::string& known, const std::string& wanted) {
    if (known.empty())
        known = wanted;
}

// What is not known becomes what the selector asks for, and the rest something else.
ProcessFacts completed(ProcessFacts facts, const v1::Process& wanted) {
    fill(facts.path,
         wanted.path().empty() && !wanted.name().empty() ? "/" + wanted.name() : wanted.path());
    fill(facts.unit, wanted.unit());
    fill(facts.container, wanted.container());
    fill(facts.user, wanted.user());
    fill(facts.group, wanted.group());
    fill(facts.sha256, wanted.sha256());
    for (auto* part :
         {&facts.path, &facts.unit, &facts.container, &facts.user, &facts.group, &facts.sha256})
        fill(*part, something_else);
    return facts;
}

Says of(const agent::Judgement& judgement) {
    if (judgement.verdict == "allowed")
        return Says::allowed;
    return judgement.rules.empty() ? Says::unmatched : Says::denied;
}

// The peer as the judge of one snapshot finds it.
void write_peer(const Cohort& cohort, v1::Inventory& out) {
    auto& owner = *out.add_addresses();
    owner.set_address(address_bytes(cohort.address));
    owner.mutable_identities()->Assign(cohort.seen.begin(), cohort.seen.end());
}

// Of the identities that the rule names, those of this peer.
void add_rule(const v1::Rule& rule, const Cohort& cohort, v1::Subject& out) {
    v1::Rule& mine = *out.add_rules();
    mine = rule;
    auto& identities = *mine.mutable_peers()->mutable_identities();
    identities.Clear();
    for (const auto identity : cohort.seen)
        if (std::ranges::find(rule.peers().identities(), identity) !=
            rule.peers().identities().end())
            identities.Add(identity);
}

} // namespace

bool passes(model::Mode mode, Says says) {
    switch (mode) {
    case model::Mode::selective:
        return says != Says::denied;
    case model::Mode::full:
        return says == Says::allowed;
    default:
        return true;
    }
}

Side::Side(v1::Policy rules, bool inbound, const Cohorts& cohorts, std::int64_t now_ns)
    : inbound_(inbound), rules_(std::move(rules)) {
    if (rules_.subjects().empty())
        rules_.add_subjects();
    auto& all = *rules_.mutable_subjects(0)->mutable_rules();
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const v1::Rule& rule) {
                                 return (rule.direction() == v1::INBOUND) != inbound ||
                                        (rule.ends_ns() != 0 && rule.ends_ns() <= now_ns);
                             }),
              all.end());
    for (int i = 0; i < all.size(); ++i)
        if (is_for_all(all[i]))
            everybody_.push_back(i);
    add_sign({.seen = {nobody}, .lists = {}, .address = {}}, {});
    add_signs(cohorts);
    for (auto& rule : all)
        rule.mutable_peers()->clear_identities();
}

Side::Names Side::names(const Cohorts& cohorts) const {
    Names out;
    const auto& all = rules_.subjects(0).rules();
    const auto add = [&](const std::vector<CohortId>& named, int rule) {
        for (const auto cohort : named)
            out.emplace_back(cohort, rule);
    };
    for (int i = 0; i < all.size(); ++i) {
        if (is_for_all(all[i]))
            continue;
        for (const auto identity : all[i].peers().identities())
            add(cohorts.seen(identity), i);
        for (const auto& list : all[i].peers().lists())
            add(cohorts.on(list), i);
    }
    std::ranges::sort(out);
    const auto twice = std::ranges::unique(out);
    out.erase(twice.begin(), twice.end());
    return out;
}

void Side::add_signs(const Cohorts& cohorts) {
    std::map<std::pair<std::vector<int>, CohortId>, Sign> signs;
    const auto all = names(cohorts);
    for (auto at = all.begin(); at != all.end();) {
        const auto cohort = at->first;
        std::vector<int> named;
        for (; at != all.end() && at->first == cohort; ++at)
            named.push_back(at->second);
        // Of several who claim one address each has to be allowed: those are asked by themselves.
        const bool alone = cohorts.all()[cohort].seen.size() > 1;
        const auto [sign, fresh] = signs.try_emplace({named, alone ? cohort + 1 : 0},
                                                     static_cast<Sign>(snapshots_.size()));
        if (fresh)
            add_sign(cohorts.all()[cohort], named);
        named_.emplace_back(cohort, sign->second);
    }
}

void Side::add_sign(const Cohort& cohort, const std::vector<int>& rules) {
    auto& snapshot = snapshots_.emplace_back();
    peers_.push_back(cohort.address);
    write_peer(cohort, *snapshot.mutable_inventory());
    const auto& subject = rules_.subjects(0);
    auto& mine = *snapshot.mutable_policy()->add_subjects();
    mine.set_workload(subject.workload());
    mine.set_mode(v1::FULL);
    for (const auto* some : {&std::as_const(everybody_), &rules})
        for (const auto i : *some)
            add_rule(subject.rules(i), cohort, mine);
    for (const auto& list : rules_.lists())
        for (const auto& rule : mine.rules())
            if (std::ranges::find(rule.peers().lists(), list.name()) !=
                rule.peers().lists().end()) {
                *snapshot.mutable_policy()->add_lists() = list;
                break;
            }
}

Side::Sign Side::sign_of(CohortId cohort) const {
    const auto found =
        std::ranges::lower_bound(named_, cohort, {}, &std::pair<CohortId, Sign>::first);
    return found == named_.end() || found->first != cohort ? 0 : found->second;
}

// Some process lets more pass than any other: one that no rule asks for, or one of those that an
// allow asks for.
Says Side::says(Sign sign, Port port, const ProcessFacts& process) const {
    const auto& snapshot = snapshots_[sign];
    const auto& subject = snapshot.policy().subjects(0);
    if (subject.rules().empty())
        return Says::unmatched;
    const auto ask = [&](const v1::Process& wanted) {
        return of(agent::judge(snapshot, subject, inbound_,
                               {.peer = peers_[sign], .protocol = port.protocol, .port = port.port},
                               completed(process, wanted)));
    };
    auto best = ask({});
    for (const auto& rule : subject.rules())
        if (rule.action() == v1::ALLOW)
            for (const auto& service : rule.services())
                if (best != Says::allowed && service.has_process())
                    best = std::max(best, ask(service.process()));
    return best;
}

} // namespace ringwall::history
