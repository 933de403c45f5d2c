#include "control/model/validate.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "control/model/nearest.h"
#include "control/model/select.h"

namespace ringwall::model {
namespace {

constexpr std::size_t most_process_selectors = 64;

bool is_host(const Workload& workload) {
    return workload.managed && workload.cgroup.empty() && workload.realm == Realm::routable;
}

bool needs_host(const Workload& workload) {
    return !workload.cgroup.empty() || workload.realm == Realm::host;
}

template <typename T>
std::vector<std::string> names(const std::vector<T>& all) {
    std::vector<std::string> out;
    for (const T& object : all)
        out.push_back(object.name);
    return out;
}

std::vector<std::string> host_names(const Policy& policy) {
    std::vector<std::string> out;
    for (const Workload& workload : policy.workloads)
        if (is_host(workload))
            out.push_back(workload.name);
    return out;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
    return fmt::format("{}", fmt::join(words, between));
}

class Validator {
  public:
    explicit Validator(const Policy& policy) : policy_(policy) {}

    std::vector<Problem> run() {
        unique_names();
        for (const Workload& workload : policy_.workloads)
            check_host(workload);
        unique_subjects();
        for (const LabelGroup& group : policy_.groups)
            check_group(group);
        for (const RuleSet& set : policy_.rule_sets)
            check_rule_set(set);
        return std::move(problems_);
    }

  private:
    void error(const Place& place, std::string message) {
        problems_.push_back({place, std::move(message), Severity::error});
    }

    template <typename T>
    void unique(const char* kind, const std::vector<T>& all) {
        std::unordered_map<std::string_view, const T*> seen;
        for (const T& object : all) {
            const auto [first, added] = seen.emplace(object.name, &object);
            if (!added)
                error(object.place,
                      fmt::format("{} \"{}\" is already defined at {}; rename or remove one", kind,
                                  object.name, first->second->place.text()));
        }
    }

    void unique_names() {
        unique("Workload", policy_.workloads);
        unique("Service", policy_.services);
        unique("AddressList", policy_.lists);
        unique("LabelGroup", policy_.groups);
        unique("RuleSet", policy_.rule_sets);
        for (const Workload& workload : policy_.workloads)
            workloads_.emplace(workload.name, &workload);
        for (const RuleSet& set : policy_.rule_sets)
            unique("rule", set.rules);
    }

    void check_host(const Workload& workload) {
        if (workload.host.empty()) {
            if (needs_host(workload))
                report_missing_host(workload);
            return;
        }
        const auto host = workloads_.find(workload.host);
        if (host == workloads_.end())
            error(workload.place, fmt::format("workload \"{}\": unknown host \"{}\"; {}",
                                              workload.name, workload.host,
                                              did_you_mean(workload.host, host_names(policy_),
                                                           "add a Workload of that name")));
        else if (!is_host(*host->second))
            error(workload.place,
                  fmt::format("workload \"{}\": host \"{}\" is not a managed workload without "
                              "cgroup; name the workload whose agent runs on that machine",
                              workload.name, workload.host));
    }

    void report_missing_host(const Workload& workload) {
        const auto hosts = host_names(policy_);
        const char* what = workload.cgroup.empty() ? "realm: host" : "a cgroup";
        if (hosts.empty())
            error(workload.place, fmt::format("workload \"{}\" has {} but the policy has no "
                                              "managed workload that could be its host; add one",
                                              workload.name, what));
        else
            error(workload.place,
                  fmt::format("workload \"{}\" has {} and {} workloads could be its host ({}); "
                              "add host: NAME",
                              workload.name, what, hosts.size(),
                              hosts.size() > 5 ? hosts[0] + ", " + hosts[1] + ", ..."
                                               : joined(hosts, ", ")));
    }

    void unique_subjects() {
        std::map<std::pair<std::string_view, std::string_view>, const Workload*> seen;
        for (const Workload& workload : policy_.workloads) {
            if (workload.cgroup.empty())
                continue;
            const std::pair<std::string_view, std::string_view> subject{workload.host,
                                                                        workload.cgroup};
            const auto [first, added] = seen.emplace(subject, &workload);
            if (!added)
                error(workload.place,
                      fmt::format("workloads \"{}\" and \"{}\" both claim cgroup {} on the same "
                                  "host; one cgroup is one workload",
                                  first->second->name, workload.name, workload.cgroup));
        }
    }

    void check_selector_groups(const LabelSelector& selector, const Place& place) {
        for (const std::string& group : selector.groups)
            if (!policy_.group(group))
                error(place, fmt::format("unknown group \"{}\"; {}", group,
                                         did_you_mean(group, names(policy_.groups),
                                                      "add a LabelGroup of that name")));
        for (const LabelSelector& excluded : selector.none_of)
            check_selector_groups(excluded, place);
    }

    void check_group(const LabelGroup& group) {
        for (const LabelSelector& member : group.members)
            check_selector_groups(member, group.place);
        if (cycle_checked_.contains(group.name))
            return;
        std::vector<std::string> path;
        if (find_cycle(group.name, path)) {
            const auto start = std::ranges::find(path, path.back());
            const std::vector<std::string> cycle(start, path.end());
            error(group.place, fmt::format("label group \"{}\" contains itself: {}; take one of "
                                           "them out",
                                           cycle.front(), joined(cycle, " -> ")));
        }
        cycle_checked_.insert(path.begin(), path.end());
        cycle_checked_.insert(group.name);
    }

    bool find_cycle(const std::string& name, std::vector<std::string>& path) {
        const bool again = std::ranges::find(path, name) != path.end();
        path.push_back(name);
        if (again)
            return true;
        if (const LabelGroup* group = policy_.group(name); group && !cycle_checked_.contains(name))
            for (const LabelSelector& member : group->members)
                if (find_cycle_in(member, path))
                    return true;
        path.pop_back();
        cycle_checked_.insert(name);
        return false;
    }

    bool find_cycle_in(const LabelSelector& selector, std::vector<std::string>& path) {
        const auto below = [&](const auto& next) {
            if constexpr (std::is_same_v<std::decay_t<decltype(next)>, std::string>)
                return find_cycle(next, path);
            else
                return find_cycle_in(next, path);
        };
        return std::ranges::any_of(selector.groups, below) ||
               std::ranges::any_of(selector.none_of, below);
    }

    void check_rule_set(const RuleSet& set) {
        for (const Rule& rule : set.rules) {
            for (const Selector& selector : rule.from)
                check_selector(set, selector, rule.scope == RuleScope::intra, rule.to);
            for (const Selector& selector : rule.to)
                check_selector(set, selector, true, rule.from);
            for (const ServiceUse& use : rule.services)
                check_service(use);
        }
        const auto selectors = process_selectors(set, policy_);
        if (selectors.size() > most_process_selectors)
            error(set.place,
                  fmt::format("rule set \"{}\" has {} different process selectors and {} is the "
                              "most; split it into several rule sets",
                              set.name, selectors.size(), most_process_selectors));
    }

    void check_selector(const RuleSet& set, const Selector& selector, bool narrowed_end,
                        const std::vector<Selector>& others) {
        check_selector_groups(selector.labels, selector.place);
        if (selector.form == Selector::Form::list && !policy_.list(selector.name))
            error(selector.place, fmt::format("unknown list \"{}\"; {}", selector.name,
                                              did_you_mean(selector.name, names(policy_.lists),
                                                           "add an AddressList of that name")));
        if (selector.form == Selector::Form::workload)
            check_named(set, selector, narrowed_end, others);
    }

    void check_named(const RuleSet& set, const Selector& selector, bool narrowed_end,
                     const std::vector<Selector>& others) {
        const auto found = workloads_.find(selector.name);
        if (found == workloads_.end()) {
            error(selector.place, fmt::format("unknown workload \"{}\"; {}", selector.name,
                                              did_you_mean(selector.name, names(policy_.workloads),
                                                           "add a Workload of that name")));
            return;
        }
        const Workload& workload = *found->second;
        const auto in_it = [&](const Scope& scope) { return in_scope(scope, workload.labels); };
        if (narrowed_end && !set.scopes.empty() && std::ranges::none_of(set.scopes, in_it))
            error(selector.place,
                  fmt::format("workload \"{}\" is outside every scope of rule set \"{}\"; correct "
                              "its labels, or move the rule to a rule set whose scope holds it",
                              workload.name, set.name));
        if (workload.addresses.empty() && !workload.cgroup.empty() && has_enforcing_peer(others))
            error(selector.place,
                  fmt::format("workload \"{0}\" has no address of its own, so its peers see its "
                              "host \"{1}\"; write {{workload: {1}}}, or give it addresses",
                              workload.name, workload.host));
    }

    // Would some agent have to recognise the other end by its address?
    bool has_enforcing_peer(const std::vector<Selector>& others) const {
        return std::ranges::any_of(others, [&](const Selector& other) {
            if (other.form == Selector::Form::workload) {
                const auto peer = workloads_.find(other.name);
                return peer != workloads_.end() && peer->second->managed;
            }
            return narrowed(other);
        });
    }

    void check_service(const ServiceUse& use) {
        if (use.service.empty())
            return;
        const Service* service = policy_.service(use.service);
        if (!service)
            error(use.place, fmt::format("unknown service \"{}\"; {}", use.service,
                                         did_you_mean(use.service, names(policy_.services),
                                                      "add a Service of that name")));
        else if (use.process && service->process)
            error(use.place,
                  fmt::format("service \"{}\" already names a process at {}; keep one of the two",
                              use.service, service->process->place.text()));
    }

    const Policy& policy_;
    std::vector<Problem> problems_;
    std::unordered_map<std::string_view, const Workload*> workloads_;
    std::set<std::string> cycle_checked_;
};

} // namespace

std::vector<Problem> validate(const Policy& policy) {
    return Validator(policy).run();
}

void complete(Policy& policy) {
    const auto hosts = host_names(policy);
    if (hosts.size() != 1)
        return;
    for (Workload& workload : policy.workloads)
        if (needs_host(workload) && workload.host.empty())
            workload.host = hosts[0];
}

} // namespace ringwall::model
