#include "control/core/dependencies.h"

#include <algorithm>
#include <map>

namespace ringwall::core {
namespace {

using store::ObjectChange;
using store::ObjectId;

template <typename T>
const T* find(const std::vector<T>& objects, const std::string& name) {
    const auto found = std::ranges::find(objects, name, &T::name);
    return found == objects.end() ? nullptr : &*found;
}

void add_groups(const model::LabelSelector& selector, std::set<ObjectId>& out) {
    for (const auto& group : selector.groups)
        out.insert({"label_group", group});
    for (const auto& excluded : selector.none_of)
        add_groups(excluded, out);
}

void add_rule(const model::Rule& rule, std::set<ObjectId>& out) {
    for (const auto* side : {&rule.from, &rule.to})
        for (const auto& selector : *side) {
            add_groups(selector.labels, out);
            if (selector.form == model::Selector::Form::list)
                out.insert({"address_list", selector.name});
        }
    for (const auto& use : rule.services)
        if (!use.service.empty())
            out.insert({"service", use.service});
}

// One round: what the selected ones lack.
std::set<ObjectId> lacking(const std::set<ObjectId>& selected,
                           const std::map<ObjectId, const ObjectChange*>& pending,
                           const model::Policy& active, const model::Policy& draft) {
    std::set<ObjectId> out;
    for (const auto& [id, change] : pending) {
        if (selected.contains(id)) {
            for (const auto& needed : references(draft, id))
                if (const auto found = pending.find(needed);
                    found != pending.end() && !found->second->before)
                    out.insert(needed);
            continue;
        }
        for (const auto& needed : references(active, id))
            if (const auto found = pending.find(needed);
                selected.contains(needed) && found != pending.end() && !found->second->after)
                out.insert(id);
    }
    return out;
}

} // namespace

std::set<ObjectId> references(const model::Policy& policy, const ObjectId& id) {
    std::set<ObjectId> out;
    if (id.kind == "rule_set") {
        if (const auto* set = find(policy.rule_sets, id.name))
            for (const auto& rule : set->rules)
                add_rule(rule, out);
    } else if (id.kind == "label_group") {
        if (const auto* group = find(policy.groups, id.name))
            for (const auto& member : group->members)
                add_groups(member, out);
    }
    return out;
}

std::set<ObjectId> pulled_in(const std::set<ObjectId>& selected,
                             const std::vector<ObjectChange>& pending, const model::Policy& active,
                             const model::Policy& draft) {
    std::map<ObjectId, const ObjectChange*> by_id;
    for (const auto& change : pending)
        by_id.emplace(change.id, &change);
    std::set<ObjectId> all = selected;
    for (std::size_t before = 0; before != all.size();) {
        before = all.size();
        all.merge(lacking(all, by_id, active, draft));
    }
    std::set<ObjectId> out;
    std::ranges::set_difference(all, selected, std::inserter(out, out.end()));
    return out;
}

} // namespace ringwall::core
