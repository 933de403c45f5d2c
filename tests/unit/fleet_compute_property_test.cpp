// Any sequence of changes ends where compute::snapshot() from scratch ends, for every host, after
// every step; and whoever asks again only for what a change says to differ has the same.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/compute/fleet.h"
#include "control/model/validate.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/vocabulary.h"
#include "tests/unit/fleet_compute_replica.h"

namespace ringwall::compute {
namespace {

using model::Policy;
using model::Workload;
using oracle::Dice;
using Result = std::expected<Change, Error>;

constexpr std::uint64_t worlds = 20;

// Computing from scratch is what takes the time; the long run is by hand.
int steps() {
    const char* wanted = std::getenv("RINGWALL_FLEET_STEPS");
    return wanted ? std::atoi(wanted) : 30;
}

// A fleet with the agents that follow it.
class Followed {
  public:
    explicit Followed(Inventory inventory) : inventory_(inventory), fleet(inventory) {}

    void follow(const Change& change) {
        for (const auto& host : change.gone)
            ASSERT_EQ(agents_.erase(host), 1U) << host;
        change.each_host(
            [&](const compute::HostChange& one) { agents_.at(one.host).apply(one, fleet); });
        for (const auto& host : change.joined)
            ASSERT_TRUE(agents_.emplace(host, test::snapshot_of(fleet, host)).second) << host;
    }

    void must_be(const std::map<std::string, v1::Snapshot>& wanted) const {
        ASSERT_EQ(agents_.size(), wanted.size());
        for (const auto& [host, whole] : wanted) {
            const std::string want = test::canonical(
                inventory_ == Inventory::visible ? test::visible_part(whole) : whole);
            must_equal(test::snapshot_of(fleet, host), want, host);
            must_equal(agents_.at(host).snapshot(), want, host + " by what it was told of");
        }
    }

  private:
    static void must_equal(const v1::Snapshot& is, const std::string& want,
                           const std::string& whose) {
        const std::string got = test::canonical(is);
        ASSERT_TRUE(got == want) << whose << " is\n"
                                 << test::readable(got) << "and should be\n"
                                 << test::readable(want);
    }

    Inventory inventory_;
    std::map<std::string, test::Replica> agents_;

  public:
    Fleet fleet;
};

bool is_agent(const Workload& workload) {
    return workload.managed && workload.cgroup.empty();
}

class World {
  public:
    explicit World(std::uint64_t seed) : dice_(seed), policy_(random()) {}

    void start() {
        const Policy whole = policy_;
        Policy bare;
        bare.workloads = whole.workloads;
        change([&](Fleet& fleet) { return fleet.put_all(bare.workloads); }, bare);
        change([&](Fleet& fleet) { return fleet.provision(whole, 1); }, whole);
        const Fleet loaded = Fleet::load(Inventory::all, whole, 1, 7).value();
        EXPECT_EQ(loaded.revision(), 7U);
        for (const auto& [host, wanted] : wanted_)
            EXPECT_EQ(test::canonical(test::snapshot_of(loaded, host)), test::canonical(wanted));
    }

    void step() {
        if (dice_.percent(20))
            return provision();
        Policy next = policy_;
        const std::size_t index = dice_.below(next.workloads.size());
        if (dice_.percent(8)) {
            const std::string name = next.workloads[index].name;
            next.workloads.erase(next.workloads.begin() + static_cast<std::ptrdiff_t>(index));
            return change([&](Fleet& fleet) { return fleet.remove(name); }, std::move(next));
        }
        std::vector<Workload> puts;
        for (int i = dice_.percent(85) ? 1 : 3; i > 0; --i)
            put_last(puts, edited(next));
        change(
            [&](Fleet& fleet) {
                return puts.size() == 1 ? fleet.put(puts[0]) : fleet.put_all(puts);
            },
            std::move(next));
    }

    int accepted = 0, refused = 0;

  private:
    Policy random() {
        return oracle::random_policy(dice_, oracle::imaginary_programs(), oracle::Expiry::some);
    }

    static void put_last(std::vector<Workload>& puts, const Workload& workload) {
        std::erase_if(puts, [&](const auto& put) { return put.name == workload.name; });
        puts.push_back(workload);
    }

    // Changes or adds one workload of `next`; says which.
    Workload edited(Policy& next) {
        if (dice_.percent(12)) {
            const Policy other = random();
            Workload added = dice_.pick(other.workloads);
            if (dice_.percent(70) && added.cgroup.empty() && added.realm == model::Realm::routable)
                added.name += fmt::format("-{}", dice_.below(4));
            std::erase_if(next.workloads, [&](const auto& w) { return w.name == added.name; });
            next.workloads.push_back(added);
            return added;
        }
        Workload& workload = next.workloads[dice_.below(next.workloads.size())];
        switch (dice_.weighted({30, 15, 30, 8, 8})) {
        case 0:
            workload.labels = dice_.percent(50) ? oracle::random_labels(dice_)
                                                : dice_.pick(next.workloads).labels;
            break;
        case 1:
            workload.mode = oracle::random_mode(dice_);
            break;
        case 2:
            readdress(workload, next);
            break;
        case 3:
            workload.managed = !workload.managed;
            break;
        default:
            if (!workload.host.empty())
                workload.realm = workload.realm == model::Realm::host ? model::Realm::routable
                                                                      : model::Realm::host;
        }
        return workload;
    }

    void readdress(Workload& workload, const Policy& next) {
        const Workload& other = dice_.pick(next.workloads);
        if (dice_.percent(40) && !workload.addresses.empty())
            workload.addresses.pop_back();
        else if (dice_.percent(40) && !other.addresses.empty())
            workload.addresses.push_back(dice_.pick(other.addresses));
        else
            workload.addresses.push_back(
                oracle::plus(Address::v4(0x0a000100), dice_.between(1, 60)));
    }

    void provision() {
        Policy next = policy_;
        const Policy other = random();
        const auto take = [&](auto& mine, const auto& theirs) {
            if (theirs.empty())
                return;
            const auto& object = dice_.pick(theirs);
            std::erase_if(mine, [&](const auto& old) { return old.name == object.name; });
            if (dice_.percent(85))
                mine.push_back(object);
        };
        for (int i = dice_.percent(70) ? 1 : 4; i > 0; --i)
            switch (dice_.weighted({50, 15, 15, 15, 10})) {
            case 0:
                take(next.rule_sets, other.rule_sets);
                break;
            case 1:
                take(next.services, other.services);
                break;
            case 2:
                take(next.lists, other.lists);
                break;
            case 3:
                take(next.groups, other.groups);
                break;
            default:
                std::ranges::reverse(next.rule_sets);
            }
        if (dice_.percent(90))
            oracle::drop_unjudged(next);
        const std::uint64_t version = ++version_;
        change([&](Fleet& fleet) { return fleet.provision(next, version); }, next);
    }

    static std::optional<std::map<std::string, v1::Snapshot>> from_scratch(const Policy& policy) {
        std::map<std::string, v1::Snapshot> out;
        const auto wrong = [](const auto& problem) {
            return problem.severity == model::Severity::error;
        };
        if (std::ranges::any_of(model::validate(policy), wrong) || !check(policy))
            return std::nullopt;
        for (const Workload& workload : policy.workloads) {
            if (!is_agent(workload))
                continue;
            out[workload.name] = snapshot(policy, workload.name, 1).value();
        }
        return out;
    }

    void change(const std::function<Result(Fleet&)>& make, Policy next) {
        const auto wanted = from_scratch(next);
        for (Followed* one : {&all_, &visible_}) {
            const auto revision = one->fleet.revision();
            const Result result = make(one->fleet);
            ASSERT_EQ(result.has_value(), wanted.has_value())
                << (result ? "accepted what compute refuses" : result.error().message);
            ASSERT_EQ(one->fleet.revision(), revision + (result ? 1 : 0));
            if (result)
                one->follow(*result);
            else
                ASSERT_EQ(result.error().code, Errc::invalid_policy);
        }
        (wanted ? accepted : refused)++;
        if (wanted) {
            policy_ = std::move(next);
            wanted_ = *wanted;
        }
        all_.must_be(wanted_);
        visible_.must_be(wanted_);
        if (dice_.percent(30))
            for (Followed* one : {&all_, &visible_})
                one->fleet.release(one->fleet.revision());
    }

    Dice dice_;
    Policy policy_;
    std::map<std::string, v1::Snapshot> wanted_;
    std::uint64_t version_ = 1;
    Followed all_{Inventory::all}, visible_{Inventory::visible};
};

class FleetWorlds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FleetWorlds, EndWhereComputeFromScratchEndsAfterEveryStep) {
    World world(GetParam());
    world.start();
    for (int step = 0; step < steps() && !HasFatalFailure(); ++step) {
        SCOPED_TRACE(fmt::format("world {} step {}", GetParam(), step));
        world.step();
    }
    EXPECT_GT(world.accepted, steps() / 3);
    EXPECT_GT(world.refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FleetWorlds, testing::Range<std::uint64_t>(1, worlds + 1));

} // namespace
} // namespace ringwall::compute
