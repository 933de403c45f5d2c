// A version on its way: confirmed, pushed on, or taken back.
#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "control/core/controller_impl.h"

namespace ringwall::core {
namespace {

constexpr const char* rollout_kind = "rollout";
constexpr std::chrono::seconds retry{5};

} // namespace

void Controller::Impl::begin_rollout(RolloutState state) {
    state.began_ns = options.wall();
    rollout = std::move(state);
    remember_rollout();
}

// The state is only a memory of what the versions in the store and the agents' own deadlines
// decide, so a full disk here stops nothing.
void Controller::Impl::remember_rollout() {
    const std::vector<store::Memory> memories{{rollout_kind, the_only, to_json(*rollout)}};
    if (auto kept = store->remember(memories); !kept)
        spdlog::error("the state of version {} is not kept: {}", rollout->version,
                      kept.error().message);
    if (options.wake)
        options.wake();
    events.publish("rollout", {{"version", rollout->version},
                               {"phase", name(rollout->phase)},
                               {"reason", rollout->reason}});
}

void Controller::Impl::close_rollout(Phase phase, const std::string& reason) {
    rollout->phase = phase;
    rollout->deadline_ns = 0;
    rollout->reason = reason;
    remember_rollout();
}

Result<void> Controller::Impl::record(const store::Author& by, const std::string& what) {
    const store::ObjectId id{"rollout", std::to_string(rollout->version)};
    const boost::json::object body{{"decision", what}};
    if (auto kept = store->commit({by, {{id, body, {}}}}); !kept)
        return std::unexpected(from(kept.error()));
    return {};
}

Result<RolloutState> Controller::Impl::confirm(const store::Author& by) {
    if (!rollout || rollout->phase != Phase::waiting)
        return fail(
            Errc::conflict,
            rollout && rollout->phase == Phase::canary
                ? fmt::format("version {} is only on its first agents; let it proceed first",
                              rollout->version)
                : std::string("no version waits for a confirmation"));
    if (auto kept = record(by, "confirmed"); !kept)
        return std::unexpected(kept.error());
    fleets.confirm();
    close_rollout(Phase::confirmed, {});
    return *rollout;
}

Result<RolloutState> Controller::Impl::proceed(const store::Author& by) {
    if (!rollout || rollout->phase != Phase::canary)
        return fail(Errc::conflict, "no version is on its first agents only");
    const auto contents = all_contents(*store, rollout->version);
    if (!contents)
        return std::unexpected(contents.error());
    auto policy = policies.of(*contents);
    if (!policy)
        return std::unexpected(policy.error());
    if (auto kept = record(by, "proceeds"); !kept)
        return std::unexpected(kept.error());
    auto computed = fleets.proceed(*policy, policies.active());
    if (!computed)
        return std::unexpected(computed.error());
    policies.activate(std::move(*policy));
    end_staging_if_active(rollout->version, *computed);
    const auto within = rollout->confirm_within_ns;
    rollout->phase = within ? Phase::waiting : Phase::confirmed;
    rollout->deadline_ns = within ? options.wall() + within : 0;
    remember_rollout();
    fleets.send(*computed, pending());
    return *rollout;
}

Result<RolloutState> Controller::Impl::abort(const store::Author& by, const std::string& reason) {
    if (!rollout || !rollout->open())
        return fail(Errc::conflict, "no version is on its way that could be taken back");
    if (auto done = take_back(by, reason.empty() ? by.actor + " took it back" : reason); !done)
        return std::unexpected(done.error());
    return *rollout;
}

// The content of the version before becomes the newest version; the draft stays what people wrote.
Result<void> Controller::Impl::take_back(const store::Author& by, const std::string& reason) {
    const auto contents = all_contents(*store, rollout->previous);
    if (!contents)
        return std::unexpected(contents.error());
    auto policy = policies.of(*contents);
    if (!policy)
        return std::unexpected(policy.error());
    const auto note = fmt::format("version {} was taken back: {}", rollout->version, reason);
    const auto version = store->rollback(
        {.by = by, .to = rollout->previous, .note = note, .base = {}, .keep_draft = true});
    if (!version)
        return std::unexpected(from(version.error()));
    if (rollout->phase == Phase::canary)
        fleets.retreat();
    else
        fleets.roll_back();
    auto computed = fleets.provision(*policy, version->number, policies.active());
    if (!computed)
        return std::unexpected(computed.error());
    policies.activate(std::move(*policy));
    end_staging_if_active(version->number, *computed);
    ++counters.taken_back;
    close_rollout(Phase::taken_back, reason);
    fleets.send(*computed, {});
    fleets.replace(rollout->version);
    tell_version(*version);
    notice("rollout_taken_back", std::to_string(rollout->version), note);
    return {};
}

void Controller::Impl::judge_soon() {
    judge_soon_ = true;
    if (options.wake)
        options.wake();
}

void Controller::Impl::judge_rollout() {
    judge_soon_ = false;
    const auto now = options.wall();
    const auto reason = rollout && now >= not_before_ns_ ? stop_reason(*rollout, now) : "";
    if (reason.empty())
        return;
    spdlog::warn("version {} is taken back: {}", rollout->version, reason);
    if (auto done = take_back(myself(), reason); !done) {
        spdlog::error("version {} cannot be taken back, tried again in {} s: {}", rollout->version,
                      retry.count(), done.error().message);
        not_before_ns_ = now + std::chrono::nanoseconds(retry).count();
    }
}

std::optional<std::chrono::milliseconds> Controller::Impl::judgement_due() const {
    using std::chrono::milliseconds;
    const auto now = options.wall();
    if (!rollout || !rollout->open() || (rollout->deadline_ns == 0 && !judge_soon_))
        return std::nullopt;
    const auto due =
        std::max(judge_soon_ || !stop_reason(*rollout, now).empty() ? now : rollout->deadline_ns,
                 not_before_ns_);
    return options.steady() + milliseconds(std::max<std::int64_t>(due - now, 0) / 1'000'000 + 1);
}

Result<void> Controller::Impl::freeze(const store::Author& by, const std::string& reason) {
    store::Edit edit{{"freeze", the_only}, {}, {}};
    if (!reason.empty())
        edit.body = boost::json::object{{"reason", reason}};
    else if (frozen.empty())
        return {};
    if (auto kept = store->commit({by, {edit}}); !kept)
        return std::unexpected(from(kept.error()));
    frozen = reason;
    return {};
}

} // namespace ringwall::core
