#include "control/core/fleets.h"

#include <algorithm>
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

namespace {

Error staged_refuses(const compute::Error& error) {
    auto out = from(error);
    out.message = "the staged draft does not bear it (" + out.message +
                  "); stage another one, or none with 'ringwall unstage'";
    return out;
}

} // namespace

Fleets::Fleets(fleet::Hub& hub, Ledger& ledger, pki::PrivateKey signing_key)
    : hub_(hub), ledger_(ledger), deliveries_(hub, ledger, std::move(signing_key)) {}

Result<compute::Fleet> Fleets::compiled(const model::Policy& policy, std::uint64_t version) const {
    std::optional<model::Policy> seen;
    if (!hidden_.empty()) {
        seen = policy;
        seen->workloads = as_seen(std::move(seen->workloads));
    }
    auto fleet = compute::Fleet::load(
        compute::Inventory::visible, seen ? *seen : policy, version, 0,
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

Result<Fleets::Computed> Fleets::prepare(const model::Policy& policy, std::uint64_t version) {
    auto fleet = compiled(policy, version);
    if (!fleet)
        return std::unexpected(fleet.error());
    next_ = std::move(*fleet);
    Computed out;
    if (auto aligned = align(out); !aligned)
        return std::unexpected(aligned.error());
    return out;
}

Result<Fleets::Computed> Fleets::edit(const Edit& wanted, const Edit& inverse) {
    Computed out;
    std::vector<compute::Fleet*> done;
    for (const auto& [fleet, changes] :
         {std::pair{&active_, &out.active}, std::pair{&next_, &out.next},
          std::pair{&staged_, &out.staged}}) {
        if (!*fleet)
            continue;
        auto change = (*fleet)->edit(as_seen(wanted.puts), wanted.removed);
        if (!change) {
            for (auto* edited : done)
                undo(*edited, inverse);
            return std::unexpected(fleet == &staged_ ? staged_refuses(change.error())
                                                     : from(change.error()));
        }
        changes->push_back(std::move(*change));
        done.push_back(&**fleet);
    }
    if (auto saved = ledger_.save(); !saved) {
        undo(inverse);
        return std::unexpected(saved.error());
    }
    return out;
}

void Fleets::undo(const Edit& inverse) {
    for (auto* fleet : {&active_, &next_, &staged_})
        if (*fleet)
            undo(**fleet, inverse);
}

std::vector<model::Workload> Fleets::as_seen(std::vector<model::Workload> workloads) const {
    for (auto& workload : workloads)
        if (hidden_.contains(workload.name))
            workload.addresses.clear();
    return workloads;
}

Result<Fleets::Computed> Fleets::hide(const model::Workload& workload, bool hidden) {
    const auto before = hidden_;
    if (hidden)
        hidden_.insert(workload.name);
    else
        hidden_.erase(workload.name);
    auto out = edit({{workload}, {}}, {{workload}, {}});
    if (!out)
        hidden_ = before;
    return out;
}

// It was valid a moment ago.
void Fleets::undo(compute::Fleet& fleet, const Edit& inverse) const {
    if (const auto back = fleet.edit(as_seen(inverse.puts), inverse.removed); !back)
        spdlog::critical("an edit cannot be undone, restart the controller: {}",
                         back.error().message);
}

Result<Fleets::Computed> Fleets::provision(const model::Policy& policy, std::uint64_t version,
                                           const model::Policy& former) {
    const auto before = active_->version();
    auto change = active_->provision(policy, version);
    if (!change)
        return std::unexpected(from(change.error()));
    Computed out;
    out.active.push_back(std::move(*change));
    if (auto aligned = align(out); !aligned) {
        back_to(former, before);
        return std::unexpected(aligned.error());
    }
    return out;
}

// What is in force stays when its numbers cannot be stored. It was valid a moment ago.
void Fleets::back_to(const model::Policy& former, std::uint64_t version) {
    if (const auto back = active_->provision(former, version); !back)
        spdlog::critical("version {} cannot be compiled again, restart the controller: {}", version,
                         back.error().message);
    Computed dropped;
    if (auto aligned = align(dropped); !aligned) // no number of it is new
        spdlog::error("{}", aligned.error().message);
}

void Fleets::begin(std::set<std::string> first, const Computed& prepared, const Pending& pending) {
    first_ = std::move(first);
    send(prepared, pending);
    for (const auto& agent : first_)
        send_all(agent, pending);
}

// The first have it already.
Result<Fleets::Computed> Fleets::proceed(const model::Policy& policy, const model::Policy& former) {
    const auto version = next_->version();
    auto next = std::exchange(next_, {});
    auto computed = provision(policy, version, former);
    if (!computed) {
        next_ = std::move(next);
        return computed;
    }
    const auto have = std::exchange(first_, {});
    computed->active.front().except(have);
    return computed;
}

void Fleets::retreat() {
    next_.reset();
    Computed back;
    if (auto aligned = align(back); !aligned)
        spdlog::error("{}", aligned.error().message);
    for (const auto& agent : std::exchange(first_, {})) {
        if (const auto* sent = deliveries_.sent(agent))
            hub_.roll_back(agent, sent->policy);
        send_all(agent, {});
    }
    send(back, {});
}

Result<Fleets::Computed> Fleets::stage(const model::Policy& policy, std::uint64_t number) {
    auto fleet = compiled(policy, number);
    if (!fleet)
        return std::unexpected(fleet.error());
    return put_staged(std::move(*fleet));
}

Result<Fleets::Computed> Fleets::unstage() {
    return put_staged({});
}

Result<Fleets::Computed> Fleets::put_staged(std::optional<compute::Fleet> fleet) {
    Computed out{.restaged = true}, dropped;
    auto before = std::exchange(staged_, std::move(fleet));
    if (auto aligned = align(out); !aligned) {
        staged_ = std::move(before);
        if (auto back = align(dropped); !back) // as it was; no number of it is new
            spdlog::error("{}", back.error().message);
        return std::unexpected(aligned.error());
    }
    staged_refused_.clear();
    return out;
}

Result<std::vector<std::string>> Fleets::concerned(const model::Policy& active,
                                                   const model::Policy& policy) const {
    auto trial = compiled(active, 0);
    if (!trial)
        return std::unexpected(trial.error());
    const auto change = trial->provision(policy, 1);
    if (!change)
        return std::unexpected(from(change.error()));
    return change->with_other_policy();
}

const compute::Fleet& Fleets::of(const std::string& agent) const {
    return next_ && first_.contains(agent) ? *next_ : *active_;
}

std::chrono::seconds Fleets::within(const compute::Fleet& fleet, const Pending& pending) {
    return fleet.version() == pending.version ? pending.within : std::chrono::seconds{};
}

void Fleets::greet(const std::string& agent, const v1::Hello& hello, const Pending& pending) {
    consider(agent);
    const auto from = sources(agent);
    deliveries_.greet(from, agent, hello, within(from.fleet, pending));
}

void Fleets::send_all(const std::string& agent, const Pending& pending) {
    consider(agent);
    const auto from = sources(agent);
    deliveries_.send_all(from, agent, within(from.fleet, pending));
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
            send_all(agent, {});
}

void Fleets::confirm() {
    tell(&fleet::Hub::confirm);
}

void Fleets::roll_back() {
    tell(&fleet::Hub::roll_back);
}

} // namespace ringwall::core
