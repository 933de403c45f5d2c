// Whatever is staged over whatever is in force: what an agent enforces decides as if nothing were
// staged, and what is staged for it decides as the draft would, by the one inventory that it holds.
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/compute/compute.h"
#include "control/core/fleets.h"
#include "control/model/validate.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/vocabulary.h"
#include "tests/unit/hub_story.h"
#include "tests/unit/scratch.h"

namespace ringwall::core {
namespace {

using model::Policy;
using oracle::Dice;

template <typename T, typename E>
T must(std::expected<T, E> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

bool is_good(const Policy& policy) {
    return std::ranges::none_of(
               model::validate(policy),
               [](const auto& problem) { return problem.severity == model::Severity::error; }) &&
           compute::check(policy).has_value();
}

std::vector<std::string> agents_of(const Policy& policy) {
    std::vector<std::string> out;
    for (const auto& workload : policy.workloads)
        if (workload.managed && workload.cgroup.empty())
            out.push_back(workload.name);
    return out;
}

// ---- The naive judge of a policy by an inventory

// Identities of an address on this host; none: it is nobody's.
std::set<std::uint32_t> owners(const v1::Inventory& inventory, const std::string& address) {
    std::set<std::uint32_t> out;
    for (const auto& owner : inventory.addresses())
        if (owner.address() == address)
            out.insert(owner.identities().begin(), owner.identities().end());
    return out;
}

bool names(const v1::Rule& rule, std::optional<std::uint32_t> identity) {
    const auto& peers = rule.peers();
    return peers.any() || (identity && (peers.all_workloads() ||
                                        std::ranges::find(peers.identities(), *identity) !=
                                            peers.identities().end()));
}

// Everything that could decide: of each action the rules that match for some owner, and whether
// some rule of it matches for each. Lists are left to their names: both sides have the same.
std::string judged(const v1::Policy& policy, const v1::Inventory& inventory,
                   const std::string& subject, v1::Direction direction,
                   const std::string& address) {
    std::vector<std::optional<std::uint32_t>> views;
    for (const auto identity : owners(inventory, address))
        views.emplace_back(identity);
    if (views.empty())
        views.emplace_back();
    std::map<std::string, std::set<std::string>> rules;
    std::map<std::string, std::set<std::size_t>> held;
    for (const auto& one : policy.subjects())
        for (const auto& rule : one.rules()) {
            if (one.workload() != subject || rule.direction() != direction)
                continue;
            for (std::size_t i = 0; i < views.size(); ++i) {
                if (!names(rule, views[i]))
                    continue;
                std::string services;
                for (const auto& service : rule.services())
                    services += service.ShortDebugString() + "; ";
                const auto action = v1::Action_Name(rule.action());
                rules[action].insert(rule.id() + " " + services);
                held[action + " " + services].insert(i);
            }
        }
    std::string out;
    for (const auto& [action, ids] : rules)
        for (const auto& id : ids)
            out += action + " " + id + "\n";
    for (const auto& [what, some] : held)
        out += fmt::format("{} for {}\n", what, some.size() == views.size() ? "each" : "some");
    return out;
}

std::set<std::string> lists_named(const v1::Policy& policy) {
    std::set<std::string> out;
    for (const auto& subject : policy.subjects())
        for (const auto& rule : subject.rules())
            for (const auto& list : rule.peers().lists())
                out.insert(subject.workload() + " " + rule.id() + " " + list);
    return out;
}

// `got` by `inventory` decides as `wanted` by its own.
void must_decide_alike(const v1::Policy& got, const v1::Inventory& inventory,
                       const v1::Snapshot& wanted) {
    EXPECT_EQ(lists_named(got), lists_named(wanted.policy()));
    std::set<std::string> addresses{"\xc6\x33\x64\x01"};
    for (const auto* one : {&inventory, &wanted.inventory()})
        for (const auto& owner : one->addresses())
            addresses.insert(owner.address());
    for (const auto& subject : wanted.policy().subjects())
        for (const auto direction : {v1::OUTBOUND, v1::INBOUND})
            for (const auto& address : addresses)
                ASSERT_EQ(judged(got, inventory, subject.workload(), direction, address),
                          judged(wanted.policy(), wanted.inventory(), subject.workload(), direction,
                                 address))
                    << subject.workload() << " and an address of " << address.size() << " bytes";
}

// ---- Random worlds

class World {
  public:
    explicit World(std::uint64_t seed) : dice_(seed), active_(random()) {
        if (auto loaded = fleets_.load(active_, 1); !loaded)
            throw std::runtime_error(loaded.error().message);
        for (const auto& agent : agents_of(active_))
            hub_.add(agent, {});
    }

    void step() {
        switch (dice_.weighted({35, 15, 20, 30})) {
        case 0:
            return stage();
        case 1:
            staged_.reset();
            return fleets_.send(must(fleets_.unstage()), {});
        case 2:
            return provision();
        default:
            return relabel();
        }
    }

    void provision() {
        const auto former = std::exchange(active_, another());
        fleets_.send(must(fleets_.provision(active_, ++version_, former)), {});
    }

    void check() {
        for (const auto& agent : agents_of(active_)) {
            SCOPED_TRACE(agent);
            const auto from = fleets_.sources(agent);
            const auto policy = must(policy_of(from, agent));
            const auto inventory = must(inventory_of(from, agent));
            must_decide_alike(policy, inventory, must(compute::snapshot(active_, agent, 1)));
            EXPECT_EQ(policy.has_staged(), staged_ && fleets_.staged_for().contains(agent));
            if (!staged_)
                continue;
            const auto wanted = must(compute::snapshot(*staged_, agent, 1));
            must_decide_alike(policy.has_staged() ? policy.staged() : policy, inventory, wanted);
            concerned += policy.has_staged();
            more_than_rules +=
                policy.has_staged() &&
                std::ranges::any_of(policy.staged().subjects(), [](const auto& subject) {
                    return subject.mode() != v1::MODE_UNSPECIFIED || !subject.addresses().empty();
                });
        }
    }

    int concerned = 0, refused = 0, newly_named = 0, more_than_rules = 0;

  private:
    Policy random() {
        return oracle::random_policy(dice_, oracle::imaginary_programs(), oracle::Expiry::some);
    }

    // Other rules for the same workloads, some of which they name.
    Policy another() {
        for (;;) {
            Policy out = random();
            out.workloads = active_.workloads;
            for (auto& set : out.rule_sets)
                for (auto& rule : set.rules)
                    for (auto* side : {&rule.from, &rule.to})
                        for (auto& selector : *side) {
                            const bool named = selector.form == model::Selector::Form::workload;
                            if (!named && (!set.scopes.empty() || !dice_.percent(20)))
                                continue;
                            selector = {.form = model::Selector::Form::workload,
                                        .name = dice_.pick(out.workloads).name};
                        }
            oracle::drop_unjudged(out);
            if (is_good(out))
                return out;
        }
    }

    void stage() {
        staged_ = another();
        const auto computed = must(fleets_.stage(*staged_, ++number_));
        newly_named += computed.renumbers();
        fleets_.send(computed, {});
    }

    void relabel() {
        auto workload = dice_.pick(active_.workloads);
        const auto before = workload;
        if (dice_.percent(60))
            workload.labels = dice_.pick(active_.workloads).labels;
        else if (const auto& other = dice_.pick(active_.workloads); !other.addresses.empty())
            workload.addresses.push_back(other.addresses.front());
        const auto done = fleets_.edit({{workload}, {}}, {{before}, {}});
        if (!done) {
            ++refused;
            return;
        }
        fleets_.send(*done, {});
        for (auto* policy : {&active_, staged_ ? &*staged_ : nullptr})
            if (policy)
                *std::ranges::find(policy->workloads, workload.name, &model::Workload::name) =
                    workload;
    }

    Dice dice_;
    agent::testing::Scratch scratch_;
    std::unique_ptr<store::Store> store_ =
        must(store::open_sqlite({.path = scratch_.path("policy.db")}));
    Ledger ledger_ = must(Ledger::load(*store_));
    session_test::Story story_;
    fleet::Hub hub_{{}, story_};
    Fleets fleets_{hub_, ledger_, must(pki::PrivateKey::generate(pki::KeyKind::signing))};
    Policy active_;
    std::optional<Policy> staged_;
    std::uint64_t version_ = 1, number_ = 0;
};

class StagedWorlds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(StagedWorlds, DecideAsIfNothingWereStagedAndAsTheDraftWould) {
    World world(GetParam());
    const auto goes_on = [&](int step) {
        return step < 15 || (step < 100 && world.newly_named == 0);
    };
    for (int step = 0; goes_on(step) && !HasFailure(); ++step) {
        SCOPED_TRACE(fmt::format("world {} step {}", GetParam(), step));
        world.step();
        world.check();
    }
    EXPECT_GT(world.concerned, 0);
    EXPECT_GT(world.newly_named, 0) << "nothing was split, so nothing was shown";
    EXPECT_EQ(world.more_than_rules, 0) << "of a staged subject only its rules count";
}

INSTANTIATE_TEST_SUITE_P(Seeds, StagedWorlds, testing::Range<std::uint64_t>(1, 13));

} // namespace
} // namespace ringwall::core
