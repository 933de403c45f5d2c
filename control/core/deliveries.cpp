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

void Deliveries::send(const compute::Fleet& fleet, const compute::Change& change,
                      std::chrono::seconds confirm_within,
                      const std::function<bool(const std::string&)>& takes) {
    const auto revision = ledger_.next_revision();
    for (const auto& host : change.hosts) {
        if (!is_live(hub_, host.host) || !takes(host.host))
            continue;
        if (host.policy)
            send_policy(fleet, host.host, revision, confirm_within);
        if (host.inventory)
            send_inventory(fleet, host.host, revision);
    }
    for (const auto& host : change.joined)
        if (is_live(hub_, host) && takes(host)) {
            send_policy(fleet, host, revision, confirm_within);
            send_inventory(fleet, host, revision);
        }
}

void Deliveries::send_all(const compute::Fleet& fleet, const std::string& agent,
                          std::chrono::seconds confirm_within) {
    const auto revision = ledger_.next_revision();
    send_policy(fleet, agent, revision, confirm_within);
    send_inventory(fleet, agent, revision);
}

void Deliveries::send_policy(const compute::Fleet& fleet, const std::string& agent,
                             std::uint64_t revision, Within confirm_within) {
    const auto policy = fleet.policy(agent);
    if (!policy)
        return;
    const auto release = signed_release(numbered(*policy, revision));
    if (!release)
        return;
    auto& sent = sent_[agent];
    sent.policy = revision;
    sent.provisioned = policy->version();
    ++counters_.policies;
    hub_.offer_policy(agent, release, confirm_within);
}

void Deliveries::send_inventory(const compute::Fleet& fleet, const std::string& agent,
                                std::uint64_t revision) {
    auto inventory = fleet.inventory(agent);
    if (!inventory)
        return;
    inventory->set_revision(revision);
    sent_[agent].inventory = revision;
    ++counters_.inventories;
    hub_.offer_inventory(agent, release_of(*inventory));
}

void Deliveries::greet(const compute::Fleet& fleet, const std::string& agent,
                       const v1::Hello& hello, std::chrono::seconds confirm_within) {
    ledger_.raise_above(std::max(hello.policy().version(), hello.inventory().version()));
    const auto revision = ledger_.next_revision();
    const auto policy = fleet.policy(agent);
    auto inventory = fleet.inventory(agent);
    if (!policy || !inventory)
        return;
    auto& sent = sent_[agent];
    const auto same = numbered(*policy, hello.policy().version());
    if (wire::same(wire::holding(same), hello.policy())) {
        sent.policy = hello.policy().version();
        sent.provisioned = policy->version();
        if (const auto release = signed_release(same))
            hub_.offer_policy(agent, release, confirm_within);
    } else {
        send_policy(fleet, agent, revision, confirm_within);
    }
    inventory->set_revision(hello.inventory().version());
    if (wire::same(wire::holding(*inventory), hello.inventory())) {
        sent.inventory = hello.inventory().version();
        hub_.offer_inventory(agent, release_of(*inventory));
    } else {
        send_inventory(fleet, agent, revision);
    }
}

const Deliveries::Sent* Deliveries::sent(std::string_view agent) const {
    const auto found = sent_.find(agent);
    return found == sent_.end() ? nullptr : &found->second;
}

} // namespace ringwall::core
