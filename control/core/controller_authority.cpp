// The CA is replaced while everybody stays connected: announce, switch, retire.
#include <boost/json/object.hpp>
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

} // namespace

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

// The file first: an entry of the log would say what never was if the disk were full then.
Result<void> Controller::Impl::keep_authority(const store::Author& by, RotationStep step,
                                              pki::Authority next) {
    auto before = enrolment.authority();
    const auto edit = entry(step, next);
    if (auto kept = enrolment.replace(std::move(next)); !kept)
        return kept;
    auto logged = store->commit({by, {edit}});
    if (logged)
        return {};
    if (auto undone = enrolment.replace(std::move(before)); !undone)
        spdlog::error("the step {} of the CA's rotation is done, but stands in no audit log: {}",
                      name(step), undone.error().message);
    return std::unexpected(from(logged.error()));
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
