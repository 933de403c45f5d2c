// A draft that is staged: agents judge it beside what they enforce, and report what it would
// change.
#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "control/core/controller_impl.h"

namespace ringwall::core {
namespace {

constexpr const char* staging_kind = "staging"; // of the object, and of what is remembered
constexpr const char* last = "last";            // the number that was given last

// What was reviewed is what is staged.
Result<void> reviewed(const StageRequest& request, const ProvisionPlan& plan,
                      std::uint64_t newest) {
    if (request.base && *request.base != newest)
        return fail(Errc::conflict,
                    fmt::format("version {} is the newest, not {} as reviewed; look at the "
                                "difference again and repeat",
                                newest, *request.base));
    for (const auto& selected : request.selection.value_or(std::vector<store::Selected>{})) {
        const auto found = std::ranges::find(plan.changes, selected.id, &store::ObjectChange::id);
        if (found != plan.changes.end() && selected.revision &&
            *selected.revision != found->revision)
            return fail(Errc::stale,
                        fmt::format("the draft of {} is at revision {}, not at {} as reviewed; "
                                    "look at the difference again and repeat",
                                    selected.id.text(), found->revision, *selected.revision));
    }
    return {};
}

} // namespace

void Controller::Impl::tell_staging(const char* what, const std::string& actor,
                                    const std::string& agent) {
    boost::json::object content{{"number", staged->number}, {"what", what}};
    if (!actor.empty())
        content["actor"] = actor;
    if (!agent.empty())
        content["agent"] = agent;
    events.publish("staging", content);
}

Result<std::vector<store::Object>>
Controller::Impl::staged_contents(const StagedDraft& draft) const {
    auto base = all_contents(*store, draft.base);
    if (!base)
        return base;
    return applied(std::move(*base), draft.changes);
}

// What is staged, computed as if it were new; after another one could not be kept.
Result<Fleets::Computed> Controller::Impl::stage_again() {
    if (!staged)
        return fleets.unstage();
    const auto contents = staged_contents(*staged);
    if (!contents)
        return std::unexpected(contents.error());
    const auto policy = policies.of(*contents);
    if (!policy)
        return std::unexpected(policy.error());
    return fleets.stage(*policy, staged->number);
}

// It enforces nothing, so no damage of it keeps the controller from starting.
void Controller::Impl::load_staging() {
    const auto object = store->object({staging_kind, the_only});
    if (!object)
        return;
    auto draft = parse_staged(object->body);
    if (!draft)
        return spdlog::error("{}", draft.error().message);
    staged = std::move(*draft);
    impacts.begin(staged->number);
    if (const auto ready = stage_again(); !ready) {
        spdlog::error("staging {} cannot go on, stage it again: {}", staged->number,
                      ready.error().message);
        staged.reset();
        impacts.begin(0);
    }
}

Result<std::uint64_t> Controller::Impl::next_staging_number() const {
    const auto memories = store->memories(staging_kind);
    if (!memories)
        return std::unexpected(from(memories.error()));
    std::uint64_t number = 0;
    for (const auto& memory : *memories)
        if (memory.name == last)
            number = std::stoull(*memory.text);
    ++number;
    if (auto kept = store->remember({{staging_kind, last, std::to_string(number)}}); !kept)
        return std::unexpected(from(kept.error()));
    return number;
}

// An agent that goes back by itself takes back its rules, not its inventory: old rules would meet
// identities that they do not name.
Result<void> Controller::Impl::may_renumber(const Fleets::Computed& computed) const {
    if (pending().version == 0 || !computed.renumbers())
        return {};
    return fail(Errc::busy,
                fmt::format("version {} waits for its confirmation, and the staged draft names "
                            "workloads that no rule in force names, which would renumber "
                            "identities in between; confirm or abort the version first",
                            rollout->version));
}

// With its audit record. What is computed already is undone where it cannot be kept. The key of a
// repeated request is not looked at: each staging has its own number.
Result<void> Controller::Impl::keep_staging(const store::Author& by,
                                            const std::optional<StagedDraft>& draft,
                                            const Fleets::Computed& computed) {
    auto may = may_renumber(computed);
    if (may)
        may = write_staging(by, draft);
    if (may)
        return {};
    if (auto back = stage_again(); !back)
        spdlog::critical("what is staged is not what agents are given, restart the controller: {}",
                         back.error().message);
    return may;
}

Result<void> Controller::Impl::write_staging(const store::Author& by,
                                             const std::optional<StagedDraft>& draft) const {
    store::Author author = by;
    author.idempotency_key.clear();
    store::Edit edit{{staging_kind, the_only}, {}, {}};
    if (draft)
        edit.body = to_json(*draft);
    if (auto kept = store->commit({author, {edit}}); !kept)
        return std::unexpected(from(kept.error()));
    return {};
}

Result<Controller::Impl::Next> Controller::Impl::next_staging(const StageRequest& request) const {
    const auto newest = store->newest();
    if (!newest)
        return std::unexpected(from(newest.error()));
    auto next = next_version({.by = request.by, .selection = request.selection});
    if (!next)
        return next;
    if (auto good = reviewed(request, next->plan, *newest); !good)
        return std::unexpected(good.error());
    if (next->plan.changes.empty())
        return fail(Errc::nothing, request.selection
                                       ? "nothing to stage: none of the selected objects differs "
                                         "from the active version"
                                       : "nothing to stage: the draft is the active version");
    return next;
}

Result<Staged> Controller::Impl::stage(const StageRequest& request, bool dry_run) {
    auto next = next_staging(request);
    if (!next)
        return std::unexpected(next.error());
    if (!dry_run)
        return stage(std::move(*next), request);
    auto agents = fleets.concerned(policies.active(), next->policy);
    if (!agents)
        return std::unexpected(agents.error());
    std::erase_if(*agents, [&](const auto& agent) { return !hub.knows(agent); });
    next->plan.agents = std::move(*agents);
    return Staged{0, std::move(next->plan)};
}

// Computed before it is stored, and sent after it.
Result<Staged> Controller::Impl::stage(Next next, const StageRequest& request) {
    const auto number = next_staging_number();
    if (!number)
        return std::unexpected(number.error());
    const auto base = store->newest();
    if (!base)
        return std::unexpected(from(base.error()));
    auto computed = fleets.stage(next.policy, *number);
    if (!computed)
        return std::unexpected(computed.error());
    StagedDraft draft{.number = *number,
                      .base = *base,
                      .changes = next.plan.changes,
                      .actor = request.by.actor,
                      .note = request.note,
                      .since_ns = options.wall()};
    if (auto kept = keep_staging(request.by, draft, *computed); !kept)
        return std::unexpected(kept.error());
    staged = std::move(draft);
    impacts.begin(staged->number);
    fleets.send(*computed, pending());
    tell_staging("staged", request.by.actor);
    next.plan.agents.assign(fleets.staged_for().begin(), fleets.staged_for().end());
    return Staged{*number, std::move(next.plan)};
}

Result<void> Controller::Impl::unstage(const store::Author& by) {
    if (!staged)
        return fail(Errc::not_found, "nothing is staged; 'ringwall stage' stages the draft");
    const auto computed = fleets.unstage();
    if (!computed)
        return std::unexpected(computed.error());
    if (auto kept = keep_staging(by, {}, *computed); !kept)
        return kept;
    end_staging("unstaged", by.actor);
    fleets.send(*computed, pending());
    return {};
}

void Controller::Impl::end_staging(const char* what, const std::string& actor) {
    tell_staging(what, actor);
    staged.reset();
    impacts.begin(0);
}

// What is in force needs no staging any more. `computed` is what made it so, and not yet sent.
void Controller::Impl::end_staging_if_active(std::uint64_t version, Fleets::Computed& computed) {
    if (!staged)
        return;
    const auto contents = staged_contents(*staged), active = all_contents(*store, version);
    if (!contents || !active || !same_contents(*contents, *active))
        return;
    auto ended = fleets.unstage();
    if (!ended)
        return spdlog::error("{}", ended.error().message);
    if (auto kept = write_staging(myself(), {}); !kept)
        spdlog::error("staging {} has ended, and would come back with a restart: {}",
                      staged->number, kept.error().message);
    end_staging("provisioned", {});
    computed.add(std::move(*ended));
}

std::optional<StagingState> Controller::Impl::staging() const {
    if (!staged)
        return std::nullopt;
    StagingState out{staged->number,   staged->actor,   staged->note,
                     staged->since_ns, staged->changes, {}};
    for (const auto& agent : fleets.staged_for()) {
        const auto said = impacts.all().find(agent);
        const auto trouble = said == impacts.all().end() ? "" : said->second.trouble();
        out.agents.push_back({agent, said != impacts.all().end() && trouble.empty(), trouble});
    }
    for (const auto& [agent, sentence] : fleets.staged_refused())
        out.agents.push_back({agent, false, sentence});
    std::ranges::sort(out.agents, {}, &StagingState::Reporter::agent);
    return out;
}

} // namespace ringwall::core
