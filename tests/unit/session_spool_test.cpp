// The spool on a real disk: full, torn, damaged, killed.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "agent/spool.h"
#include "tests/unit/scratch.h"
#include "tests/unit/session_words.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
using session_test::Dice;
using testing::Scratch;

// One summary for each port, counts added up.
v1::FlowBatch fold_by_port(const v1::FlowBatch& older, const v1::FlowBatch& newer) {
    std::map<std::uint32_t, v1::FlowSummary> sums;
    for (const auto* batch : {&older, &newer})
        for (const auto& summary : batch->summaries()) {
            auto& sum = sums[summary.port()];
            const auto count = sum.count() + summary.count();
            sum = summary;
            sum.set_count(count);
        }
    v1::FlowBatch out;
    for (auto& [port, summary] : sums)
        *out.add_summaries() = std::move(summary);
    return out;
}

v1::FlowBatch keep_all(const v1::FlowBatch& older, const v1::FlowBatch& newer) {
    auto out = older;
    out.MergeFrom(newer);
    return out;
}

v1::FlowBatch flows(std::uint32_t summaries, std::uint32_t ports = 4) {
    v1::FlowBatch out;
    for (std::uint32_t i = 0; i < summaries; ++i) {
        auto& summary = *out.add_summaries();
        summary.set_count(1);
        summary.set_port(i % ports + 1);
        summary.set_subject("app-uk-1");
        summary.set_reason("no rule");
    }
    return out;
}

class SpoolTest : public ::testing::Test {
  protected:
    Scratch scratch;
    SpoolOptions options{scratch.path("spool"), 64 * 1024, 8 * 1024, 2, false};

    Spool open(const Fold& fold = fold_by_port) {
        auto spool = Spool::open(options, 7, fold);
        if (!spool)
            throw std::runtime_error(spool.error().message);
        return std::move(*spool);
    }
    static void expect_balance(const SpoolStats& stats) {
        EXPECT_EQ(stats.offered, stats.delivered + stats.folded + stats.lost + stats.held);
    }
    // All that is kept, acknowledged bit by bit: the sum of the counts.
    static std::uint64_t drain(Spool& spool) {
        std::uint64_t counts = 0, after = spool.acknowledged();
        while (const auto batch = spool.read(after).value()) {
            EXPECT_GT(batch->first(), after);
            after = batch->last();
            for (const auto& summary : batch->summaries())
                counts += summary.count();
            EXPECT_TRUE(spool.acknowledge(after));
        }
        return counts;
    }
    std::vector<fs::path> segments() const {
        std::vector<fs::path> out;
        for (const auto& entry : fs::directory_iterator(options.directory))
            if (entry.path().extension() == ".flows")
                out.push_back(entry.path());
        std::ranges::sort(out);
        return out;
    }
};

TEST_F(SpoolTest, GivesWhatItTookInOrderAlsoAfterARestart) {
    {
        auto spool = open();
        EXPECT_FALSE(spool.read(0).value());
        for (int i = 0; i < 3; ++i)
            ASSERT_TRUE(spool.append(flows(5)));
    }
    auto spool = open();
    EXPECT_EQ(spool.stream(), 7U);
    const auto second = spool.read(5).value();
    EXPECT_EQ(second->first(), 6U);
    EXPECT_EQ(second->last(), 10U);
    EXPECT_EQ(second->summaries_size(), 5);
    ASSERT_TRUE(spool.acknowledge(10));
    EXPECT_EQ(spool.stats().delivered, 10U);
    EXPECT_EQ(open().read(0).value()->first(), 11U);
}

TEST_F(SpoolTest, NumbersGoOnWhenEverythingWasDelivered) {
    {
        auto spool = open();
        ASSERT_TRUE(spool.append(flows(5)));
        EXPECT_EQ(drain(spool), 5U);
        EXPECT_TRUE(segments().empty());
    }
    auto spool = open();
    ASSERT_TRUE(spool.append(flows(1)));
    EXPECT_EQ(spool.read(0).value()->first(), 6U);
}

TEST_F(SpoolTest, WhenFullTheOldestAreSummarisedAndNothingIsLost) {
    auto spool = open();
    for (int i = 0; i < 500; ++i)
        ASSERT_TRUE(spool.append(flows(20)));
    const auto stats = spool.stats();
    expect_balance(stats);
    EXPECT_EQ(stats.offered, 10'000U);
    EXPECT_EQ(stats.lost, 0U);
    EXPECT_GT(stats.folded, 5000U);
    EXPECT_LE(stats.bytes, options.max_bytes);
    EXPECT_EQ(spool.read(0).value()->last(), 20U); // may be on its way: as it was
    EXPECT_EQ(drain(spool), 10'000U);              // counts survive folding
    expect_balance(spool.stats());
}

TEST_F(SpoolTest, WhenFoldingDoesNotHelpTheOldestAreLostAndCounted) {
    auto spool = open(keep_all);
    for (int i = 0; i < 500; ++i)
        ASSERT_TRUE(spool.append(flows(20)));
    const auto stats = spool.stats();
    expect_balance(stats);
    EXPECT_GT(stats.lost, 0U);
    EXPECT_LE(stats.bytes, options.max_bytes);
    EXPECT_EQ(drain(spool) + stats.lost, 10'000U);
    EXPECT_EQ(spool.stats().lost, stats.lost);
    expect_balance(spool.stats());
}

TEST_F(SpoolTest, TheNewestIsLostWhenAllMayBeOnTheirWay) {
    options.in_flight = 1'000'000;
    auto spool = open();
    std::uint64_t refused = 0;
    for (int i = 0; i < 500; ++i)
        if (const auto appended = spool.append(flows(20)); !appended) {
            EXPECT_EQ(appended.error().code, SpoolErrc::full);
            ++refused;
        }
    EXPECT_EQ(spool.stats().lost, refused * 20);
    EXPECT_EQ(spool.stats().failed_appends, refused);
    expect_balance(open().stats());
    EXPECT_EQ(open().stats().lost, refused * 20);
}

TEST_F(SpoolTest, ABatchLargerThanASegmentIsRefused) {
    auto spool = open();
    EXPECT_EQ(spool.append(flows(5000)).error().code, SpoolErrc::too_large);
    EXPECT_EQ(spool.stats().lost, 5000U);
}

TEST_F(SpoolTest, ATornEndIsCutOff) {
    {
        auto spool = open();
        ASSERT_TRUE(spool.append(flows(5)));
        ASSERT_TRUE(spool.append(flows(5)));
    }
    const auto file = segments().at(0);
    for (auto size = fs::file_size(file) - 1; size > fs::file_size(file) / 2; size -= 7) {
        fs::resize_file(file, size);
        auto spool = open();
        EXPECT_EQ(spool.stats().held, 5U);
        ASSERT_TRUE(spool.append(flows(5)));
        EXPECT_EQ(spool.read(5).value()->first(), 6U);
        EXPECT_EQ(spool.stats().lost, 0U);
    }
}

TEST_F(SpoolTest, ADamagedRecordIsAGapThatIsCounted) {
    {
        auto spool = open();
        for (int i = 0; i < 60; ++i)
            ASSERT_TRUE(spool.append(flows(20)));
    }
    ASSERT_GT(segments().size(), 2U);
    std::fstream file(segments().at(0), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('\x7f');
    file.close();
    auto spool = open();
    const auto stats = spool.stats();
    expect_balance(stats);
    EXPECT_EQ(stats.offered, 1200U);
    EXPECT_GT(stats.lost, 0U);
    EXPECT_EQ(drain(spool) + stats.lost, 1200U);
}

TEST_F(SpoolTest, BitsThatRotWhileItRunsAreAGapToo) {
    auto spool = open();
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(spool.append(flows(5)));
    std::fstream file(segments().at(0), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('\x7f');
    file.close();
    EXPECT_EQ(spool.read(0).value()->first(), 6U);
    EXPECT_EQ(spool.stats().lost, 5U);
}

TEST_F(SpoolTest, AnyMixOfAppendsAcknowledgementsAndRestartsStaysBalanced) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        fs::remove_all(options.directory);
        Dice dice(seed);
        auto spool = open();
        std::uint64_t offered = 0, delivered = 0;
        for (int i = 0; i < 300; ++i) {
            if (dice.one_in(40))
                spool = open();
            if (dice.one_in(3)) {
                const auto batch = spool.read(spool.acknowledged()).value();
                for (int k = 0; batch && k < batch->summaries_size(); ++k)
                    delivered += batch->summaries(k).count();
                ASSERT_TRUE(spool.acknowledge(batch ? batch->last() : 0));
            } else {
                const auto count = static_cast<std::uint32_t>(dice.below(60) + 1);
                offered += count;
                ASSERT_TRUE(spool.append(flows(count)));
            }
            ASSERT_EQ(spool.stats().offered, offered);
            expect_balance(spool.stats());
        }
        const auto lost = spool.stats().lost;
        EXPECT_EQ(delivered + drain(spool) + lost, offered);
    }
}

TEST_F(SpoolTest, WhatTheControllerKnowsBeyondThisDiskIsSkipped) {
    auto spool = open();
    ASSERT_TRUE(spool.append(flows(5)));
    ASSERT_TRUE(spool.acknowledge(100)); // this disk is an old copy
    ASSERT_TRUE(spool.append(flows(5)));
    EXPECT_EQ(spool.read(100).value()->first(), 101U);
    expect_balance(spool.stats());
    EXPECT_EQ(spool.stats().lost, 0U);
}

// The child appends and tells through the pipe what was taken; it is killed at any moment.
TEST_F(SpoolTest, WhatWasTakenSurvivesKillMinusNine) {
    std::uint64_t promised = 0;
    for (int round = 0; round < 5; ++round) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto spool = open();
            for (;;)
                if (!spool.append(flows(20)) || write(ends[1], "x", 1) != 1)
                    _exit(1);
        }
        close(ends[1]);
        std::uint64_t taken = 0;
        for (char byte = 0;
             taken < 40U + 21U * static_cast<unsigned>(round) && read(ends[0], &byte, 1) == 1;
             ++taken) {
        }
        kill(child, SIGKILL);
        for (char byte = 0; read(ends[0], &byte, 1) == 1; ++taken) {
        }
        close(ends[0]);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        promised += taken * 20;
        const auto stats = open().stats();
        // One batch may have been taken that the child could not tell of any more.
        promised += stats.offered > promised ? 20 : 0;
        EXPECT_EQ(stats.offered, promised);
        EXPECT_EQ(stats.lost, 0U);
        expect_balance(stats);
    }
    auto spool = open();
    EXPECT_EQ(drain(spool), promised);
}

// In a child, whose file systems nobody else sees.
void fill_the_disk(const std::string& directory) {
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    fs::create_directories(directory);
    ASSERT_EQ(mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=64k"), 0);
    auto spool = Spool::open({directory, 1 << 20, 16 * 1024, 2, false}, 7, fold_by_port);
    ASSERT_TRUE(spool);
    std::uint64_t offered = 0, failed = 0;
    for (; failed < 5; offered += 20)
        if (const auto appended = spool->append(flows(20)); !appended) {
            ASSERT_EQ(appended.error().code, SpoolErrc::io);
            ASSERT_NE(appended.error().message.find("No space left"), std::string::npos);
            ++failed;
        }
    ASSERT_EQ(spool->stats().offered, offered);
    ASSERT_EQ(spool->stats().lost, failed * 20);
    const auto batch = spool->read(0);
    ASSERT_TRUE(batch && *batch);
    ASSERT_TRUE(spool->acknowledge(offered / 2)); // makes room
    ASSERT_TRUE(spool->append(flows(20)));
    auto again = Spool::open({directory, 1 << 20, 16 * 1024, 2, false}, 8, fold_by_port);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->stats().offered, offered + 20);
    ASSERT_EQ(again->stats().lost, failed * 20);
}

TEST_F(SpoolTest, AFullDiskIsAnErrorAndCounted) {
    if (geteuid() != 0)
        GTEST_SKIP() << "mounting a small disk needs root";
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0)
            _exit(2);
        fill_the_disk(scratch.path("small"));
        _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SpoolTest, AForeignDirectoryIsASentence) {
    options.directory = "/proc/no-such-directory";
    const auto refused = Spool::open(options, 7, fold_by_port);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("/proc/no-such-directory"), std::string::npos);
}

} // namespace
} // namespace ringwall::agent
