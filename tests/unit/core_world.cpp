#include "tests/unit/core_world.h"

#include <algorithm>
#include <stdexcept>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/pki/request.h"
#include "common/pki/signature.h"
#include "control/core/document.h"
#include "control/pki/pairing_line.h"
#include "control/proto/frame.h"

namespace ringwall::core_test {
namespace {

namespace json = boost::json;

constexpr std::int64_t epoch_ns = 1'800'000'000'000'000'000; // 2027

template <typename T, typename E>
T must(std::expected<T, E> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

std::string in_words(const v1::Inventory& inventory, const v1::Peers& peers) {
    std::vector<std::string> out(peers.lists().begin(), peers.lists().end());
    for (const auto& identity : inventory.identities())
        if (std::ranges::find(peers.identities(), identity.id()) != peers.identities().end()) {
            std::map<std::string, std::string> labels(identity.labels().begin(),
                                                      identity.labels().end());
            out.push_back(fmt::format("{}", fmt::join(labels, " ")));
        }
    std::ranges::sort(out);
    return fmt::format("{}{}{}", fmt::join(out, "; "), peers.any() ? " any" : "",
                       peers.all_workloads() ? " all" : "");
}

} // namespace

Host::Host(World& world, core::PairAnswer paired)
    : world_(world), paired_(std::move(paired)),
      signer_(must(pki::PublicKey::parse(paired_.signing_keys))) {
    disk_.flow_stream = std::hash<std::string>{}(paired_.agent) | 1;
    disk_.trust = paired_.bundle;
}

void Host::start() {
    agent::SessionOptions options;
    options.identity = paired_.agent;
    options.agent_version = "0.1.0";
    options.boot_id = "boot of " + paired_.agent;
    options.epoch = ++epoch_;
    options.verify = [this](const v1::SignedPolicy& envelope) {
        return envelope.key_id() == signer_.id() &&
               pki::check_signature(signer_, pki::policy_context, envelope.payload(),
                                    envelope.signature())
                   .has_value();
    };
    session_ = std::make_unique<agent::Session>(options, disk_);
    tell(agent::input::Start{});
    connect();
}

void Host::connect() {
    if (online() || !session_)
        return;
    if (session_->state() == agent::SessionState::waiting)
        tell(agent::input::Tick{});
    if (session_->state() != agent::SessionState::connecting)
        return;
    connection_ = ++world_.connections;
    closing_ = false;
    if (!world_.controller().hub().connected(name(), connection_, "192.0.2.1", shared_from_this(),
                                             issuer()))
        return disconnected();
    tell(agent::input::Connected{});
}

void Host::disconnected() {
    const auto connection = std::exchange(connection_, 0);
    incoming_.clear();
    outgoing_.clear();
    if (session_)
        tell(agent::input::Disconnected{});
    if (connection != 0)
        world_.controller().hub().disconnected(name(), connection);
}

void Host::cut() {
    if (online())
        disconnected();
}

void Host::stop() {
    const auto connection = std::exchange(connection_, 0);
    session_.reset();
    incoming_.clear();
    outgoing_.clear();
    if (connection != 0)
        world_.controller().hub().disconnected(name(), connection);
}

void Host::tick() {
    if (session_)
        tell(agent::input::Tick{});
    connect();
}

bool Host::carry() {
    if (!online())
        return false;
    if (!outgoing_.empty()) {
        const auto bytes = std::exchange(outgoing_, {});
        world_.controller().hub().received(name(), connection_, bytes);
        return true;
    }
    if (!incoming_.empty()) {
        const auto bytes = std::exchange(incoming_, {});
        tell(agent::input::Received{bytes});
        return true;
    }
    if (closing_) {
        disconnected();
        return true;
    }
    return false;
}

void Host::tell(const agent::Input& input) {
    std::deque<agent::Input> inputs{input};
    for (; !inputs.empty(); inputs.pop_front())
        for (const auto& action : session_->resume(inputs.front(), world_.now()))
            act(action, inputs);
}

void Host::act(const agent::Action& action, std::deque<agent::Input>& answers) {
    using namespace agent::action;
    if (const auto* sending = std::get_if<Send>(&action)) {
        outgoing_ += sending->bytes;
    } else if (std::get_if<Close>(&action)) {
        closing_ = true;
    } else if (const auto* policy = std::get_if<ApplyPolicy>(&action)) {
        ++messages;
        order.emplace_back("policy");
        const auto version = policy->policy->policy.version();
        const bool staged = policy->policy->policy.has_staged();
        if (staged && !refuses_staged.empty())
            return answers.push_back(agent::input::Refused{v1::POLICY, version, refuses_staged});
        if (!refuses.empty())
            return answers.push_back(agent::input::Refused{v1::POLICY, version, refuses});
        if (policy->confirm_within.count() == 0) {
            disk_.confirm_by.reset();
            disk_.last_confirmed.reset();
        } else if (!disk_.confirm_by) {
            disk_.last_confirmed = disk_.policy;
        }
        if (policy->confirm_within.count() != 0)
            disk_.confirm_by = world_.now() + policy->confirm_within;
        disk_.policy = policy->policy;
        answers.push_back(agent::input::Applied{v1::POLICY, version});
    } else if (const auto* inventory = std::get_if<ApplyInventory>(&action)) {
        ++messages;
        order.emplace_back("inventory");
        disk_.inventory = inventory->inventory;
        answers.push_back(
            agent::input::Applied{v1::INVENTORY, inventory->inventory->inventory.revision()});
    } else if (std::get_if<Confirmed>(&action)) {
        disk_.confirm_by.reset();
        disk_.last_confirmed.reset();
    } else if (const auto* back = std::get_if<RollBackTo>(&action)) {
        disk_.policy = back->policy;
        disk_.rolled_back = back->left;
        disk_.confirm_by.reset();
        disk_.last_confirmed.reset();
        left.push_back(back->left);
    } else if (const auto* reading = std::get_if<ReadFlows>(&action)) {
        const auto found = std::ranges::find_if(
            spool_, [&](const v1::FlowBatch& batch) { return batch.last() > reading->after; });
        answers.push_back(agent::input::Flows{
            reading->after, found == spool_.end() ? std::nullopt : std::optional(*found)});
    } else if (const auto* forgetting = std::get_if<ForgetFlows>(&action)) {
        disk_.flows_through = forgetting->through;
        while (!spool_.empty() && spool_.front().last() <= forgetting->through)
            spool_.pop_front();
    } else if (const auto* command = std::get_if<RunCommand>(&action)) {
        v1::CommandResult result;
        result.set_id(command->command.id());
        result.set_ok(true);
        result.set_sentence("done");
        if (command->command.has_find_cuts()) {
            asked_cuts = command->command.find_cuts();
            *result.mutable_cuts() = cuts;
        }
        answers.push_back(agent::input::CommandDone{result});
        if (command->command.has_renew() && renews)
            answers.push_back(renew());
    }
}

agent::input::Renewed Host::renew() {
    const auto key = must(pki::PrivateKey::generate(pki::KeyKind::tls));
    const auto request = must(pki::make_request(key, name()));
    paired_ = must(world_.controller().renew(name(), request, "192.0.2.1"));
    disk_.trust = paired_.bundle;
    return {paired_.bundle};
}

std::string Host::issuer() const {
    return must(pki::parse_certificates(paired_.certificate)).front().issuer;
}

std::vector<std::string> Host::rules() const {
    return rules_of(policy());
}

std::vector<std::string> Host::staged_rules() const {
    return rules_of(policy().staged());
}

std::vector<std::string> Host::rules_of(const v1::Policy& wanted) const {
    std::vector<std::string> out;
    for (const auto& subject : wanted.subjects())
        for (const auto& rule : subject.rules())
            out.push_back(fmt::format("{} {} {}: {}", rule.id(),
                                      rule.action() == v1::ALLOW ? "allow" : "deny",
                                      rule.direction() == v1::INBOUND ? "in from" : "out to",
                                      in_words(inventory(), rule.peers())));
    std::ranges::sort(out);
    return out;
}

void Host::send_flows(v1::FlowSummary summary) {
    v1::FlowBatch batch;
    batch.set_first(next_summary_);
    batch.set_last(next_summary_++);
    *batch.add_summaries() = std::move(summary);
    spool_.push_back(batch);
    tell(agent::input::FlowsQueued{});
}

void Host::send_impact(const v1::Impact& impact) {
    v1::ToController message;
    *message.mutable_impact() = impact;
    outgoing_ += must(wire::encode_frame(message));
}

World::World() {
    open();
}

void World::close() {
    for (auto& [name, host] : hosts)
        host->connection_ = 0; // the controller's end is gone without a word
    controller_.reset();
}

void World::open() {
    close();
    core::Options options;
    options.data_dir = scratch.path("");
    options.silent_grace = silent_grace;
    options.version = "test";
    options.names = {"127.0.0.1", "controller.test"};
    options.wall = [this] { return epoch_ns + std::chrono::nanoseconds(now_).count(); };
    options.steady = [this] { return now_; };
    options.notice = [this](const core::Notice& notice) { notices.push_back(notice); };
    options.authority_changed = [this] { ++authority_changes; };
    options.flows = this;
    controller_ = must(core::Controller::open(std::move(options)));
    controller_->tick();
    for (auto& [name, host] : hosts)
        if (host->session_)
            host->disconnected();
}

store::Author World::me(const std::string& key) const {
    return {"alice", "192.0.2.7", epoch_ns + std::chrono::nanoseconds(now_).count(), key};
}

core::Result<core::Changed> World::apply(const std::string& documents, bool dry_run,
                                         const std::string& key) {
    const auto parsed = json::parse(documents);
    store::Change change{me(key), {}};
    const auto add = [&](const json::value& document) -> core::Result<void> {
        auto edit = core::edit_of(document);
        if (!edit)
            return std::unexpected(
                core::Error{core::Errc::invalid, edit.error().front().sentence, edit.error()});
        change.edits.push_back(std::move(*edit));
        return {};
    };
    if (!parsed.is_array()) {
        if (auto added = add(parsed); !added)
            return std::unexpected(added.error());
    } else {
        for (const auto& document : parsed.as_array())
            if (auto added = add(document); !added)
                return std::unexpected(added.error());
    }
    auto done = controller_->change(change, dry_run);
    settle();
    return done;
}

core::Result<core::Changed> World::remove(const std::string& kind, const std::string& name) {
    auto done = controller_->change({me(), {{{kind, name}, {}, {}}}}, false);
    settle();
    return done;
}

std::uint64_t World::provision(std::chrono::seconds confirm_within) {
    core::ProvisionRequest request;
    request.by = me();
    request.confirm_within = confirm_within;
    const auto done = must(controller_->provision(request));
    settle();
    return done.version.number;
}

std::shared_ptr<Host> World::pair(const std::string& name, const std::string& labels,
                                  const std::string& address) {
    if (!controller_->store().object({"pairing_profile", "all"}))
        must(controller_->change(
            {me(), {{{"pairing_profile", "all"}, json::object{{"replace", true}}, {}}}}, false));
    const auto line =
        must(pki::parse_line(must(controller_->pairing_line(me(), "all", "127.0.0.1"))));
    const auto key = must(pki::PrivateKey::generate(pki::KeyKind::tls));
    core::PairRequest request;
    request.peer = "192.0.2.1";
    request.redemption.token = line.token;
    request.redemption.request = must(pki::make_request(key, name));
    request.redemption.facts = {
        name, fmt::format("{:032x}", std::hash<std::string>{}(name)), {*Address::parse(address)}};
    const auto wanted = json::parse(labels);
    for (const auto& label : wanted.as_object())
        request.redemption.labels[label.key()] = std::string(label.value().as_string());
    auto host = std::make_shared<Host>(*this, must(controller_->pair(request)));
    hosts[name] = host;
    host->start();
    settle();
    return host;
}

void World::settle() {
    controller_->tick();
    for (bool moved = true; moved;) {
        moved = false;
        for (auto& [name, host] : hosts)
            moved |= host->carry();
        controller_->tick();
    }
}

void World::pass(Millis time) {
    for (const auto end = now_ + time; now_ < end;) {
        now_ = std::min(end, now_ + 1000ms);
        for (auto& [name, host] : hosts)
            host->tick();
        settle();
    }
}

void World::take(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
                 std::uint64_t) {
    flows_[agent] = {stream, batch.last()};
    controller_->hub().flows_stored(agent, stream, batch.last());
}

std::pair<std::uint64_t, std::uint64_t> World::through(const std::string& agent) {
    return flows_[agent];
}

} // namespace ringwall::core_test
