#include "control/compute/fleet_check.h"

#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::Selector;

// What validate() asks of a rule because of the workloads it names; groups, lists and services are
// as they were.
std::vector<Selector> forms_of(const std::vector<Selector>& side) {
    std::vector<Selector> out;
    for (const Selector& selector : side)
        if (selector.form != Selector::Form::list)
            out.push_back({selector.form, {}, selector.name, {}, selector.place});
    return out;
}

class Neighbourhood {
  public:
    Neighbourhood(const Members& members, const Edit& edit) : members_(members), edit_(edit) {
        for (const auto& put : edit.puts)
            if (!edited_.emplace(put->name, put.get()).second)
                out_.workloads.push_back(*put); // validate() finds two of that name
    }

    model::Policy around(const Naming& naming) {
        std::set<std::string> touched = edit_.removed;
        for (const auto& put : edit_.puts) {
            touched.insert(put->name);
            add(put->host);
            if (const Member* same = members_.in_cgroup(put->host, put->cgroup))
                add(same->workload->name);
        }
        for (const auto& name : touched) {
            add(name);
            for (const auto& inner : members_.inside(name))
                add(inner);
        }
        add_rules(touched, naming);
        return std::move(out_);
    }

  private:
    const model::Workload* after(const std::string& name) const {
        if (const auto edited = edited_.find(name); edited != edited_.end())
            return edited->second;
        const Member* member = edit_.removed.contains(name) ? nullptr : members_.find(name);
        return member ? member->workload.get() : nullptr;
    }

    void add(const std::string& name) {
        if (!added_.insert(name).second)
            return;
        const model::Workload* workload = after(name);
        if (!workload)
            return;
        out_.workloads.push_back(*workload);
        add(workload->host);
    }

    void add_rules(const std::set<std::string>& touched, const Naming& naming) {
        std::set<const model::RuleSet*> sets;
        for (const auto& name : touched)
            if (const auto found = naming.find(name); found != naming.end())
                sets.insert(found->second.begin(), found->second.end());
        for (const model::RuleSet* set : sets) {
            model::RuleSet& part = out_.rule_sets.emplace_back();
            part.name = set->name;
            part.scopes = set->scopes;
            for (const model::Rule& rule : set->rules) {
                std::set<std::string> names;
                model::add_named(rule, names);
                if (names.empty())
                    continue;
                for (const auto& name : names)
                    add(name);
                model::Rule& forms = part.rules.emplace_back();
                forms.name = rule.name;
                forms.scope = rule.scope;
                forms.from = forms_of(rule.from);
                forms.to = forms_of(rule.to);
            }
        }
    }

    const Members& members_;
    const Edit& edit_;
    std::map<std::string, const model::Workload*> edited_;
    std::set<std::string> added_;
    model::Policy out_;
};

} // namespace

Naming naming_of(const model::Policy& policy) {
    Naming out;
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules) {
            std::set<std::string> names;
            model::add_named(rule, names);
            for (const auto& name : names)
                out[name].insert(&set);
        }
    return out;
}

model::Policy neighbourhood(const Members& members, const Edit& edit, const Naming& naming) {
    return Neighbourhood(members, edit).around(naming);
}

model::Policy whole(const Members& members, const Edit& edit, const model::Policy& objects) {
    model::Policy out = objects;
    std::set<std::string> gone = edit.removed;
    for (const auto& put : edit.puts)
        gone.insert(put->name);
    out.workloads.clear();
    for (const auto& [name, member] : members.all())
        if (!gone.contains(name))
            out.workloads.push_back(*member.workload);
    for (const auto& put : edit.puts)
        out.workloads.push_back(*put);
    return out;
}

} // namespace ringwall::compute
