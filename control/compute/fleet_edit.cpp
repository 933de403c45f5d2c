#include <algorithm>

#include "control/compute/fleet_state.h"
#include "control/model/validate.h"

namespace ringwall::compute {

std::optional<Error> Fleet::State::problem(const model::Policy& policy) {
    for (const auto& problem : model::validate(policy))
        if (problem.severity == model::Severity::error)
            return Error{Errc::invalid_policy, problem.place.text() + ": " + problem.message};
    if (auto good = check(policy); !good)
        return good.error();
    return std::nullopt;
}

IdentityKey Fleet::State::key_of(const model::Workload& workload) const {
    return {workload.labels, workload.managed,
            stands_alone(workload.name) ? workload.name : std::string()};
}

// Asked of the whole policy, so that it is the sentence which compute says.
Error Fleet::State::refusal(const Edit& edit) const {
    return problem(whole(members_, edit, objects_))
        .value_or(Error{Errc::invalid_policy,
                        "the workloads do not fit the active policy; check what rules and other "
                        "workloads say of them"});
}

Fleet::State::Turn Fleet::State::turn_of(const After& after,
                                         const std::set<std::string>& removed) const {
    std::map<std::uint32_t, std::ptrdiff_t> difference;
    const auto leaves = [&](const std::string& name) {
        if (const Member* member = members_.find(name))
            --difference[member->identity];
    };
    for (const auto& [name, identity] : after) {
        leaves(name);
        ++difference[identity];
    }
    for (const auto& name : removed)
        leaves(name);
    Turn out;
    for (const auto& [identity, change] : difference) {
        const auto before = static_cast<std::ptrdiff_t>(members_.having(identity).size());
        if (before == 0 && change > 0)
            out.born.insert(identity);
        if (before > 0 && before + change == 0)
            out.died.insert(identity);
    }
    return out;
}

std::set<Use> Fleet::State::flip(const Turn& turn) {
    std::set<Use> out;
    for (const std::uint32_t identity : turn.died) {
        for (Extent* extent : extents_.meaning(identities_.key(identity), objects_)) {
            extent->members.remove(identity);
            out.insert(extent->uses.begin(), extent->uses.end());
        }
        identities_.rest(identity, revision + 1);
    }
    for (const std::uint32_t identity : turn.born) {
        for (Extent* extent : extents_.meaning(identities_.key(identity), objects_)) {
            extent->members.add(identity);
            out.insert(extent->uses.begin(), extent->uses.end());
        }
        identities_.rise(identity);
    }
    return out;
}

void Fleet::State::unflip(const Turn& turn) {
    flip({.born = turn.died, .died = turn.born});
}

// Those who died stand at no rule any more.
void Fleet::State::bury(const Numbers& died) {
    for (const std::uint32_t identity : died) {
        if (!identities_.key(identity).managed)
            continue;
        for (ProgramNode* node : std::vector(subjects_.standing(identity)))
            node->rule->unstand(node, identity);
        subjects_.died(identity);
    }
}

void Fleet::State::recompile(const std::set<Use>& uses) {
    std::set<ProgramNode*> nodes;
    for (const Use& use : uses) {
        const auto facing = use.rule->facing(use);
        nodes.insert(facing.begin(), facing.end());
    }
    for (ProgramNode* node : nodes)
        subjects_.replace(node, node->rule->compile(*node, identities_.managed()));
}

void Fleet::State::raise(const Numbers& born) {
    for (const std::uint32_t identity : born) {
        if (!identities_.key(identity).managed)
            continue;
        subjects_.born(identity);
        std::map<std::pair<CompiledRule*, bool>, Standing> standings;
        for (const Extent* extent : extents_.meaning(identities_.key(identity), objects_))
            for (const Use& use : extent->uses)
                standings[{use.rule, use.from}].insert({use.instance, use.from ? use.element : 0});
        for (const auto& [end, standing] : standings)
            subjects_.add(identity,
                          end.first->stand(end.second, standing, identity, identities_.managed()));
    }
}

void Fleet::State::settle(const Turn& turn, const std::set<Use>& uses) {
    bury(turn.died);
    recompile(uses);
    raise(turn.born);
}

void Fleet::State::remember(const std::string& host) {
    if (!hosts_before_.contains(host))
        hosts_before_.emplace(host, members_.hosts().contains(host) ? std::optional(host_now(host))
                                                                    : std::nullopt);
}

void Fleet::State::remember(const Edit& edit) {
    const auto note = [&](const model::Workload& workload) {
        if (const std::string* host = agent_of(workload))
            remember(*host);
    };
    const auto note_old = [&](const std::string& name) {
        if (const Member* member = members_.find(name))
            note(*member->workload);
    };
    for (const auto& put : edit.puts) {
        note_old(put->name);
        note(*put);
    }
    for (const auto& name : edit.removed)
        note_old(name);
}

std::expected<Change, Error> Fleet::State::edit(const Edit& edit) {
    for (const auto& problem : model::validate(neighbourhood(members_, edit, naming_)))
        if (problem.severity == model::Severity::error)
            return std::unexpected(refusal(edit));
    After after;
    for (const auto& put : edit.puts)
        after.emplace(put->name, identities_.reserve(key_of(*put)));
    const Turn turn = turn_of(after, edit.removed);
    const std::set<Use> uses = flip(turn);
    std::set<const CompiledRule*> rules;
    for (const Use& use : uses)
        rules.insert(use.rule);
    if (std::ranges::any_of(rules, [&](const CompiledRule* rule) {
            return rule->unjudged(identities_.managed());
        })) {
        unflip(turn);
        return std::unexpected(refusal(edit));
    }
    remember(edit);
    for (const auto& put : edit.puts)
        members_.put(put, after.at(put->name));
    for (const auto& name : edit.removed)
        members_.remove(name);
    settle(turn, uses);
    return finish({});
}

} // namespace ringwall::compute
