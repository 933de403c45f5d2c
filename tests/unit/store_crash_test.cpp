// Killed at any moment: what was acknowledged is there, and nothing is half there.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <random>

#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

// Three objects always change together. Every third change is provisioned, with its number as note;
// every fifteenth is followed by a return to version 1, which repeats that version's note.
std::vector<Edit> round_of(std::uint64_t n) {
    const auto body = R"({"n":)" + std::to_string(n) + "}";
    return {put(dns, body), put(web, body), put(host, body)};
}

// Which round version 1 holds is not always 3: a worker may be killed between a change and its
// provisioning.
bool back_to_the_first(Store& store) {
    const auto first = store.version(1);
    return first && store.rollback({.by = alice(), .to = 1, .note = first->note}).has_value();
}

[[noreturn]] void work_until_killed(const std::string& path, int acknowledge) {
    const auto store = open_sqlite({.path = path});
    if (!store)
        _exit(1);
    const auto last = (*store)->object(host);
    std::uint64_t n = last ? boost::json::parse(last->body).at("n").to_number<std::uint64_t>() : 0;
    for (;;) {
        ++n;
        bool good = (*store)->commit({alice(), round_of(n)}).has_value();
        if (good && n % 3 == 0)
            good = (*store)->provision({.by = alice(), .note = std::to_string(n)}).has_value();
        if (good && n % 15 == 0)
            good = back_to_the_first(**store);
        const auto newest = (*store)->newest();
        if (!good || !newest)
            _exit(1);
        const std::array<std::uint64_t, 2> done{n, *newest};
        if (write(acknowledge, done.data(), sizeof done) != sizeof done)
            _exit(1);
    }
}

struct Acknowledged {
    std::uint64_t round = 0, version = 0;
};

// Runs the worker until it has said `rounds` things and a little longer, then kills it.
Acknowledged killed_after(const std::string& path, int rounds, int microseconds) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0)
        throw std::runtime_error("no pipe");
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work_until_killed(path, ends[1]);
    }
    close(ends[1]);
    std::array<std::uint64_t, 2> said{};
    Acknowledged last;
    const auto listen = [&] {
        const bool good = read(ends[0], said.data(), sizeof said) == sizeof said;
        if (good)
            last = {said[0], said[1]};
        return good;
    };
    for (int i = 0; i < rounds && listen(); ++i) {
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
    return last;
}

std::uint64_t round_in(const std::string& body) {
    return boost::json::parse(body).at("n").to_number<std::uint64_t>();
}

TEST(StoreCrash, LeavesEveryAcknowledgedChangeAndNoHalfOne) {
    const agent::testing::Scratch scratch;
    const auto path = scratch.path("policy.db");
    std::mt19937 dice(std::random_device{}());
    std::uint64_t rounds = 0;
    for (int kills = 0; kills < 40; ++kills) {
        const auto last =
            killed_after(path, 1 + static_cast<int>(dice() % 6), static_cast<int>(dice() % 4000));
        const auto store = open_at(path);
        ASSERT_TRUE(store->verify()) << store->verify().error().message;

        const auto now = round_in(must(store->object(host)).body);
        const auto newest = must(store->newest());
        const auto drafted = round_in(must(store->object(dns)).body);
        EXPECT_EQ(round_in(must(store->object(web)).body), drafted);
        if (drafted != now) {
            EXPECT_EQ(std::to_string(drafted), must(store->version(1)).note);
            EXPECT_EQ(must(store->version(newest)).rollback_to, 1U);
        }
        EXPECT_GE(now, last.round);
        EXPECT_LE(now, last.round + 1);
        EXPECT_GT(now, rounds);
        rounds = now;

        EXPECT_GE(newest, last.version);
        for (std::uint64_t v = 1; v <= newest; ++v) {
            const auto contents = must(store->contents(v, {.limit = 0})).items;
            ASSERT_EQ(contents.size(), 2U) << "version " << v;
            const auto note = std::stoull(must(store->version(v)).note);
            EXPECT_EQ(round_in(contents[0].body), note) << "version " << v;
            EXPECT_EQ(round_in(contents[1].body), note) << "version " << v;
        }
    }
    EXPECT_GE(rounds, 40U);
}

} // namespace
} // namespace ringwall::store
