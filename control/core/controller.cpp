#include "control/core/controller.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "common/pki/digest.h"
#include "common/pki/key_file.h"
#include "control/core/controller_impl.h"
#include "control/store/digest.h"

namespace ringwall::core {
namespace {

constexpr const char* first_token = "admin";
constexpr std::size_t token_bytes = 32;

fleet::SessionOptions session_options(const Options& options) {
    fleet::SessionOptions out;
    out.offers_lapse = true;
    out.controller_version = options.version;
    return out;
}

std::string base64url(std::string_view bytes) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char byte : bytes) {
        bits = bits << 8 | static_cast<std::uint8_t>(byte);
        for (count += 8; count >= 6; count -= 6)
            out += digits[bits >> (count - 6) & 63];
    }
    if (count > 0)
        out += digits[bits << (6 - count) & 63];
    return out;
}

// No default password: the first token is random, and stands in a file that only its owner reads.
Result<void> make_first_token(store::Store& store, const std::string& path, std::int64_t now_ns) {
    const auto tokens = all_objects(store, "token");
    if (!tokens)
        return std::unexpected(tokens.error());
    if (!tokens->empty())
        return {};
    const auto secret = "rw_" + base64url(pki::random_bytes(token_bytes));
    if (auto saved = pki::save_secret(path, secret + "\n"); !saved)
        return std::unexpected(Error{Errc::io, saved.error().message, {}});
    const boost::json::object body{
        {"sha256", pki::sha256_hex(secret)}, {"role", "owner"}, {"created_by", "first start"}};
    const store::Author by{"first start", "controller", now_ns, {}};
    if (auto kept = store.commit({by, {{{"token", first_token}, body, 0}}}); !kept)
        return std::unexpected(from(kept.error()));
    spdlog::info("a token with all rights was made; it is in {}", path);
    return {};
}

Result<std::optional<RolloutState>> last_rollout(const store::Store& store) {
    const auto memories = store.memories("rollout");
    if (!memories)
        return std::unexpected(from(memories.error()));
    if (memories->empty())
        return std::nullopt;
    auto state = parse_rollout(*memories->front().text);
    if (!state)
        return std::unexpected(state.error());
    return std::move(*state);
}

std::string freeze_reason(const store::Store& store) {
    const auto freeze = store.object({"freeze", the_only});
    return freeze ? std::string(boost::json::parse(freeze->body).at("reason").as_string())
                  : std::string();
}

} // namespace

Controller::Impl::Impl(Options given, std::unique_ptr<store::Store> opened, Ledger numbers,
                       Enrolment members, Policies models)
    : options(std::move(given)), store(std::move(opened)), ledger(std::move(numbers)),
      enrolment(std::move(members)), policies(std::move(models)),
      hub(session_options(options), *this), fleets(hub, ledger, enrolment.signing_key()),
      silence(options.silent_grace) {}

Result<void> Controller::Impl::start(std::uint64_t active, std::optional<RolloutState> last) {
    rollout = std::move(last);
    frozen = freeze_reason(*store);
    if (auto logged = log_unlogged_step(); !logged)
        return logged;
    if (auto loaded = fleets.load(policies.active(), active); !loaded)
        return loaded;
    if (rollout && rollout->phase == Phase::canary) {
        const auto contents = all_contents(*store, rollout->version);
        if (!contents)
            return std::unexpected(contents.error());
        const auto policy = policies.of(*contents);
        if (!policy)
            return std::unexpected(policy.error());
        if (auto ready = fleets.prepare(*policy, rollout->version); !ready)
            return std::unexpected(ready.error());
        fleets.resume(rollout->first);
    }
    load_staging();
    const auto agents = all_objects(*store, "agent");
    if (!agents)
        return std::unexpected(agents.error());
    for (const auto& object : *agents) {
        const auto record = parse_record(object.body);
        if (!record)
            return std::unexpected(record.error());
        add_agent(object.id.name, *record);
    }
    fleets.send({.restaged = true}, {}); // nobody is there yet; says whom the staging concerns
    return {};
}

// What most agents are to enforce: while a canary runs, the version before it.
std::uint64_t Controller::Impl::active_version() const {
    return fleets.version();
}

Controller::Controller(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Controller::~Controller() = default;

Result<std::unique_ptr<Controller>> Controller::open(Options options) {
    store::Options where{.path = options.data_dir + "/policy.db"};
    auto store = store::open_sqlite(where);
    if (!store)
        return std::unexpected(from(store.error()));
    const auto now = options.wall();
    if (auto made = make_first_token(**store, options.data_dir + "/admin.token", now); !made)
        return std::unexpected(made.error());
    auto ledger = Ledger::load(**store);
    if (!ledger)
        return std::unexpected(ledger.error());
    auto enrolment = Enrolment::open({options.data_dir, options.names, options.certificate_life},
                                     now / 1'000'000'000);
    if (!enrolment)
        return std::unexpected(enrolment.error());
    const auto newest = (*store)->newest();
    if (!newest)
        return std::unexpected(from(newest.error()));
    auto rollout = last_rollout(**store);
    if (!rollout)
        return std::unexpected(rollout.error());
    const bool canary = *rollout && (*rollout)->phase == Phase::canary;
    const auto active = canary ? (*rollout)->previous : *newest;
    auto policies = Policies::load(**store, active);
    if (!policies)
        return std::unexpected(policies.error());
    auto impl = std::make_unique<Impl>(std::move(options), std::move(*store), std::move(*ledger),
                                       std::move(*enrolment), std::move(*policies));
    if (auto started = impl->start(active, std::move(*rollout)); !started)
        return std::unexpected(started.error());
    return std::unique_ptr<Controller>(new Controller(std::move(impl)));
}

const store::Store& Controller::store() const {
    return *impl_->store;
}
fleet::Hub& Controller::hub() {
    return impl_->hub;
}
Result<Changed> Controller::change(const store::Change& change, bool dry_run) {
    return impl_->change(change, dry_run);
}
Result<ProvisionPlan> Controller::plan(const ProvisionRequest& request) const {
    return impl_->plan(request);
}
Result<ProvisionPlan> Controller::plan(const store::Rollback& request) const {
    return impl_->plan(request);
}
Result<std::optional<Provisioned>>
Controller::provisioned_before(const ProvisionRequest& request) const {
    return impl_->provisioned_before(request);
}
Result<Provisioned> Controller::provision(const ProvisionRequest& request) {
    return impl_->provision(request);
}
Result<Provisioned> Controller::rollback(const store::Rollback& request,
                                         std::chrono::seconds confirm_within) {
    return impl_->rollback(request, confirm_within);
}
std::optional<RolloutState> Controller::rollout() const {
    return impl_->rollout;
}
Result<RolloutState> Controller::confirm(const store::Author& by) {
    return impl_->confirm(by);
}
Result<RolloutState> Controller::proceed(const store::Author& by) {
    return impl_->proceed(by);
}
Result<RolloutState> Controller::abort(const store::Author& by, const std::string& reason) {
    return impl_->abort(by, reason);
}
Result<void> Controller::freeze(const store::Author& by, const std::string& reason) {
    return impl_->freeze(by, reason);
}
const std::string& Controller::frozen() const {
    return impl_->frozen;
}
Result<Staged> Controller::stage(const StageRequest& request, bool dry_run) {
    return impl_->stage(request, dry_run);
}
Result<void> Controller::unstage(const store::Author& by) {
    return impl_->unstage(by);
}
std::optional<StagingState> Controller::staging() const {
    return impl_->staging();
}
const Impacts& Controller::impacts() const {
    return impl_->impacts;
}
Result<std::string> Controller::pairing_line(const store::Author& by, const std::string& profile,
                                             const std::string& host) {
    return impl_->pairing_line(by, profile, host);
}
Result<PairAnswer> Controller::pair(const PairRequest& request) {
    return impl_->pair(request);
}
Result<PairAnswer> Controller::renew(const std::string& agent, const std::string& csr,
                                     const std::string& peer) {
    return impl_->renew(agent, csr, peer);
}
Result<void> Controller::revoke(const store::Author& by, const std::string& agent,
                                const std::string& reason) {
    return impl_->revoke(by, agent, reason);
}
Rotation Controller::rotation() const {
    return impl_->rotation();
}
Result<Rotation> Controller::rotate(const store::Author& by, RotationStep step, bool dry_run) {
    return impl_->rotate(by, step, dry_run);
}
std::vector<Agent> Controller::agents() const {
    return impl_->agents();
}
std::optional<Agent> Controller::agent(std::string_view name) const {
    return impl_->agent(name);
}
Result<void> Controller::command(const store::Author& by, const std::string& agent,
                                 v1::Command command, CommandDone done) {
    return impl_->command(by, agent, std::move(command), std::move(done));
}
Result<void> Controller::ask(const std::string& agent, v1::Command question, CommandDone done) {
    return impl_->ask(agent, std::move(question), std::move(done));
}
const model::Policy& Controller::active() const {
    return impl_->policies.active();
}
const model::Policy& Controller::draft() const {
    return impl_->policies.draft();
}
std::uint64_t Controller::active_version() const {
    return impl_->active_version();
}

const compute::IdentityKey* Controller::identity_key(std::uint32_t number) const {
    return impl_->ledger.key(number);
}

std::string Controller::workload_at(std::string_view address) const {
    return impl_->policies.workload_at(address);
}
std::int64_t Controller::now_ns() const {
    return impl_->options.wall();
}

Result<v1::Snapshot> Controller::snapshot(std::string_view agent) const {
    const auto& fleet = impl_->fleets.of(std::string(agent));
    auto policy = fleet.policy(agent);
    if (!policy)
        return std::unexpected(from(policy.error()));
    auto inventory = fleet.inventory(agent);
    if (!inventory)
        return std::unexpected(from(inventory.error()));
    v1::Snapshot out;
    out.set_format(1);
    *out.mutable_policy() = std::move(*policy);
    *out.mutable_inventory() = std::move(*inventory);
    return out;
}

Events::Subscription Controller::subscribe(std::uint64_t after, Events::Listener listener) {
    return impl_->events.subscribe(after, std::move(listener));
}

void Controller::tick() {
    impl_->hub.at(impl_->options.steady());
    impl_->judge_rollout();
    impl_->give_up_silent();
}

std::optional<std::chrono::milliseconds> Controller::next_deadline() const {
    auto next = impl_->hub.next_deadline();
    if (const auto own = own_deadline())
        next = next ? std::min(*next, *own) : *own;
    return next;
}

std::optional<std::chrono::milliseconds> Controller::own_deadline() const {
    auto due = impl_->judgement_due();
    if (const auto silence = impl_->silence.due())
        due = due ? std::min(*due, *silence) : *silence;
    return due;
}

Result<Controller::Identity> Controller::identity() const {
    auto key = pki::PrivateKey::generate(pki::KeyKind::tls);
    if (!key)
        return std::unexpected(Error{Errc::io, key.error().message, {}});
    auto issued =
        impl_->enrolment.controller_certificate(*key, impl_->options.wall() / 1'000'000'000);
    if (!issued)
        return std::unexpected(issued.error());
    return Identity{std::move(issued->chain), std::move(*key)};
}

std::string Controller::trust_bundle() const {
    return impl_->enrolment.trust();
}

pki::Result<pki::Identity> Controller::admit(const std::vector<pki::Certificate>& chain) const {
    return impl_->enrolment.authority().admit(chain, pki::Kind::agent,
                                              impl_->options.wall() / 1'000'000'000);
}

Controller::Counters Controller::counters() const {
    auto out = impl_->counters;
    out.policies = impl_->fleets.deliveries().counters().policies;
    out.inventories = impl_->fleets.deliveries().counters().inventories;
    return out;
}

} // namespace ringwall::core
