// What is held on the disk: whole before and after each change, whenever the agent is killed.
#include "agent/held.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "agent/files.h"
#include "control/proto/delta.h"
#include "tests/unit/agent_link_world.h"
#include "tests/unit/small_disk.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
using link_test::keys;
using testing::Scratch;
using namespace std::chrono_literals;

PolicyRef policy(std::uint64_t version) {
    HeldPolicy held;
    held.policy = link_test::policy(version);
    held.envelope = keys().sign(held.policy);
    held.holding = wire::holding(held.policy);
    return std::make_shared<const HeldPolicy>(std::move(held));
}

InventoryRef inventory(std::uint64_t revision) {
    HeldInventory held;
    held.inventory = link_test::inventory(revision);
    held.holding = wire::holding(held.inventory);
    return std::make_shared<const HeldInventory>(std::move(held));
}

class HeldTest : public ::testing::Test {
  protected:
    Held open(Time now = 1000s, const std::string& boot = "boot-1") const {
        auto held = Held::open({.directory = scratch.path("controller"),
                                .verify = verifier({keys().signer.public_key()}),
                                .boot_id = boot,
                                .now = now,
                                .wall_ns = 1'800'000'000'000'000'000});
        return std::move(held.value());
    }
    std::string only_file(const std::string& half) const {
        std::string found;
        for (const auto& entry : fs::directory_iterator(scratch.path("controller")))
            if (entry.path().filename().string().starts_with(half)) {
                EXPECT_EQ(found, "") << "more than one " << half;
                found = entry.path().string();
            }
        return found;
    }

    Scratch scratch;
};

TEST_F(HeldTest, ANewHostHoldsNothing) {
    const auto held = open();
    EXPECT_EQ(held.policy(), nullptr);
    EXPECT_EQ(held.inventory(), nullptr);
    EXPECT_FALSE(held.snapshot());
    EXPECT_TRUE(held.notes().empty());
    EXPECT_GT(held.epoch(), 0u);
}

TEST_F(HeldTest, TheEpochRisesWithEveryStartAlsoWhenTheStateWasLost) {
    const auto first = open().epoch();
    EXPECT_EQ(open().epoch(), first + 1);
    fs::remove_all(scratch.path("controller"));
    EXPECT_GE(open().epoch(), first) << "the wall clock makes it";
}

TEST_F(HeldTest, AStartOnAFullDiskEnforcesWhatIsThere) {
    const testing::SmallDisk disk(scratch.path("controller"));
    ASSERT_TRUE(disk.mounted()) << "this test mounts a tmpfs: run as root";
    std::uint64_t before = 0;
    {
        auto held = open();
        before = held.epoch();
        ASSERT_TRUE(held.keep_policy(policy(3), 0s, 1000s));
        ASSERT_TRUE(held.keep_inventory(inventory(5)));
    }
    std::ofstream(scratch.path("controller/ballast")) << std::string(3 << 20, 'b');
    const auto held = open();
    EXPECT_EQ(held.epoch(), before + 1);
    ASSERT_TRUE(held.snapshot());
    EXPECT_EQ(held.snapshot()->policy().version(), 3u);
    ASSERT_EQ(held.notes().size(), 1u);
    EXPECT_NE(held.notes()[0].find("No space left"), std::string::npos) << held.notes()[0];
}

TEST_F(HeldTest, BothHalvesSurvive) {
    {
        auto held = open();
        ASSERT_TRUE(held.keep_policy(policy(3), 0s, 1000s));
        ASSERT_TRUE(held.keep_inventory(inventory(5)));
    }
    const auto held = open();
    ASSERT_TRUE(held.snapshot());
    EXPECT_EQ(held.snapshot()->policy().version(), 3u);
    EXPECT_EQ(held.snapshot()->inventory().revision(), 5u);
    EXPECT_TRUE(wire::same(held.policy()->holding, policy(3)->holding));
    EXPECT_TRUE(wire::same(held.inventory()->holding, inventory(5)->holding));
    EXPECT_FALSE(held.start().confirm_by);
}

TEST_F(HeldTest, OldContentsAreRemoved) {
    auto held = open();
    for (std::uint64_t version = 1; version < 5; ++version) {
        ASSERT_TRUE(held.keep_policy(policy(version), 0s, 1000s));
        ASSERT_TRUE(held.keep_inventory(inventory(version)));
    }
    EXPECT_NE(only_file("policy-4"), "");
    EXPECT_NE(only_file("inventory-4"), "");
    EXPECT_NE(only_file("policy"), "");
}

TEST_F(HeldTest, AWaitingVersionWaitsOnAfterARestart) {
    {
        auto held = open();
        ASSERT_TRUE(held.keep_policy(policy(1), 0s, 1000s));
        ASSERT_TRUE(held.keep_policy(policy(2), 60s, 1000s));
    }
    const auto start = open(1030s).start();
    EXPECT_EQ(start.policy->policy.version(), 2u);
    EXPECT_EQ(start.last_confirmed->policy.version(), 1u);
    EXPECT_EQ(start.confirm_by, Time(1060s));
}

TEST_F(HeldTest, ASecondWaitingVersionGoesBackToTheLastConfirmedOne) {
    auto held = open();
    ASSERT_TRUE(held.keep_policy(policy(1), 0s, 1000s));
    ASSERT_TRUE(held.keep_policy(policy(2), 60s, 1000s));
    ASSERT_TRUE(held.keep_policy(policy(3), 60s, 1010s));
    EXPECT_EQ(held.start().last_confirmed->policy.version(), 1u);
}

TEST_F(HeldTest, AWaitIsOverAfterItsTimeAndAfterAReboot) {
    for (const auto& [now, boot] : {std::pair<Time, std::string>(1061s, "boot-1"),
                                    std::pair<Time, std::string>(5s, "boot-2")}) {
        fs::remove_all(scratch.path("controller"));
        {
            auto held = open();
            ASSERT_TRUE(held.keep_policy(policy(1), 0s, 1000s));
            ASSERT_TRUE(held.keep_policy(policy(2), 60s, 1000s));
        }
        const auto held = open(now, boot);
        EXPECT_EQ(held.policy()->policy.version(), 1u) << boot;
        EXPECT_EQ(held.start().rolled_back, 2u);
        EXPECT_FALSE(held.start().confirm_by);
        EXPECT_EQ(held.notes().size(), 1u);
        EXPECT_EQ(open(now, boot).start().rolled_back, 2u) << "and stays so";
    }
}

TEST_F(HeldTest, WithoutAnEarlierOneNothingIsHeldAfterTheWait) {
    {
        auto held = open();
        ASSERT_TRUE(held.keep_inventory(inventory(1)));
        ASSERT_TRUE(held.keep_policy(policy(1), 60s, 1000s));
        EXPECT_TRUE(held.start().confirm_by);
        EXPECT_EQ(held.start().last_confirmed, nullptr);
    }
    EXPECT_EQ(open(2000s).policy(), nullptr);
}

TEST_F(HeldTest, ConfirmedAndRolledBackSurvive) {
    {
        auto held = open();
        ASSERT_TRUE(held.keep_policy(policy(1), 0s, 1000s));
        ASSERT_TRUE(held.keep_policy(policy(2), 60s, 1000s));
        ASSERT_TRUE(held.confirm());
    }
    EXPECT_EQ(open(5000s).policy()->policy.version(), 2u);
    {
        auto held = open();
        ASSERT_TRUE(held.keep_policy(policy(3), 60s, 1000s));
        ASSERT_TRUE(held.roll_back(held.start().last_confirmed, 3));
    }
    const auto held = open();
    EXPECT_EQ(held.policy()->policy.version(), 2u);
    EXPECT_EQ(held.start().rolled_back, 3u);
}

// A version that named a workload by itself gave it another number, and was then left.
TEST_F(HeldTest, WhoGoesBackGoesBackToTheIdentitiesOfThen) {
    const auto knows = [](std::uint64_t revision, std::uint32_t identities) {
        HeldInventory held;
        held.inventory = link_test::inventory(revision, identities);
        held.holding = wire::holding(held.inventory);
        return std::make_shared<const HeldInventory>(std::move(held));
    };
    const auto names_two = [] {
        HeldPolicy held;
        held.policy = link_test::policy(1, {2});
        held.envelope = keys().sign(held.policy);
        held.holding = wire::holding(held.policy);
        return std::make_shared<const HeldPolicy>(std::move(held));
    }();
    for (const bool killed : {false, true}) {
        fs::remove_all(scratch.path("controller"));
        std::optional<Held> held(open());
        ASSERT_TRUE(held->keep_inventory(knows(5, 2)));
        ASSERT_TRUE(held->keep_policy(names_two, 0s, 1000s));
        const auto former = held->inventory();
        ASSERT_TRUE(held->keep_inventory(knows(6, 1)));
        ASSERT_TRUE(held->keep_policy(policy(2), 60s, 1000s, former));
        if (killed)
            held.emplace(open(2000s)); // its time is over
        else
            ASSERT_TRUE(held->roll_back(held->start().last_confirmed, 2));
        ASSERT_EQ(held->policy()->policy.version(), 1u);
        const auto snapshot = held->snapshot();
        ASSERT_TRUE(snapshot);
        EXPECT_EQ(snapshot->inventory().revision(), 5u);
        EXPECT_EQ(snapshot->policy().subjects(0).rules(0).peers().identities_size(), 1);
        EXPECT_EQ(held->inventory()->inventory.revision(), 6u)
            << "what the controller goes on from";
        EXPECT_EQ(open(2000s).snapshot()->inventory().revision(), 5u) << "also after a restart";
        ASSERT_TRUE(held->keep_policy(policy(3), 0s, 3000s));
        EXPECT_EQ(open(3000s).snapshot()->inventory().revision(), 6u);
    }
}

TEST_F(HeldTest, NothingDamagedOrForeignIsUsed) {
    {
        auto held = open();
        ASSERT_TRUE(held.keep_policy(policy(1), 0s, 1000s));
        ASSERT_TRUE(held.keep_inventory(inventory(1)));
    }
    for (const auto* half : {"policy", "inventory"}) {
        const auto file = only_file(half);
        auto content = read_file(file).value();
        content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
        ASSERT_TRUE(write_file(file, content));
    }
    const auto held = open();
    EXPECT_EQ(held.policy(), nullptr);
    EXPECT_EQ(held.inventory(), nullptr);
    EXPECT_EQ(held.notes().size(), 2u);
}

TEST_F(HeldTest, ATornStateFileIsANoteNotAFailure) {
    {
        auto held = open();
        ASSERT_TRUE(held.keep_policy(policy(1), 0s, 1000s));
    }
    scratch.write("controller/held.json", R"({"epoch":12,"pol)");
    const auto held = open();
    EXPECT_EQ(held.policy(), nullptr);
    EXPECT_EQ(held.notes().size(), 1u);
    EXPECT_GT(held.epoch(), 12u);
}

// A child goes through versions, each kept final, and is killed somewhere on the way.
TEST_F(HeldTest, KilledAtAnyMomentItHasOneWholeVersion) {
    std::minstd_rand random(1);
    std::uint64_t newest = 0;
    for (int round = 0; round < 30; ++round) {
        int told[2];
        ASSERT_EQ(pipe(told), 0);
        const auto child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto held = open();
            for (std::uint64_t version = newest + 1;; ++version) {
                if (!held.keep_policy(policy(version), 0s, 1000s) ||
                    !held.keep_inventory(inventory(version)) ||
                    write(told[1], &version, sizeof version) != sizeof version)
                    _exit(1);
            }
        }
        close(told[1]);
        std::uint64_t kept = 0;
        for (auto wanted = random() % 5 + 1; wanted > 0; --wanted)
            ASSERT_EQ(read(told[0], &kept, sizeof kept), ssize_t(sizeof kept));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        while (read(told[0], &kept, sizeof kept) == ssize_t(sizeof kept)) {
        }
        close(told[0]);
        const auto held = open();
        ASSERT_TRUE(held.policy() && held.inventory()) << "round " << round;
        ASSERT_TRUE(held.notes().empty()) << held.notes().front();
        EXPECT_GE(held.policy()->policy.version(), kept);
        EXPECT_LE(held.policy()->policy.version(), kept + 1);
        EXPECT_GE(held.inventory()->inventory.revision(), kept);
        newest = held.policy()->policy.version();
    }
}

} // namespace
} // namespace ringwall::agent
