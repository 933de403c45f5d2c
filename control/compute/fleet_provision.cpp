#include <algorithm>

#include "control/compute/fleet_state.h"
#include "control/compute/fleet_text.h"
#include "control/compute/wire.h"

namespace ringwall::compute {
namespace {

using Words = std::set<std::string>;

template <typename T>
std::map<std::string, std::string> texts(const std::vector<T>& objects) {
    std::map<std::string, std::string> out;
    for (const T& object : objects)
        out.emplace(object.name, text(object));
    return out;
}

// Words of objects that are not the same on both sides.
template <typename T>
Words differing(const std::vector<T>& before, const std::vector<T>& now) {
    const auto old_texts = texts(before), new_texts = texts(now);
    Words out;
    for (const auto& [name, words] : old_texts)
        if (const auto found = new_texts.find(name);
            found == new_texts.end() || found->second != words)
            out.insert(name);
    for (const auto& [name, words] : new_texts)
        if (!old_texts.contains(name))
            out.insert(name);
    return out;
}

bool uses_group(const model::LabelSelector& selector, const Words& groups) {
    return std::ranges::any_of(selector.groups,
                               [&](const auto& g) { return groups.contains(g); }) ||
           std::ranges::any_of(selector.none_of,
                               [&](const auto& excluded) { return uses_group(excluded, groups); });
}

// With the groups that contain a differing one.
Words differing_groups(const model::Policy& before, const model::Policy& now) {
    Words out = differing(before.groups, now.groups);
    for (bool more = !out.empty(); more;) {
        more = false;
        for (const auto& group : now.groups)
            if (std::ranges::any_of(group.members,
                                    [&](const auto& member) { return uses_group(member, out); }))
                more |= out.insert(group.name).second;
    }
    return out;
}

bool uses(const model::Rule& rule, const Words& services, const Words& groups) {
    const auto of_group = [&](const model::Selector& selector) {
        return uses_group(selector.labels, groups);
    };
    return std::ranges::any_of(rule.from, of_group) || std::ranges::any_of(rule.to, of_group) ||
           std::ranges::any_of(rule.services, [&](const model::ServiceUse& use) {
               return services.contains(use.service);
           });
}

} // namespace

// Compiled rules that are gone or mean something else in `policy`.
std::set<Fleet::State::RuleName> Fleet::State::stale_rules(const model::Policy& policy) const {
    const Words services = differing(objects_.services, policy.services);
    const Words groups = differing_groups(objects_, policy);
    std::set<RuleName> out;
    for (const auto& [name, compiled] : rules_)
        out.insert(name);
    for (const auto& set : policy.rule_sets) {
        const std::string scopes = text(set.scopes);
        for (const auto& rule : set.rules)
            if (const auto found = rules_.find({set.name, rule.name});
                found != rules_.end() && found->second.text == scopes + text(rule) &&
                !uses(rule, services, groups))
                out.erase(found->first);
    }
    return out;
}

void Fleet::State::drop_rules(const std::set<RuleName>& names) {
    std::set<const CompiledRule*> rules;
    for (const auto& name : names)
        rules.insert(rules_.at(name).rule.get());
    subjects_.drop(rules);
    for (const auto& name : names) {
        rules_.at(name).rule->leave(extents_);
        rules_.erase(name);
    }
}

void Fleet::State::add_rules() {
    for (const auto& set : objects_.rule_sets) {
        const std::string scopes = text(set.scopes);
        for (const auto& rule : set.rules) {
            const auto [place, added] = rules_.try_emplace({set.name, rule.name});
            if (!added)
                continue;
            place->second = {scopes + text(rule),
                             std::make_unique<CompiledRule>(set, rule, objects_)};
            CompiledRule& compiled = *place->second.rule;
            compiled.join(extents_, identities_, objects_);
            compiled.program_everybody(identities_.managed());
            for (ProgramNode* node : compiled.nodes())
                for (const std::uint32_t subject : node->subjects.numbers())
                    subjects_.add(subject, node);
        }
    }
}

void Fleet::State::rank_rules() {
    std::vector<CompiledRule*> rules;
    for (const auto& [name, compiled] : rules_)
        rules.push_back(compiled.rule.get());
    std::ranges::sort(rules, {}, &CompiledRule::id);
    for (std::size_t i = 0; i < rules.size(); ++i)
        rules[i]->rank = i;
}

// Has it an identity that no other workload has?
bool Fleet::State::stands_alone(const std::string& workload) const {
    return naming_.contains(workload) || also_.contains(workload);
}

// Those that rules name only now, or no more, get another identity.
void Fleet::State::identify(const std::set<std::string>& workloads) {
    After after;
    for (const auto& name : workloads)
        if (const Member* member = members_.find(name)) {
            after.emplace(name, identities_.reserve(key_of(*member->workload)));
            if (const std::string* host = agent_of(*member->workload))
                remember(*host);
        }
    const Turn turn = turn_of(after, {});
    const std::set<Use> uses = flip(turn);
    for (const auto& [name, identity] : after)
        members_.put(members_.find(name)->workload, identity);
    settle(turn, uses);
}

// Words of lists that differ.
std::set<std::string> Fleet::State::take_lists(const model::Policy& policy) {
    const Words names = differing(objects_.lists, policy.lists);
    for (const auto& name : names) {
        lists_.erase(name);
        if (const model::AddressList* list = policy.list(name))
            lists_[name] = std::make_shared<const v1::AddressList>(wire(*list));
    }
    return names;
}

std::expected<void, Error> Fleet::State::load(const model::Policy& policy, std::uint64_t as_version,
                                              std::uint64_t as_revision) {
    if (auto wrong = problem(policy))
        return std::unexpected(*wrong);
    take_lists(policy);
    objects_ = {{}, policy.services, policy.lists, policy.groups, policy.rule_sets};
    naming_ = naming_of(objects_);
    for (const auto& workload : policy.workloads) {
        if (runs_agent(workload))
            remember(workload.name);
        const std::uint32_t identity = identities_.reserve(key_of(workload));
        if (!identities_.lives(identity)) {
            identities_.rise(identity);
            raise({identity});
        }
        members_.put(std::make_shared<const model::Workload>(workload), identity);
    }
    add_rules();
    rank_rules();
    version = as_version;
    revision = as_revision;
    finish({});
    revision = as_revision;
    for (const std::uint32_t subject : identities_.managed().numbers())
        alike(subject);
    return {};
}

std::expected<Change, Error> Fleet::State::provision(const model::Policy& policy,
                                                     std::uint64_t new_version) {
    if (auto wrong = problem(whole(members_, {}, policy)))
        return std::unexpected(*wrong);
    const Words lists = take_lists(policy);
    drop_rules(stale_rules(policy));
    objects_ = {{}, policy.services, policy.lists, policy.groups, policy.rule_sets};
    Words renamed;
    const Naming naming = naming_of(objects_);
    for (const auto& [name, sets] : naming)
        if (!stands_alone(name))
            renamed.insert(name);
    for (const auto& [name, sets] : naming_)
        if (!naming.contains(name) && !also_.contains(name))
            renamed.insert(name);
    naming_ = naming;
    identify(renamed);
    add_rules();
    rank_rules();
    version = new_version;
    return finish(lists);
}

Change Fleet::State::name_also(Words workloads) {
    Words renamed;
    for (const auto* names : {&workloads, &also_})
        for (const auto& name : *names)
            if (!naming_.contains(name) && workloads.contains(name) != also_.contains(name))
                renamed.insert(name);
    also_ = std::move(workloads);
    identify(renamed);
    return finish({});
}

std::set<std::string> Fleet::State::named() const {
    Words out;
    for (const auto& [name, sets] : naming_)
        out.insert(name);
    return out;
}

} // namespace ringwall::compute
