// Killed at any moment: the answer to the agent and the content agree, and each summary is there
// once.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <random>

#include "tests/unit/flow_store_fixture.h"

namespace ringwall::flows {
namespace {

using namespace testing;

constexpr std::uint64_t batch = 20;

// The agents' side: each sends again what is behind the mark it was answered. Two agents share each
// commit; `answers` gets the mark of both once it is durable.
[[noreturn]] void work_until_killed(const std::string& path, int answers) {
    const auto store = Store::open({.path = path});
    if (!store)
        _exit(1);
    for (;;) {
        const auto mark = (*store)->mark("web-1");
        if (!mark)
            _exit(1);
        const auto first = mark->through + 1, last = mark->through + batch;
        const std::array group{arrival("web-1", first, last), arrival("app-1", first, last)};
        if (!(*store)->append(group) || write(answers, &last, sizeof last) != sizeof last)
            _exit(1);
    }
}

// What the agents were answered last.
std::uint64_t killed_after(const std::string& path, int commits, int microseconds) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0)
        throw std::runtime_error("no pipe");
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work_until_killed(path, ends[1]);
    }
    close(ends[1]);
    std::uint64_t answered = 0;
    const auto listen = [&] {
        std::uint64_t said = 0;
        const bool good = read(ends[0], &said, sizeof said) == sizeof said;
        answered = good ? said : answered;
        return good;
    };
    for (int i = 0; i < commits && listen(); ++i) {
    }
    const timespec moment{0, microseconds * 1000L};
    ppoll(nullptr, 0, &moment, nullptr);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the worker failed by itself";
    while (listen()) {
    }
    close(ends[0]);
    return answered;
}

TEST(FlowStoreCrash, EachSummaryIsStoredOnceWhateverIsKilled) {
    const agent::testing::Scratch scratch;
    const auto path = scratch.path("flows.db");
    std::mt19937 dice(std::random_device{}());
    std::uint64_t before = 0;
    for (int kills = 0; kills < 30; ++kills) {
        const auto answered =
            killed_after(path, 1 + static_cast<int>(dice() % 5), static_cast<int>(dice() % 4000));
        const auto store = open_at(path);
        const auto through = must(store->mark("web-1")).through;
        EXPECT_GE(through, answered);
        EXPECT_LE(through, answered + batch);
        EXPECT_GT(through, before);
        before = through;
        for (const auto* agent : {"web-1", "app-1"}) {
            EXPECT_EQ(must(store->mark(agent)).through, through) << "one group is one commit";
            auto expected = through;
            for (const auto number : numbers(*store, {.agents = {agent}}, 1000))
                ASSERT_EQ(number, expected--) << agent;
            ASSERT_EQ(expected, 0U) << agent;
        }
    }
}

} // namespace
} // namespace ringwall::flows
