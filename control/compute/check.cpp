#include <fmt/format.h>

#include "control/compute/compute.h"
#include "control/compute/identities.h"
#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::Selector;

// Whether a process selector at these ends is judged by anybody.
struct Ends {
    bool selected = false, judged = false;

    void add(const Selector& selector, const model::Scope* scope, const Identities& identities) {
        selected |= selector.form == Selector::Form::list || selector.form == Selector::Form::any;
        for (const std::uint32_t number : identities.select(selector, scope)) {
            selected = true;
            judged |= identities[number].managed;
        }
    }
    bool nobody() const { return selected && !judged; }
};

Error nobody_judges(const model::RuleSet& set, const model::Rule& rule, const Place& place,
                    const char* end) {
    return {Errc::invalid_policy,
            fmt::format("{}: rule \"{}/{}\" names a process of the {}, but every {} it selects is "
                        "without an agent, so nobody can judge it; select a managed workload or "
                        "leave the process out",
                        place.text(), set.name, rule.name, end, end)};
}

std::expected<void, Error> check(const model::Policy& policy, const Identities& identities,
                                 const model::RuleSet& set, const model::Rule& rule) {
    const auto instances = model::instances(set, rule);
    Ends destinations;
    for (const auto& at : instances)
        for (const Selector& to : rule.to)
            destinations.add(to, at.to_scope, identities);
    for (const auto& use : rule.services)
        if (model::process(use, policy) && destinations.nobody())
            return std::unexpected(nobody_judges(set, rule, use.place, "destination"));
    for (const Selector& from : rule.from) {
        Ends sources;
        for (const auto& at : instances)
            sources.add(from, at.from_scope, identities);
        if (from.process && sources.nobody())
            return std::unexpected(nobody_judges(set, rule, from.place, "source"));
    }
    return {};
}

} // namespace

std::expected<void, Error> check(const model::Policy& policy) {
    const Identities identities(policy);
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules)
            if (rule.action == model::Action::allow)
                if (auto good = check(policy, identities, set, rule); !good)
                    return good;
    return {};
}

} // namespace ringwall::compute
