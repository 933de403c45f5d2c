// Both machines wired together in memory, and everything that can go wrong between them: chunks of
// any size, cuts anywhere (which one side learns later than the other), kills of both, refusals,
// confirmations that do not come. In the end both hold the same, and every flow came once.
#include <algorithm>
#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "control/proto/delta.h"
#include "tests/unit/session_words.h"

namespace ringwall::session_test {
namespace {

using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;

struct Pipe {
    std::string up, down;              // bytes under way
    bool agent = true, control = true; // who still has it open
};

struct AgentDisk {
    agent::SessionStart start;
    std::deque<v1::FlowBatch> spool;
    std::uint64_t next = 1;
};

struct Store {
    fleet::SessionStart start;
    std::map<std::uint64_t, int> flows; // summary -> how often
    fleet::ReleaseRef policy, inventory;
    std::chrono::seconds confirm_within{};
    std::uint64_t withdrawn = 0;
};

class World {
  public:
    explicit World(std::uint64_t seed) : dice_(seed) {
        disk_.start.flow_stream = 7;
        start_controller();
        start_agent();
    }

    void step() {
        switch (dice_.below(20)) {
        case 0:
            return offer(dice_.one_in(2) ? 30s : 0s);
        case 1:
            mutate(inventory_, dice_);
            store_.inventory = release(inventory_);
            return control(fleet::input::OfferInventory{store_.inventory});
        case 2:
            return decide();
        case 3:
            return cut();
        case 4:
            return dice_.one_in(4) ? start_agent() : void();
        case 5:
            return dice_.one_in(4) ? start_controller() : void();
        case 6:
        case 7:
            return queue_flows();
        case 8:
        case 9:
            return pass(Millis(dice_.below(8000)));
        case 10:
        case 11:
            return apply_one();
        case 12:
        case 13:
            return store_one();
        default:
            return carry(1 + dice_.below(200));
        }
    }

    // Nothing goes wrong any more.
    void heal() {
        healed_ = true;
        offer(0s);
        for (int i = 0; i < 4000 && !settled(); ++i) {
            carry(100'000);
            apply_one();
            store_one();
            pass(100ms);
        }
    }

    bool settled() const {
        return agent_->policy() && agent_->inventory() == disk_.start.inventory &&
               agent_->policy()->holding.hash() == store_.policy->hash && store_.inventory &&
               agent_->inventory() &&
               agent_->inventory()->holding.hash() == store_.inventory->hash &&
               control_->held(v1::POLICY).hash() == store_.policy->hash && disk_.spool.empty();
    }

    const Store& store() const { return store_; }
    std::uint64_t flows_offered() const { return disk_.next - 1; }
    fleet::SessionStats totals() const {
        auto out = totals_;
        add(out, control_->stats());
        return out;
    }
    std::string describe() const {
        return std::string(agent::name(agent_->state())) + ", " + agent_->stats().last_trouble;
    }
    std::uint64_t roll_backs = 0;

  private:
    void start_agent() {
        for (auto& [id, pipe] : pipes_)
            pipe.agent = false;
        jobs_.clear();
        agent::SessionOptions options;
        options.identity = "app-uk-1";
        options.verify = pinned;
        options.epoch = ++epoch_;
        options.boot_id = "boot";
        options.seed = epoch_;
        agent_.emplace(options, disk_.start);
        tell(agent::input::Start{});
    }

    void start_controller() {
        if (control_)
            add(totals_, control_->stats());
        for (auto& [id, pipe] : pipes_)
            pipe.control = false;
        storing_.clear();
        closed_.clear();
        fleet::SessionOptions options;
        options.identity = "app-uk-1";
        options.flow_window = 3;
        control_.emplace(options, store_.start);
        if (store_.withdrawn)
            control(fleet::input::RollBack{store_.withdrawn});
        if (store_.policy)
            control(fleet::input::OfferPolicy{store_.policy, store_.confirm_within});
        if (store_.inventory)
            control(fleet::input::OfferInventory{store_.inventory});
    }

    static void add(fleet::SessionStats& sum, const fleet::SessionStats& stats) {
        sum.deltas += stats.deltas;
        sum.snapshots += stats.snapshots;
        sum.flow_duplicates += stats.flow_duplicates;
        sum.flows_lost += stats.flows_lost;
        sum.flow_overlaps += stats.flow_overlaps;
    }

    void offer(std::chrono::seconds confirm_within) {
        mutate(policy_, dice_);
        store_.policy = release(policy_);
        store_.confirm_within = confirm_within;
        control(fleet::input::OfferPolicy{store_.policy, confirm_within});
    }

    void decide() {
        if (!store_.policy || store_.confirm_within == 0s)
            return;
        if (dice_.one_in(2)) {
            store_.start.confirmed = std::max(store_.start.confirmed, store_.policy->version);
            control(fleet::input::Confirm{store_.policy->version});
        } else if (store_.start.confirmed < store_.policy->version) {
            store_.withdrawn = store_.policy->version;
            control(fleet::input::RollBack{store_.policy->version});
        }
    }

    void queue_flows() {
        auto flows = batch(disk_.next, 1 + dice_.below(5));
        flows.set_first(disk_.next);
        disk_.next += static_cast<std::uint64_t>(flows.summaries_size());
        flows.set_last(disk_.next - 1);
        disk_.spool.push_back(std::move(flows));
        tell(agent::input::FlowsQueued{});
    }

    // A part of what is under way still arrives.
    void cut() {
        for (auto& [id, pipe] : pipes_)
            if (pipe.agent) {
                pipe.up.resize(dice_.below(pipe.up.size() + 1));
                pipe.down.resize(dice_.below(pipe.down.size() + 1));
                pipe.agent = false;
                return tell(agent::input::Disconnected{});
            }
    }

    void carry(std::size_t most) {
        for (const auto id : std::exchange(closed_, {}))
            control(fleet::input::Disconnected{id});
        for (auto& [id, pipe] : pipes_) {
            carry_down(pipe, most);
            carry_up(id, pipe, most);
        }
        std::erase_if(pipes_,
                      [](const auto& it) { return !it.second.agent && !it.second.control; });
    }

    void carry_down(Pipe& pipe, std::size_t most) {
        const auto chunk = pipe.down.substr(0, most);
        pipe.down.erase(0, most);
        if (pipe.agent && !chunk.empty())
            tell(agent::input::Received{chunk});
        if (pipe.agent && !pipe.control && pipe.down.empty()) {
            pipe.agent = false;
            tell(agent::input::Disconnected{});
        }
    }

    void carry_up(fleet::ConnectionId id, Pipe& pipe, std::size_t most) {
        const auto chunk = pipe.up.substr(0, most);
        pipe.up.erase(0, most);
        if (pipe.control && !chunk.empty())
            control(fleet::input::Received{id, chunk});
        if (pipe.control && !pipe.agent && pipe.up.empty() && (healed_ || dice_.one_in(3))) {
            pipe.control = false;
            control(fleet::input::Disconnected{id});
        }
    }

    void pass(Millis time) {
        now_ += time;
        tell(agent::input::Tick{});
        control(fleet::input::Tick{});
        if (const auto due = agent_->confirm_by(); due && jobs_.empty()) {
            EXPECT_LT(now_, *due) << "a version that nobody confirmed is still enforced";
        }
    }

    void tell(const agent::Input& input) {
        std::deque<agent::Input> inputs{input};
        for (; !inputs.empty(); inputs.pop_front())
            for (const auto& it : agent_->resume(inputs.front(), now_))
                std::visit([&](const auto& action) { act(action, inputs); }, it);
    }

    void control(const fleet::Input& input) {
        for (const auto& it : control_->resume(input, now_))
            std::visit([this](const auto& action) { act(action); }, it);
    }

    using Answers = std::deque<agent::Input>;

    void act(const agent::action::Connect&, Answers& answers) {
        if (!healed_ && dice_.one_in(4))
            return answers.emplace_back(agent::input::Disconnected{}), void();
        pipes_[++last_connection_];
        control(fleet::input::Connected{last_connection_});
        answers.emplace_back(agent::input::Connected{});
    }
    void act(const agent::action::Send& it, Answers&) {
        for (auto& [id, pipe] : pipes_)
            if (pipe.agent)
                pipe.up += it.bytes;
    }
    void act(const agent::action::Close&, Answers& answers) {
        for (auto& [id, pipe] : pipes_)
            pipe.agent = false;
        answers.emplace_back(agent::input::Disconnected{});
    }
    void act(const agent::action::ApplyPolicy& it, Answers&) {
        EXPECT_TRUE(pinned(it.policy->envelope));
        EXPECT_EQ(it.policy->envelope.payload(), wire::canonical(it.policy->policy));
        jobs_.emplace_back(it);
    }
    void act(const agent::action::ApplyInventory& it, Answers&) { jobs_.emplace_back(it); }
    void act(const agent::action::Confirmed& it, Answers&) {
        EXPECT_EQ(it.version, disk_.start.policy->policy.version());
        disk_.start.confirm_by.reset();
        disk_.start.last_confirmed.reset();
    }
    void act(const agent::action::RollBackTo& it, Answers&) {
        EXPECT_EQ(it.policy, disk_.start.last_confirmed);
        disk_.start.policy = it.policy;
        disk_.start.rolled_back = it.left;
        disk_.start.confirm_by.reset();
        disk_.start.last_confirmed.reset();
        ++roll_backs;
    }
    void act(const agent::action::ReadFlows& it, Answers& answers) {
        const auto found = std::ranges::find_if(
            disk_.spool, [&](const v1::FlowBatch& batch) { return batch.last() > it.after; });
        answers.emplace_back(agent::input::Flows{
            it.after, found == disk_.spool.end() ? std::nullopt : std::optional(*found)});
    }
    void act(const agent::action::ForgetFlows& it, Answers&) {
        disk_.start.flows_through = it.through;
        while (!disk_.spool.empty() && disk_.spool.front().last() <= it.through)
            disk_.spool.pop_front();
    }
    void act(const agent::action::RunCommand&, Answers&) {}
    void act(const agent::action::SetTimer&, Answers&) {}

    // What the agent was told to enforce takes its time, and may fail.
    void apply_one() {
        if (jobs_.empty())
            return;
        const auto job = jobs_.front();
        jobs_.pop_front();
        if (const auto* inventory = std::get_if<agent::action::ApplyInventory>(&job)) {
            disk_.start.inventory = inventory->inventory;
            const auto revision = inventory->inventory->inventory.revision();
            return tell(agent::input::Applied{v1::INVENTORY, revision});
        }
        const auto& policy = std::get<agent::action::ApplyPolicy>(job);
        const auto version = policy.policy->policy.version();
        if (!healed_ && dice_.one_in(5))
            return tell(agent::input::Refused{v1::POLICY, version, "no room in the maps"});
        auto& disk = disk_.start;
        if (policy.confirm_within == 0s) {
            disk.confirm_by.reset();
            disk.last_confirmed.reset();
        } else {
            if (!disk.confirm_by)
                disk.last_confirmed = disk.policy;
            disk.confirm_by = now_ + policy.confirm_within;
        }
        disk.policy = policy.policy;
        tell(agent::input::Applied{v1::POLICY, version});
    }

    // The controller's driver.
    void act(const fleet::action::Send& it) {
        if (pipes_.contains(it.connection))
            pipes_[it.connection].down += it.bytes;
    }
    void act(const fleet::action::Close& it) {
        if (pipes_.contains(it.connection))
            pipes_[it.connection].control = false;
        closed_.push_back(it.connection);
    }
    void act(const fleet::action::StoreFlows& it) { storing_.push_back(it); }
    void act(const fleet::action::Acked& it) {
        (it.half == v1::POLICY ? store_.start.policy : store_.start.inventory) = it.held;
    }
    void act(const fleet::action::Nacked&) {}
    void act(const fleet::action::Ahead&) { ADD_FAILURE() << "nothing newer was ever offered"; }
    void act(const fleet::action::Duplicate& it) { ADD_FAILURE() << it.sentence; }
    void act(const fleet::action::RolledBack&) {}
    void act(const fleet::action::Greeted&) {}
    void act(const fleet::action::Reported&) {}
    void act(const fleet::action::ImpactSeen&) {}
    void act(const fleet::action::CommandDone&) {}
    void act(const fleet::action::Present&) {}
    void act(const fleet::action::SetTimer&) {}

    void store_one() {
        if (storing_.empty())
            return;
        if (!healed_ && dice_.one_in(6)) {
            storing_.clear();
            return control(fleet::input::FlowsFailed{"the disk is full"});
        }
        const auto it = storing_.front();
        storing_.pop_front();
        for (const auto& summary : it.batch.summaries())
            ++store_.flows[summary.count()];
        store_.start.flow_stream = it.stream;
        store_.start.flows_through = it.batch.last();
        control(fleet::input::FlowsStored{it.stream, it.batch.last()});
    }

    Dice dice_;
    Millis now_{1000};
    v1::Policy policy_;
    v1::Inventory inventory_;
    AgentDisk disk_;
    Store store_;
    std::optional<agent::Session> agent_;
    std::optional<fleet::Session> control_;
    std::uint64_t epoch_ = 0;
    fleet::ConnectionId last_connection_ = 0;
    std::map<fleet::ConnectionId, Pipe> pipes_;
    std::vector<fleet::ConnectionId> closed_; // Disconnected is owed
    std::deque<std::variant<agent::action::ApplyPolicy, agent::action::ApplyInventory>> jobs_;
    std::deque<fleet::action::StoreFlows> storing_;
    fleet::SessionStats totals_;
    bool healed_ = false;
};

TEST(Chaos, EndsWithBothSidesHoldingTheSame) {
    fleet::SessionStats totals;
    std::uint64_t roll_backs = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed);
        for (int i = 0; i < 600; ++i)
            world.step();
        world.heal();
        ASSERT_TRUE(world.settled()) << world.describe();
        EXPECT_EQ(world.store().flows.size(), world.flows_offered());
        for (const auto& [id, times] : world.store().flows)
            EXPECT_EQ(times, 1) << "summary " << id;
        const auto stats = world.totals();
        EXPECT_EQ(stats.flows_lost + stats.flow_overlaps, 0U);
        totals.deltas += stats.deltas;
        totals.snapshots += stats.snapshots;
        totals.flow_duplicates += stats.flow_duplicates;
        roll_backs += world.roll_backs;
    }
    // The dice have been everywhere.
    EXPECT_GT(totals.deltas, 100U);
    EXPECT_GT(totals.snapshots, 100U);
    EXPECT_GT(totals.flow_duplicates, 10U);
    EXPECT_GT(roll_backs, 10U);
}

} // namespace
} // namespace ringwall::session_test
