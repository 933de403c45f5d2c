#include "control/core/deliveries.h"

#include <spdlog/spdlog.h>

#include "common/pki/signature.h"
#include "control/proto/delta.h"

namespace ringwall::core {
namespace {

fleet::ReleaseRef release_of(const v1::Inventory& inventory) {
    auto content = wire::canonical(inventory);
    auto hash = wire::content_hash(content);
    return std::make_shared<const fleet::Release>(
        fleet::Release{inventory.revision(), std::move(content), std::move(hash), {}, {}});
}

// People count provisions, agents count every change of what they enforce.
v1::Policy numbered(v1::Policy policy, std::uint64_t counter) {
    policy.set_provisioned(policy.version());
    policy.set_version(counter);
    return policy;
}

bool is_live(const fleet::Hub& hub, const std::string& agent) {
    const auto* state = hub.state(agent);
    return state && state->live;
}

} // namespace

fleet::ReleaseRef Deliveries::signed_release(const v1::Policy& policy) const {
    auto content = wire::canonical(policy);
    auto signature = pki::sign(key_, pki::policy_context, content);
    if (!signature) {
        spdlog::critical("a policy cannot be signed: {}", signature.error().message);
        return nullptr;
    }
    auto hash = wire::content_hash(content);
    return std::make_shared<const fleet::Release>(fleet::Release{
        policy.version(), std::move(content), std::move(hash), key_.public_key().id(), *signature});
}

void Deliveries::send(const Sources& from, const std::string& agent, const Halves& halves,
                      std::uint64_t revision, Within confirm_within) {
    if (is_live(hub_, agent))
        offer(from, agent, halves, revision, confirm_within);
}

void Deliveries::offer(const Sources& from, const std::string& agent, const Halves& halves,
                       std::uint64_t revision, Within confirm_within) {
    auto policy = halves.policy ? next_policy(from, agent, revision) : nullptr;
    auto inventory = halves.inventory ? next_inventory(from, agent, revision) : nullptr;
    if (policy && inventory)
        hub_.offer_both(agent, {std::move(policy), confirm_within, std::move(inventory),
                                halves.inventory_first});
    else if (policy)
        hub_.offer_policy(agent, std::move(policy), confirm_within);
    else if (inventory)
        hub_.offer_inventory(agent, std::move(inventory));
}

void Deliveries::send_all(const Sources& from, const std::string& agent, Within confirm_within) {
    offer(from, agent, {.policy = true, .inventory = true}, ledger_.next_revision(),
          confirm_within);
}

fleet::ReleaseRef Deliveries::next_policy(const Sources& from, const std::string& agent,
                                          std::uint64_t revision) {
    auto policy = policy_of(from, agent);
    if (!policy)
        return nullptr;
    const auto numbers = numbered(std::move(*policy), revision);
    auto release = signed_release(numbers);
    if (!release)
        return nullptr;
    auto& sent = sent_[agent];
    sent.policy = revision;
    sent.provisioned = numbers.provisioned();
    sent.staged = numbers.has_staged();
    ++counters_.policies;
    return release;
}

fleet::ReleaseRef Deliveries::next_inventory(const Sources& from, const std::string& agent,
                                             std::uint64_t revision) {
    auto inventory = inventory_of(from, agent);
    if (!inventory)
        return nullptr;
    inventory->set_revision(revision);
    sent_[agent].inventory = revision;
    ++counters_.inventories;
    return release_of(*inventory);
}

void Deliveries::greet(const Sources& from, const std::string& agent, const v1::Hello& hello,
                       Within confirm_within) {
    ledger_.raise_above(std::max(hello.policy().version(), hello.inventory().version()));
    const auto revision = ledger_.next_revision();
    const auto policy = policy_of(from, agent);
    auto inventory = inventory_of(from, agent);
    if (!policy || !inventory)
        return;
    auto& sent = sent_[agent];
    const auto same = numbered(*policy, hello.policy().version());
    if (wire::same(wire::holding(same), hello.policy())) {
        sent.policy = hello.policy().version();
        sent.provisioned = policy->version();
        sent.staged = policy->has_staged();
        if (const auto release = signed_release(same))
            hub_.offer_policy(agent, release, confirm_within);
        if (confirm_within.count() == 0) // what was said of it while it was away
            hub_.confirm(agent, hello.policy().version());
    } else {
        offer(from, agent, {.policy = true}, revision, confirm_within);
    }
    inventory->set_revision(hello.inventory().version());
    if (wire::same(wire::holding(*inventory), hello.inventory())) {
        sent.inventory = hello.inventory().version();
        hub_.offer_inventory(agent, release_of(*inventory));
    } else {
        offer(from, agent, {.inventory = true}, revision, confirm_within);
    }
}

const Deliveries::Sent* Deliveries::sent(std::string_view agent) const {
    const auto found = sent_.find(agent);
    return found == sent_.end() ? nullptr : &found->second;
}

} // namespace ringwall::core
