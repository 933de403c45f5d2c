// The CA is replaced while everybody stays connected: announce, switch, retire.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <spdlog/spdlog.h>

#include "control/core/controller_impl.h"

namespace ringwall::core {
namespace {

// For the audit log: the step, and the CAs that are trusted from then on.
store::Edit entry(RotationStep step, const pki::Authority& authority) {
    boost::json::object authorities;
    const auto& records = authority.state().authorities;
    for (std::size_t i = 0; i < records.size(); ++i)
        authorities[name(records[i].phase)] = authority.roots()[i].fingerprint;
    return {{"authority", "rotation"},
            boost::json::object{{"step", name(step)},
                                {"bundle", authority.state().bundle},
                                {"authorities", std::move(authorities)}},
            {}};
}

// What the log is to say of a step, while file and log do not agree: a controller that is killed
// between the two writes it at its next start.
constexpr const char* unlogged_kind = "authority";

store::Memory unlogged(const store::Author& by, RotationStep step, const store::Edit& entry) {
    const boost::json::object text{{"step", name(step)},
                                   {"actor", by.actor},
                                   {"origin", by.origin},
                                   {"time_ns", by.time_ns},
                                   {"entry", *entry.body}};
    return {unlogged_kind, the_only, boost::json::serialize(text)};
}

} // namespace

// Steps that were not taken are forgotten, those that stand in the log as well.
Result<void> Controller::Impl::log_unlogged_step() {
    const auto memories = store->memories(unlogged_kind);
    if (!memories)
        return std::unexpected(from(memories.error()));
    if (memories->empty())
        return {};
    const auto told = boost::json::parse(*memories->front().text);
    const auto step = parse_rotation_step(std::string_view(told.at("step").as_string()));
    const auto edit = entry(step.value_or(RotationStep::announce), enrolment.authority());
    const auto last = store->object(edit.id);
    const bool logged = last && boost::json::parse(last->body) == *edit.body;
    if (told.at("entry") == *edit.body && !logged) {
        const store::Author by{boost::json::value_to<std::string>(told.at("actor")),
                               boost::json::value_to<std::string>(told.at("origin")),
                               told.at("time_ns").to_number<std::int64_t>(),
                               {}};
        if (auto done = store->commit({by, {edit}}); !done)
            return std::unexpected(from(done.error()));
    }
    return forget_unlogged_step();
}

Result<void> Controller::Impl::forget_unlogged_step() const {
    if (auto done = store->remember({{unlogged_kind, the_only, {}}}); !done)
        return std::unexpected(from(done.error()));
    return {};
}

TrustHeld Controller::Impl::trust_of(const std::string& agent) const {
    const auto* state = hub.state(agent);
    if (!state)
        return {};
    return {state->trust, state->issuer, state->presence != fleet::Presence::silent};
}

TrustByAgent Controller::Impl::trust_by_agent() const {
    TrustByAgent out;
    for (const auto& [name, record] : records_)
        if (record.revoked.empty())
            out[name] = trust_of(name);
    return out;
}

Rotation Controller::Impl::rotation() const {
    return rotation_of(enrolment.authority(), trust_by_agent(), now_seconds());
}

Result<Rotation> Controller::Impl::rotate(const store::Author& by, RotationStep step,
                                          bool dry_run) {
    auto next = enrolment.authority();
    const auto agents = trust_by_agent();
    if (auto done = take_step(next, step, agents, now_seconds()); !done)
        return std::unexpected(done.error());
    if (dry_run)
        return rotation_of(next, agents, now_seconds());
    if (auto kept = keep_authority(by, step, std::move(next)); !kept)
        return std::unexpected(kept.error());
    if (options.authority_changed)
        options.authority_changed();
    for (const auto& [agent, held] : agents)
        renew_if_behind(agent);
    return rotation();
}

// The file before the log: an entry would say what never was if the disk were full then.
Result<void> Controller::Impl::keep_authority(const store::Author& by, RotationStep step,
                                              pki::Authority next) {
    auto before = enrolment.authority();
    const auto edit = entry(step, next);
    if (auto noted = store->remember({unlogged(by, step, edit)}); !noted)
        return std::unexpected(from(noted.error()));
    auto kept = enrolment.replace(std::move(next));
    const auto logged = kept ? store->commit({by, {edit}}) : store::Result<store::Receipt>();
    if (kept && !logged) {
        kept = std::unexpected(from(logged.error()));
        if (auto undone = enrolment.replace(std::move(before)); !undone) {
            spdlog::error("the step {} of the CA's rotation is done, and stands in the audit log "
                          "after the next start only: {}",
                          name(step), undone.error().message);
            return kept;
        }
    }
    if (auto forgotten = forget_unlogged_step(); !forgotten)
        spdlog::warn("{}", forgotten.error().message); // the next start sees that it is settled
    return kept;
}

void Controller::Impl::renew_if_behind(const std::string& agent) {
    const auto* state = hub.state(agent);
    if (!state || !state->live || !lags(enrolment.authority(), trust_of(agent)))
        return;
    v1::Command renew;
    renew.mutable_renew();
    tell(agent, std::move(renew), [agent](const v1::CommandResult& result) {
        if (!result.ok())
            spdlog::warn("{} does not take over the new CA yet: {}", agent, result.sentence());
    });
}

} // namespace ringwall::core
