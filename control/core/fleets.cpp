#include "control/core/fleets.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "control/core/document.h"

namespace ringwall::core {

// The message begins with the place, "RuleSet/payments#/spec/rules/0: ".
Error from(const compute::Error& error) {
    const auto end = error.message.find(": ");
    const bool placed = end != std::string::npos && error.message.find('#') < end;
    auto sentence = placed ? error.message.substr(end + 2) : error.message;
    auto fault = fault_at(placed ? std::string_view(error.message).substr(0, end) : "", sentence);
    const auto code =
        error.code == compute::Errc::unknown_workload ? Errc::not_found : Errc::invalid;
    return {code, std::move(sentence), {std::move(fault)}};
}

Fleets::Fleets(fleet::Hub& hub, Ledger& ledger, pki::PrivateKey signing_key)
    : hub_(hub), ledger_(ledger), deliveries_(hub, ledger, std::move(signing_key)) {}

Result<compute::Fleet> Fleets::compiled(const model::Policy& policy, std::uint64_t version) const {
    auto fleet = compute::Fleet::load(
        compute::Inventory::visible, policy, version, 0,
        [ledger = &ledger_](const compute::IdentityKey& key) { return ledger->number(key); });
    if (!fleet)
        return std::unexpected(from(fleet.error()));
    if (auto saved = ledger_.save(); !saved)
        return std::unexpected(saved.error());
    return std::move(*fleet);
}

Result<void> Fleets::load(const model::Policy& active, std::uint64_t version) {
    auto fleet = compiled(active, version);
    if (!fleet)
        return std::unexpected(fleet.error());
    active_ = std::move(*fleet);
    return {};
}

Result<void> Fleets::prepare(const model::Policy& policy, std::uint64_t version) {
    auto fleet = compiled(policy, version);
    if (!fleet)
        return std::unexpected(fleet.error());
    next_ = std::move(*fleet);
    return {};
}

Result<Fleets::Computed> Fleets::edit(const Edit& wanted, const Edit& inverse) {
    auto active = active_->edit(wanted.puts, wanted.removed);
    if (!active)
        return std::unexpected(from(active.error()));
    Computed out{std::move(*active), {}};
    if (next_) {
        auto next = next_->edit(wanted.puts, wanted.removed);
        if (!next) {
            undo(*active_, inverse);
            return std::unexpected(from(next.error()));
        }
        out.next = std::move(*next);
    }
    if (auto saved = ledger_.save(); !saved) {
        undo(inverse);
        return std::unexpected(saved.error());
    }
    return out;
}

void Fleets::undo(const Edit& inverse) {
    undo(*active_, inverse);
    if (next_)
        undo(*next_, inverse);
}

// It was valid a moment ago.
void Fleets::undo(compute::Fleet& fleet, const Edit& inverse) {
    if (const auto back = fleet.edit(inverse.puts, inverse.removed); !back)
        spdlog::critical("an edit cannot be undone, restart the controller: {}",
                         back.error().message);
}

Result<Fleets::Computed> Fleets::provision(const model::Policy& policy, std::uint64_t version) {
    auto change = active_->provision(policy, version);
    if (!change)
        return std::unexpected(from(change.error()));
    if (auto saved = ledger_.save(); !saved)
        return std::unexpected(saved.error());
    return Computed{std::move(*change), {}};
}

void Fleets::send(const Computed& computed, const Pending& pending) {
    deliveries_.send(*active_, computed.active, within(*active_, pending),
                     [this](const std::string& agent) { return !first_.contains(agent); });
    if (computed.next && next_)
        deliveries_.send(*next_, *computed.next, within(*next_, pending),
                         [this](const std::string& agent) { return first_.contains(agent); });
}

void Fleets::begin(std::set<std::string> first, const Pending& pending) {
    first_ = std::move(first);
    for (const auto& agent : first_)
        send_all(agent, pending);
}

// The first have it already.
Result<Fleets::Computed> Fleets::proceed(const model::Policy& policy) {
    auto change = active_->provision(policy, next_->version());
    if (!change)
        return std::unexpected(from(change.error()));
    next_.reset();
    const auto have = std::exchange(first_, {});
    std::erase_if(change->hosts, [&](const auto& host) { return have.contains(host.host); });
    return Computed{std::move(*change), {}};
}

void Fleets::retreat() {
    next_.reset();
    for (const auto& agent : std::exchange(first_, {})) {
        if (const auto* sent = deliveries_.sent(agent))
            hub_.roll_back(agent, sent->policy);
        deliveries_.send_all(*active_, agent, {});
    }
}

Result<std::vector<std::string>> Fleets::concerned(const model::Policy& active,
                                                   const model::Policy& policy) const {
    auto trial = compiled(active, 0);
    if (!trial)
        return std::unexpected(trial.error());
    const auto change = trial->provision(policy, 1);
    if (!change)
        return std::unexpected(from(change.error()));
    std::vector<std::string> out;
    for (const auto& host : change->hosts)
        if (host.policy)
            out.push_back(host.host);
    return out;
}

const compute::Fleet& Fleets::of(const std::string& agent) const {
    return next_ && first_.contains(agent) ? *next_ : *active_;
}

std::chrono::seconds Fleets::within(const compute::Fleet& fleet, const Pending& pending) {
    return fleet.version() == pending.version ? pending.within : std::chrono::seconds{};
}

void Fleets::greet(const std::string& agent, const v1::Hello& hello, const Pending& pending) {
    const auto& fleet = of(agent);
    deliveries_.greet(fleet, agent, hello, within(fleet, pending));
}

void Fleets::send_all(const std::string& agent, const Pending& pending) {
    const auto& fleet = of(agent);
    deliveries_.send_all(fleet, agent, within(fleet, pending));
}

void Fleets::tell(void (fleet::Hub::*verdict)(const std::string&, std::uint64_t)) {
    for (const auto& [agent, state] : hub_.states())
        if (const auto* sent = deliveries_.sent(agent))
            (hub_.*verdict)(agent, sent->policy);
}

void Fleets::replace(std::uint64_t version) {
    for (const auto& [agent, state] : hub_.states())
        if (const auto* sent = deliveries_.sent(agent);
            sent && sent->provisioned == version && state->live)
            deliveries_.send_all(*active_, agent, {});
}

void Fleets::confirm() {
    tell(&fleet::Hub::confirm);
}

void Fleets::roll_back() {
    tell(&fleet::Hub::roll_back);
}

} // namespace ringwall::core
