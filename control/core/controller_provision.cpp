// Versions: from the draft to what agents enforce, with a way back at each step.
#include <algorithm>

#include <fmt/format.h>

#include "common/time.h"
#include "control/core/controller_impl.h"
#include "control/core/dependencies.h"
#include "control/core/document.h"
#include "control/policy/check.h"

namespace ringwall::core {
namespace {

std::vector<Fault> findings(const model::Policy& policy, std::int64_t now_ns,
                            const std::vector<store::ObjectChange>& changes) {
    model::Policy looked_at = policy;
    std::erase_if(looked_at.rule_sets, [&](const model::RuleSet& set) {
        return std::ranges::none_of(changes, [&](const store::ObjectChange& change) {
            return change.id == store::ObjectId{"rule_set", set.name};
        });
    });
    auto faults = looked_at.rule_sets.empty() ? std::vector<Fault>{}
                                              : faults_of(policy::check(looked_at, now_ns));
    std::erase_if(faults, [](const Fault& fault) { return !fault.warning; });
    return faults;
}

std::int64_t in_ns(std::chrono::seconds time) {
    return std::chrono::nanoseconds(time).count();
}

store::Provision wanted(const ProvisionRequest& request) {
    return {request.by, request.selection, request.note, request.base, request.asked};
}

} // namespace

store::Author Controller::Impl::myself() const {
    return {"controller", "controller", options.wall(), {}};
}

Pending Controller::Impl::pending() const {
    if (!rollout || !rollout->open() || rollout->confirm_within_ns == 0)
        return {};
    const auto left = rollout->deadline_ns - options.wall();
    return {rollout->version,
            std::chrono::seconds(std::max<std::int64_t>(left / ns_per_second, 1))};
}

Result<void> Controller::Impl::may_provision() const {
    if (!frozen.empty())
        return fail(Errc::frozen, fmt::format("a maintenance freeze is on ({}); lift it with "
                                              "'ringwall unfreeze' first",
                                              frozen));
    if (rollout && rollout->open())
        return fail(Errc::busy,
                    fmt::format("version {} is still on its way ({}); confirm or abort it first",
                                rollout->version, name(rollout->phase)));
    return {};
}

Result<Controller::Impl::Next>
Controller::Impl::next_version(const ProvisionRequest& request) const {
    const auto newest = store->newest();
    if (!newest)
        return std::unexpected(from(newest.error()));
    auto pending = store->changes(*newest, store::draft);
    if (!pending)
        return std::unexpected(from(pending.error()));
    Next out;
    std::set<store::ObjectId> chosen;
    if (request.selection)
        for (const auto& one : *request.selection)
            chosen.insert(one.id);
    else
        for (const auto& change : *pending)
            chosen.insert(change.id);
    const auto more = pulled_in(chosen, *pending, policies.active(), policies.draft());
    out.plan.pulled_in.assign(more.begin(), more.end());
    out.selection = request.selection.value_or(std::vector<store::Selected>{});
    for (auto& change : *pending) {
        const bool pulled = more.contains(change.id);
        if (!pulled && !chosen.contains(change.id))
            continue;
        if (pulled || !request.selection)
            out.selection.push_back({change.id, change.revision});
        out.plan.changes.push_back(std::move(change));
    }
    auto contents = all_contents(*store, *newest);
    if (!contents)
        return std::unexpected(contents.error());
    auto policy = policies.of(applied(std::move(*contents), out.plan.changes));
    if (!policy)
        return std::unexpected(policy.error());
    out.policy = std::move(*policy);
    out.plan.warnings = findings(out.policy, options.wall(), out.plan.changes);
    return out;
}

Result<Controller::Impl::Next>
Controller::Impl::next_version(const store::Rollback& request) const {
    const auto contents = all_contents(*store, request.to);
    if (!contents)
        return std::unexpected(contents.error());
    auto policy = policies.of(*contents);
    if (!policy)
        return std::unexpected(policy.error());
    auto changes = store->changes(active_version(), request.to);
    if (!changes)
        return std::unexpected(from(changes.error()));
    Next out;
    out.plan.changes = std::move(*changes);
    out.policy = std::move(*policy);
    return out;
}

Result<ProvisionPlan> Controller::Impl::plan(const store::Rollback& request) const {
    auto next = next_version(request);
    if (!next)
        return std::unexpected(next.error());
    return with_agents(std::move(*next));
}

Result<ProvisionPlan> Controller::Impl::with_agents(Next next) const {
    auto agents = fleets.concerned(policies.active(), next.policy);
    if (!agents)
        return std::unexpected(agents.error());
    next.plan.agents = std::move(*agents);
    return std::move(next.plan);
}

Result<ProvisionPlan> Controller::Impl::plan(const ProvisionRequest& request) const {
    auto next = next_version(request);
    if (!next)
        return std::unexpected(next.error());
    if (next->plan.changes.empty())
        return fail(Errc::nothing, "nothing to provision: the draft is the active version");
    return with_agents(std::move(*next));
}

Result<std::optional<Provisioned>>
Controller::Impl::provisioned_before(const ProvisionRequest& request) const {
    const auto earlier = store->earlier(wanted(request));
    if (!earlier)
        return std::unexpected(from(earlier.error()));
    if (!*earlier)
        return std::nullopt;
    return Provisioned{**earlier, {}};
}

Result<Provisioned> Controller::Impl::provision(const ProvisionRequest& request) {
    if (auto before = provisioned_before(request); !before || *before)
        return before ? Result<Provisioned>(std::move(**before)) : std::unexpected(before.error());
    if (auto may = may_provision(); !may)
        return std::unexpected(may.error());
    auto next = next_version(request);
    if (!next)
        return std::unexpected(next.error());
    auto asked = wanted(request);
    if (request.selection)
        asked.selection = next->selection;
    const auto make = [&] { return store->provision(asked); };
    return request.canary ? for_the_first(std::move(*next), request, make)
                          : everywhere(std::move(*next), request.confirm_within, make);
}

// Computed before it is stored, so that what cannot be compiled never becomes a version.
Result<Provisioned> Controller::Impl::everywhere(Next next, std::chrono::seconds within,
                                                 const MakeVersion& make) {
    const auto before = fleets.version();
    const auto newest = store->newest();
    if (!newest)
        return std::unexpected(from(newest.error()));
    auto computed = fleets.provision(next.policy, *newest + 1, policies.active());
    if (!computed)
        return std::unexpected(computed.error());
    const auto version = make();
    if (!version) {
        if (auto back = fleets.provision(policies.active(), before, policies.active()); !back)
            return std::unexpected(back.error());
        return std::unexpected(from(version.error()));
    }
    next.plan.agents = computed->active.front().with_other_policy();
    policies.activate(std::move(next.policy));
    end_staging_if_active(version->number, *computed);
    begin_rollout({.version = version->number,
                   .previous = before,
                   .phase = within.count() ? Phase::waiting : Phase::confirmed,
                   .confirm_within_ns = in_ns(within),
                   .deadline_ns = within.count() ? options.wall() + in_ns(within) : 0,
                   .concerned = next.plan.agents.size()});
    fleets.send(*computed, pending());
    tell_version(*version);
    return Provisioned{*version, std::move(next.plan)};
}

Result<Provisioned> Controller::Impl::for_the_first(Next next, const ProvisionRequest& request,
                                                    const MakeVersion& make) {
    std::vector<std::string> paired;
    for (const auto& agent : request.canary_agents)
        if (records_.contains(agent))
            paired.push_back(agent);
    if (paired.empty())
        return fail(Errc::invalid,
                    fmt::format("the query \"{}\" selects no paired agent, so nobody "
                                "would be first; name labels that some have",
                                request.canary->query));
    const auto before = fleets.version();
    const auto newest = store->newest();
    if (!newest)
        return std::unexpected(from(newest.error()));
    const auto ready = fleets.prepare(next.policy, *newest + 1);
    if (!ready)
        return std::unexpected(ready.error());
    const auto version = make();
    if (!version) {
        fleets.retreat();
        return std::unexpected(from(version.error()));
    }
    const auto first = choose(paired, request.canary->percent, version->number);
    next.plan.agents.assign(first.begin(), first.end());
    const auto within = request.confirm_within;
    begin_rollout({.version = version->number,
                   .previous = before,
                   .phase = Phase::canary,
                   .confirm_within_ns = in_ns(within),
                   .deadline_ns = within.count() ? options.wall() + in_ns(within) : 0,
                   .first = first,
                   .concerned = first.size(),
                   .canary = request.canary});
    fleets.begin(first, *ready, pending());
    tell_version(*version);
    return Provisioned{*version, std::move(next.plan)};
}

void Controller::Impl::tell_version(const store::Version& version) {
    ++counters.provisions;
    events.publish("version", {{"version", version.number},
                               {"note", version.note},
                               {"actor", version.actor},
                               {"rollback_to", version.rollback_to}});
}

Result<Provisioned> Controller::Impl::rollback(const store::Rollback& request,
                                               std::chrono::seconds within) {
    const auto earlier = store->earlier(request);
    if (!earlier)
        return std::unexpected(from(earlier.error()));
    if (*earlier)
        return Provisioned{**earlier, {}};
    if (auto may = may_provision(); !may)
        return std::unexpected(may.error());
    auto next = next_version(request);
    if (!next)
        return std::unexpected(next.error());
    auto policy = next->policy;
    auto done = everywhere(std::move(*next), within, [&] { return store->rollback(request); });
    if (done)
        policies.reset_draft(std::move(policy));
    return done;
}

} // namespace ringwall::core
