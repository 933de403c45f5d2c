// A hundred random kills, restarts, cuts, heals and changes: in the end every agent enforces
// exactly what the policy computed from scratch says, and every flow summary was stored.
#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/compute/compute.h"
#include "tests/unit/core_words.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {
namespace {

constexpr int host_count = 6, steps = 100;
const std::vector<std::string> roles{"Web", "App", "Db"};

class Chaos {
  public:
    explicit Chaos(std::uint32_t seed) : dice_(seed) {
        for (int i = 0; i < host_count; ++i)
            hosts_.push_back(world_.pair(
                fmt::format("h{}", i),
                fmt::format(R"({{"role":"{}","app":"Payments"}})", roles[pick(roles.size())]),
                fmt::format("10.0.0.{}", i + 1)));
        EXPECT_TRUE(world_.apply(payments));
        world_.provision();
    }

    void step() {
        auto& host = *hosts_[pick(hosts_.size())];
        switch (pick(10)) {
        case 0:
            return world_.open();
        case 1:
            return host.stop();
        case 2:
        case 3:
            host.start();
            return;
        case 4:
            return host.cut();
        case 5:
            return relabel(host.name());
        case 6:
            return change_rules();
        case 7:
            return decide();
        case 8:
            return host.online() ? flows(host) : void();
        default:
            return world_.pass(Millis(pick(40'000)));
        }
    }

    void heal() {
        for (auto& host : hosts_) {
            host->stop();
            host->start();
        }
        world_.pass(5min);
        if (const auto rollout = world_.controller().rollout(); rollout && rollout->open()) {
            EXPECT_TRUE(world_.controller().proceed(world_.me())); // a canary may wait for ever
            world_.pass(1min);
        }
    }

    // In words, since numbers may differ from those of a policy computed alone.
    void check() {
        for (const auto& host : hosts_) {
            ASSERT_TRUE(host->has_policy());
            const auto wanted = compute::snapshot(world_.controller().active(), host->name(), 1);
            ASSERT_TRUE(wanted) << wanted.error().message;
            EXPECT_EQ(words(host->policy(), host->inventory()),
                      words(wanted->policy(), wanted->inventory()))
                << host->name();
            EXPECT_EQ(world_.through(host->name()).second, sent_[host->name()]) << host->name();
            const auto agent = world_.controller().agent(host->name());
            EXPECT_TRUE(agent->current)
                << agent->name << " " << fleet::name(agent->presence) << " " << agent->refused
                << " holds " << host->policy().version() << ", " << host->inventory().revision();
        }
    }

  private:
    std::size_t pick(std::size_t below) { return dice_() % below; }

    void relabel(const std::string& name) {
        EXPECT_TRUE(world_.apply(fmt::format(
            R"({{"apiVersion":"ringwall/v1","kind":"Workload","metadata":{{"name":"{}"}},
                "spec":{{"addresses":["10.0.0.{}"],"mode":"{}",
                         "labels":{{"role":"{}","app":"Payments"}}}}}})",
            name, name.back() - '0' + 1, pick(2) ? "full" : "visibility",
            roles[pick(roles.size())])));
    }

    void change_rules() {
        EXPECT_TRUE(world_.apply(fmt::format(
            R"({{"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{{"name":"payments"}},
                "spec":{{"scopes":[{{"app":"Payments"}}],"rules":[
                {{"name":"r{}","action":"{}","scope":"intra","from":[{{"role":"{}"}}],
                  "to":[{{"role":"{}"}}],"services":[{{"service":"tomcat"}}]}}]}}}})",
            pick(5), pick(3) ? "allow" : "deny", roles[pick(roles.size())],
            roles[pick(roles.size())])));
        core::ProvisionRequest request;
        request.by = world_.me();
        if (pick(2))
            request.confirm_within = 30s;
        if (pick(3) == 0) {
            request.canary = core::Canary{"", 50, {}};
            for (const auto& host : hosts_)
                request.canary_agents.push_back(host->name());
        }
        const auto done = world_.controller().provision(request);
        EXPECT_TRUE(done || done.error().code == core::Errc::busy ||
                    done.error().code == core::Errc::nothing)
            << done.error().message;
        world_.settle();
    }

    void decide() {
        const auto rollout = world_.controller().rollout();
        if (!rollout || !rollout->open())
            return;
        const bool first = rollout->phase == core::Phase::canary;
        if (pick(3) == 0)
            EXPECT_TRUE(world_.controller().abort(world_.me(), "chance"));
        else if (first)
            EXPECT_TRUE(world_.controller().proceed(world_.me()));
        else
            EXPECT_TRUE(world_.controller().confirm(world_.me()));
        world_.settle();
    }

    void flows(Host& host) {
        v1::FlowSummary summary;
        summary.set_count(1);
        host.send_flows(summary);
        ++sent_[host.name()];
    }

    static std::vector<std::string> words(const v1::Policy& policy,
                                          const v1::Inventory& inventory) {
        std::map<std::uint32_t, std::string> names;
        std::map<std::uint32_t, std::vector<std::string>> addresses;
        for (const auto& owner : inventory.addresses())
            for (const auto identity : owner.identities())
                addresses[identity].push_back(owner.address());
        std::vector<std::string> out;
        for (const auto& subject : policy.subjects()) {
            out.push_back(fmt::format("{} {}", subject.workload(), int(subject.mode())));
            for (const auto& rule : subject.rules()) {
                std::vector<std::string> peers;
                for (const auto identity : rule.peers().identities())
                    peers.insert(peers.end(), addresses[identity].begin(),
                                 addresses[identity].end());
                std::ranges::sort(peers);
                std::string bytes;
                for (const auto& peer : peers)
                    bytes += peer + "|";
                out.push_back(fmt::format("{} {} {} {}", rule.id(), int(rule.action()),
                                          int(rule.direction()), bytes));
            }
        }
        std::ranges::sort(out);
        return out;
    }

    World world_;
    std::mt19937 dice_;
    std::vector<std::shared_ptr<Host>> hosts_;
    std::map<std::string, std::uint64_t> sent_;
};

void run(std::uint32_t seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Chaos chaos(seed);
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i)
        chaos.step();
    chaos.heal();
    chaos.check();
}

TEST(CoreChaos, EndsInWhatTheOracleSays) {
    const char* given = std::getenv("RINGWALL_SEED");
    const auto first =
        given ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
    for (std::uint32_t seed = first; seed < first + 6 && !::testing::Test::HasFailure(); ++seed)
        run(seed);
}

// A version is confirmed while an agent is away, and when it is back another one is under way that
// is not for it: it must be told all the same.
TEST(CoreChaos, AConfirmIsNotMissedOverAnotherRollout) {
    run(4110310626);
}

} // namespace
} // namespace ringwall::core_test
