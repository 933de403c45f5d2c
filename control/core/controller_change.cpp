// Changes of objects: checked, computed, stored, sent, in this order; a failure undoes what was
// done before it.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "control/core/controller_impl.h"
#include "control/core/document.h"
#include "control/core/profile.h"
#include "control/policy/check.h"

namespace ringwall::core {

namespace json = boost::json;

namespace {

Error paired_still(const store::ObjectId& workload) {
    const auto sentence =
        fmt::format("\"{0}\" has a paired agent, which would go on enforcing its last policy; "
                    "revoke it first with 'ringwall agents revoke {0}'",
                    workload.name);
    return {Errc::conflict, sentence, {{workload, "", sentence}}};
}

} // namespace

// A later profile of the same name must not make them good again.
Result<void> Controller::Impl::forget_tokens(const std::string& profile,
                                             std::vector<store::Edit>& edits) const {
    const auto tokens = all_objects(*store, pairing_token_kind);
    if (!tokens)
        return std::unexpected(tokens.error());
    for (const auto& token : *tokens)
        if (json::parse(token.body) == token_of(profile))
            edits.push_back({token.id, {}, {}});
    return {};
}

// A profile is checked here, and keeps the tokens that were made of it, which go with it. The
// record of a revoked agent goes with its workload.
Result<store::Change> Controller::Impl::completed(const store::Change& change) const {
    store::Change out = change;
    for (const auto& edit : change.edits) {
        if (edit.id.kind == "pairing_profile" && !edit.body)
            if (auto gone = forget_tokens(edit.id.name, out.edits); !gone)
                return std::unexpected(gone.error());
        const auto record = records_.find(edit.id.name);
        if (edit.id.kind != "workload" || edit.body || record == records_.end())
            continue;
        if (record->second.revoked.empty())
            return std::unexpected(paired_still(edit.id));
        out.edits.push_back({{"agent", edit.id.name}, {}, {}});
    }
    for (auto& edit : out.edits) {
        if (edit.id.kind != "pairing_profile" || !edit.body)
            continue;
        auto profile = parse_profile(edit.id.name, *edit.body);
        if (!profile)
            return std::unexpected(profile.error());
        profile->tokens.clear();
        if (const auto present = profile_at(edit.id.name))
            profile->tokens = present->tokens;
        edit.body = to_json(*profile);
    }
    return out;
}

// Findings about the rule sets that are written, in the light of the whole draft.
std::vector<Fault> Controller::Impl::warnings_for(const store::Change& change,
                                                  const std::optional<model::Policy>& draft) const {
    if (!draft)
        return {};
    model::Policy looked_at = *draft;
    std::erase_if(looked_at.rule_sets, [&](const model::RuleSet& set) {
        return std::ranges::none_of(change.edits, [&](const store::Edit& edit) {
            return edit.id.kind == "rule_set" && edit.id.name == set.name;
        });
    });
    if (looked_at.rule_sets.empty())
        return {};
    auto faults = faults_of(policy::check(looked_at, options.wall()));
    std::erase_if(faults, [](const Fault& fault) { return fault.object.kind != "rule_set"; });
    for (auto& fault : faults)
        fault.warning = true; // an error of the active version is told by provisioning
    return faults;
}

Fleets::Edit Controller::Impl::inverse_of(const Policies::Step& step) const {
    Fleets::Edit out;
    for (const auto& workload : step.puts)
        if (const auto* before = policies.workload(workload.name))
            out.puts.push_back(*before);
        else
            out.removed.push_back(workload.name);
    for (const auto& name : step.removed)
        out.puts.push_back(*policies.workload(name));
    return out;
}

Result<Changed> Controller::Impl::change(const store::Change& given, bool dry_run) {
    const auto change = completed(given);
    if (!change)
        return std::unexpected(change.error());
    const auto earlier = store->earlier(*change);
    if (!earlier)
        return std::unexpected(from(earlier.error()));
    if (*earlier)
        return Changed{**earlier, {}};
    auto step = policies.step(change->edits);
    if (!step)
        return std::unexpected(step.error());
    auto warnings = warnings_for(*change, step->draft);
    if (dry_run) {
        auto tried = commit_dry(*change, *step);
        if (tried)
            tried->warnings = std::move(warnings);
        return tried;
    }
    auto done = commit(*change, std::move(*step));
    if (done)
        done->warnings = std::move(warnings);
    return done;
}

// What would come of it: computed and undone, and never written.
Result<Changed> Controller::Impl::commit_dry(const store::Change& change,
                                             const Policies::Step& step) {
    if (!step.puts.empty() || !step.removed.empty()) {
        const auto inverse = inverse_of(step);
        if (auto computed = fleets.edit({step.puts, step.removed}, inverse); !computed)
            return std::unexpected(computed.error());
        fleets.undo(inverse);
    }
    auto receipt = store->preview(change);
    if (!receipt)
        return std::unexpected(from(receipt.error()));
    return Changed{std::move(*receipt), {}};
}

Result<Changed> Controller::Impl::commit(const store::Change& change, Policies::Step step) {
    const bool acts = !step.puts.empty() || !step.removed.empty();
    const auto inverse = inverse_of(step);
    std::optional<Fleets::Computed> computed;
    if (acts) {
        auto done = fleets.edit({step.puts, step.removed}, inverse);
        if (!done)
            return std::unexpected(done.error());
        computed = std::move(*done);
    }
    auto receipt = store->commit(change);
    if (!receipt) {
        if (acts)
            fleets.undo(inverse);
        return std::unexpected(from(receipt.error()));
    }
    for (const auto& name : step.removed)
        forget_agent(name);
    policies.take(std::move(step));
    if (computed)
        fleets.send(*computed, pending());
    ++counters.changes;
    tell_change(change, *receipt);
    return Changed{std::move(*receipt), {}};
}

void Controller::Impl::tell_change(const store::Change& change, const store::Receipt& receipt) {
    for (const auto& applied : receipt.edits) {
        if (applied.outcome == store::Outcome::unchanged)
            continue;
        const auto* kind = kind_of_store(applied.id.kind);
        events.publish("change", {{"kind", kind ? kind->document : applied.id.kind},
                                  {"name", applied.id.name},
                                  {"outcome", store::name(applied.outcome)},
                                  {"revision", applied.revision},
                                  {"actor", change.by.actor}});
    }
}

} // namespace ringwall::core
