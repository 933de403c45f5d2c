#include "agent/held.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include "agent/files.h"
#include "common/pki/digest.h"
#include "common/pki/signature.h"
#include "control/proto/delta.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* state_file = "held.json";
constexpr std::size_t hash_digits = 16; // in a file's name

std::unexpected<HeldError> io_failed(std::string message) {
    return std::unexpected(HeldError{HeldErrc::io, std::move(message)});
}

std::string name_of(const char* half, const v1::Holding& holding) {
    return fmt::format("{}-{}-{}", half, holding.version(),
                       pki::hex(holding.hash()).substr(0, hash_digits));
}
std::string name_of(const PolicyRef& policy) {
    return policy ? name_of("policy", policy->holding) : std::string{};
}
std::string name_of(const InventoryRef& inventory) {
    return inventory ? name_of("inventory", inventory->holding) : std::string{};
}

std::set<std::uint32_t> known_identities(const v1::Inventory& inventory) {
    std::set<std::uint32_t> out;
    for (const auto& identity : inventory.identities())
        out.insert(identity.id());
    return out;
}

} // namespace

std::optional<std::uint32_t> missing_identity(const v1::Policy& policy,
                                              const v1::Inventory& inventory) {
    const auto known = known_identities(inventory);
    for (const auto& subject : policy.subjects()) {
        if (!known.contains(subject.identity()))
            return subject.identity();
        for (const auto& rule : subject.rules())
            for (const auto id : rule.peers().identities())
                if (!known.contains(id))
                    return id;
    }
    return std::nullopt;
}

v1::Snapshot join(const v1::Policy& policy, const v1::Inventory& inventory) {
    v1::Snapshot out;
    out.set_format(1);
    *out.mutable_policy() = policy;
    *out.mutable_inventory() = inventory;
    if (!missing_identity(policy, inventory))
        return out;
    auto known = known_identities(inventory);
    for (auto& subject : *out.mutable_policy()->mutable_subjects()) {
        if (known.insert(subject.identity()).second) {
            auto& identity = *out.mutable_inventory()->add_identities();
            identity.set_id(subject.identity());
            identity.set_workload(subject.workload());
            identity.set_managed(true);
        }
        for (auto& rule : *subject.mutable_rules()) {
            auto& ids = *rule.mutable_peers()->mutable_identities();
            ids.erase(std::remove_if(ids.begin(), ids.end(),
                                     [&](std::uint32_t id) { return !known.contains(id); }),
                      ids.end());
        }
    }
    return out;
}

std::uint64_t shown_version(const v1::Policy& policy) {
    return policy.provisioned() ? policy.provisioned() : policy.version();
}

Verifier verifier(std::vector<pki::PublicKey> pinned) {
    return [pinned = std::move(pinned)](const v1::SignedPolicy& policy) {
        return pki::check({.key_id = policy.key_id(),
                           .context = std::string(pki::policy_context),
                           .payload = policy.payload(),
                           .signature = policy.signature()},
                          pki::policy_context, pinned)
            .has_value();
    };
}

std::expected<Held, HeldError> Held::open(Options options) {
    Held held(std::move(options));
    held.read_state();
    held.load();
    auto state = held.state_;
    state.epoch = std::max(state.epoch + 1,
                           state.epoch ? 0 : std::uint64_t(held.options_.wall_ns / 1'000'000'000));
    if (auto written = held.write(state); !written) {
        if (!held.state_.epoch) // nothing to enforce on with
            return std::unexpected(written.error());
        held.notes_.push_back(written.error().message +
                              "; the host is enforced on with what it has");
        held.state_.epoch = state.epoch;
    }
    return held;
}

void Held::read_state() {
    std::error_code error;
    if (!fs::exists(path(state_file), error))
        return;
    const auto content = read_file(path(state_file));
    auto state = content ? state_from(*content) : std::nullopt;
    if (state)
        state_ = std::move(*state);
    else
        notes_.push_back(path(state_file) + ": cannot be read, so what the controller gave before "
                                            "is not used until it gives it again");
}

std::optional<Held::State> Held::state_from(const std::string& text) const {
    json::error_code error;
    const auto value = json::parse(text, error);
    if (error || !value.is_object())
        return std::nullopt;
    const auto& object = value.get_object();
    const auto number = [&](std::string_view key) -> std::uint64_t {
        const auto* found = object.if_contains(key);
        const auto out = found ? json::try_value_to<std::uint64_t>(*found)
                               : json::result<std::uint64_t>(std::uint64_t{0});
        return out ? *out : 0;
    };
    const auto word = [&](std::string_view key) {
        const auto* found = object.if_contains(key);
        return found && found->is_string() ? std::string(found->get_string()) : std::string{};
    };
    State state{number("epoch"),   number("rolled_back"), word("policy"), word("inventory"),
                word("confirmed"), word("former"),        std::nullopt};
    if (object.contains("wait_until_ms"))
        state.wait = Wait{Time(number("wait_until_ms")), word("wait_boot_id")};
    return state;
}

void Held::load() {
    policy_ = load_policy(state_.policy);
    confirmed_ = state_.wait ? load_policy(state_.confirmed) : nullptr;
    inventory_ = load_inventory(state_.inventory);
    former_ = state_.former == state_.inventory ? inventory_ : load_inventory(state_.former);
    end_old_wait();
    state_.policy = name_of(policy_);
    state_.inventory = name_of(inventory_);
    state_.confirmed = name_of(confirmed_);
    state_.former = name_of(former_);
}

void Held::end_old_wait() {
    if (!state_.wait ||
        (state_.wait->boot_id == options_.boot_id && options_.now < state_.wait->until && policy_))
        return;
    const auto left = policy_ ? policy_->policy.version() : 0;
    notes_.push_back(fmt::format(
        "policy version {} was not confirmed in time: {}",
        policy_ ? shown_version(policy_->policy) : 0,
        confirmed_ ? fmt::format("back to version {}", shown_version(confirmed_->policy))
                   : "there was none before it"));
    state_.rolled_back = std::max(state_.rolled_back, left);
    state_.wait.reset();
    policy_ = std::exchange(confirmed_, nullptr);
}

PolicyRef Held::load_policy(const std::string& name) {
    if (name.empty())
        return nullptr;
    const auto bytes = read_file(path(name));
    HeldPolicy held;
    const bool good = bytes && held.envelope.ParseFromString(*bytes) &&
                      options_.verify(held.envelope) &&
                      held.policy.ParseFromString(held.envelope.payload());
    if (!good) {
        notes_.push_back(path(name) + ": is not used: it is damaged, or signed by a key that is "
                                      "not pinned any more; the controller gives it again");
        return nullptr;
    }
    held.holding.set_version(held.policy.version());
    held.holding.set_hash(wire::content_hash(held.envelope.payload()));
    return std::make_shared<const HeldPolicy>(std::move(held));
}

InventoryRef Held::load_inventory(const std::string& name) {
    if (name.empty())
        return nullptr;
    const auto bytes = read_file(path(name));
    HeldInventory held;
    if (bytes && held.inventory.ParseFromString(*bytes)) {
        held.holding.set_version(held.inventory.revision());
        held.holding.set_hash(wire::content_hash(*bytes));
        auto ref = std::make_shared<const HeldInventory>(std::move(held));
        if (name_of(ref) == name)
            return ref;
    }
    notes_.push_back(path(name) + ": is damaged and not used; the controller gives it again");
    return nullptr;
}

SessionStart Held::start() const {
    SessionStart out;
    out.policy = policy_;
    out.inventory = inventory_;
    out.last_confirmed = confirmed_;
    if (state_.wait)
        out.confirm_by = state_.wait->until;
    out.rolled_back = state_.rolled_back;
    return out;
}

std::optional<v1::Snapshot> Held::snapshot() const {
    if (!policy_ || !inventory_)
        return std::nullopt;
    return join(policy_->policy, inventory_for(policy_->policy)->inventory);
}

const InventoryRef& Held::inventory_for(const v1::Policy& policy) const {
    const bool fits = !former_ || !inventory_ || !missing_identity(policy, inventory_->inventory);
    return fits || missing_identity(policy, former_->inventory) ? inventory_ : former_;
}

Held::Done Held::keep_policy(PolicyRef policy, std::chrono::seconds confirm_within, Time now,
                             const InventoryRef& former) {
    auto confirmed = state_.wait ? confirmed_ : policy_;
    auto before = state_.wait ? former_ : former;
    if (confirm_within.count() == 0) {
        confirmed = nullptr;
        before = nullptr;
    }
    auto state = state_;
    state.policy = name_of(policy);
    state.confirmed = name_of(confirmed);
    state.former = name_of(before);
    state.wait.reset();
    if (confirm_within.count())
        state.wait = Wait{now + confirm_within, options_.boot_id};
    if (auto done = write_content(state.policy, policy->envelope.SerializeAsString()); !done)
        return done;
    if (before && state.former != state.inventory) // it was removed when the newer one came
        if (auto done = write_content(state.former, wire::canonical(before->inventory)); !done)
            return done;
    if (auto done = write(state); !done)
        return done;
    policy_ = std::move(policy);
    confirmed_ = std::move(confirmed);
    former_ = std::move(before);
    return {};
}

Held::Done Held::keep_inventory(InventoryRef inventory) {
    auto state = state_;
    state.inventory = name_of(inventory);
    if (auto done = write_content(state.inventory, wire::canonical(inventory->inventory)); !done)
        return done;
    if (auto done = write(state); !done)
        return done;
    inventory_ = std::move(inventory);
    return {};
}

Held::Done Held::confirm() {
    auto state = state_;
    state.confirmed.clear();
    state.former.clear();
    state.wait.reset();
    if (auto done = write(state); !done)
        return done;
    confirmed_ = nullptr;
    former_ = nullptr;
    return {};
}

Held::Done Held::roll_back(PolicyRef policy, std::uint64_t left) {
    auto state = state_;
    state.policy = name_of(policy);
    state.confirmed.clear();
    state.wait.reset();
    state.rolled_back = left;
    if (auto done = write(state); !done)
        return done;
    policy_ = std::move(policy);
    confirmed_ = nullptr;
    return {};
}

Held::Done Held::write_content(const std::string& name, const std::string& bytes) const {
    if (auto written = write_file(path(name), bytes); !written)
        return io_failed(written.error().message);
    return {};
}

Held::Done Held::write(const State& state) {
    json::object out{{"epoch", state.epoch},         {"rolled_back", state.rolled_back},
                     {"policy", state.policy},       {"inventory", state.inventory},
                     {"confirmed", state.confirmed}, {"former", state.former}};
    if (state.wait) {
        out["wait_until_ms"] = state.wait->until.count();
        out["wait_boot_id"] = state.wait->boot_id;
    }
    if (auto written = write_file(path(state_file), json::serialize(out) + "\n"); !written)
        return io_failed(written.error().message);
    state_ = state;
    remove_unused();
    return {};
}

// Left by an older state, or by a writer that was killed.
void Held::remove_unused() const {
    const std::set<std::string> used{state_file, state_.policy, state_.inventory, state_.confirmed,
                                     state_.former};
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(options_.directory, error))
        if (!used.contains(entry.path().filename().string()))
            fs::remove(entry.path(), error);
}

} // namespace ringwall::agent
