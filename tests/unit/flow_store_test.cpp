// Appending, marks, paging, retention and refusals of the store of flows.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <numeric>

#include <google/protobuf/util/message_differencer.h>
#include <sqlite3.h>

#include "tests/unit/flow_store_fixture.h"

namespace ringwall::flows {
namespace {

using namespace testing;

class FlowStore : public ::testing::Test {
  protected:
    agent::testing::Scratch scratch;
    std::string path = scratch.path("flows.db");
    std::unique_ptr<Store> store = open_at(path);

    void reopen(Options options = {}) {
        store.reset();
        store = open_at(path, std::move(options));
    }
};

std::vector<std::uint64_t> down_from(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> out(first - last + 1);
    std::iota(out.rbegin(), out.rend(), last);
    return out;
}

TEST_F(FlowStore, GivesBackWhatTheAgentSentWithTheLabelsOfThatTime) {
    auto sent = summary(5);
    sent.set_policy_version(12);
    sent.add_peer_identities(77);
    sent.set_rtt_us(230);
    sent.mutable_process()->set_name(std::string("a\0\n\"\xc3\xa9", 6));
    must(append(*store, of(sent)));
    reopen();
    const auto page = must(store->query({}, {}));
    ASSERT_EQ(page.rows.size(), 1U);
    const auto& row = page.rows[0];
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(row.summary, sent));
    EXPECT_EQ(row.agent, "web-1");
    EXPECT_EQ(row.labels, web_to_app);
    EXPECT_EQ(row.at_ns, noon);
    EXPECT_EQ(row.received_ns, noon + 3600 * second);
    struct stat info{};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FlowStore, KnowsHowFarEachAgentIsStored) {
    EXPECT_EQ(must(store->mark("web-1")), Mark{});
    auto folded = arrival("web-1", 4, 5);
    folded.batch.set_last(9); // six numbers, folded into two summaries
    folded.lost = 1;
    const std::array group{arrival("web-1", 1, 2, 7), arrival("app-1", 1, 3, 8)};
    must(store->append(group));
    folded.stream = 7;
    must(append(*store, folded));
    reopen();
    EXPECT_EQ(must(store->mark("web-1")),
              (Mark{.stream = 7, .through = 9, .summaries = 4, .folded = 4, .lost = 1}));
    EXPECT_EQ(must(store->mark("app-1")), (Mark{.stream = 8, .through = 3, .summaries = 3}));
    EXPECT_EQ(store->rows(), 7U);
}

TEST_F(FlowStore, TakesABatchThatComesAgainOnlyOnce) {
    must(append(*store, arrival("web-1", 1, 3)));
    must(append(*store, arrival("web-1", 1, 3)));
    const std::array twice{arrival("web-1", 4, 5), arrival("web-1", 4, 5)};
    must(store->append(twice));
    EXPECT_EQ(numbers(*store), (std::vector<std::uint64_t>{5, 4, 3, 2, 1}));
    EXPECT_EQ(store->counters().stored, 5U);
    EXPECT_EQ(store->counters().repeated, 5U);
    must(append(*store, arrival("web-1", 1, 1, 2))); // a new spool starts anew
    EXPECT_EQ(must(store->mark("web-1")).through, 1U);
    EXPECT_EQ(store->rows(), 6U);
}

TEST_F(FlowStore, StreamsAreNumbersOfSixtyFourBits) {
    must(append(*store, arrival("web-1", 1, 1, ~std::uint64_t{0})));
    EXPECT_EQ(must(store->mark("web-1")).stream, ~std::uint64_t{0});
}

TEST_F(FlowStore, AGroupIsStoredAsAWholeOrNotAtAll) {
    std::array group{arrival("web-1", 1, 3), arrival("app-1", 1, 2)};
    group[1].labels[1].source = "no JSON";
    expect_error(store->append(group), Errc::invalid, "no JSON object: no JSON");
    group[1].labels.pop_back();
    expect_error(store->append(group), Errc::invalid, "2 summaries with 1 labels");
    EXPECT_TRUE(numbers(*store).empty());
    EXPECT_EQ(must(store->mark("web-1")), Mark{});
    EXPECT_EQ(store->rows(), 0U);
    EXPECT_EQ(store->counters().failed, 2U);
}

TEST_F(FlowStore, PagesStayTheSameWhileNewFlowsCome) {
    must(append(*store, arrival("web-1", 1, 50)));
    std::vector<std::uint64_t> seen;
    PageRequest request{.limit = 7};
    for (std::uint64_t next = 51;; ++next) {
        const auto page = must(store->query({}, request));
        for (const auto& row : page.rows)
            seen.push_back(row.summary.count());
        if (page.next.empty())
            break;
        request.after = page.next;
        must(append(*store, arrival("web-1", next, next)));
    }
    EXPECT_EQ(seen, down_from(50, 1));
}

TEST_F(FlowStore, FlowsOfOneMomentArePagedByTheirNumber) {
    auto all = arrival("web-1", 1, 10);
    for (auto& each : *all.batch.mutable_summaries())
        each.set_last_ns(noon);
    must(append(*store, all));
    EXPECT_EQ(numbers(*store, {}, 3), down_from(10, 1));
}

TEST_F(FlowStore, ARareMatchIsFoundInSteps) {
    reopen({.look_step = 10});
    must(append(*store, arrival("app-1", 1, 1)));
    must(append(*store, arrival("web-1", 2, 95)));
    const Filter rare{.agents = {"app-1"}};
    const auto first = must(store->query(rare, {}));
    EXPECT_TRUE(first.rows.empty());
    EXPECT_FALSE(first.next.empty()) << "nothing is cut silently";
    EXPECT_EQ(numbers(*store, rare), std::vector<std::uint64_t>{1});
}

TEST_F(FlowStore, ACursorOrLimitThatIsNoneIsRefused) {
    for (const auto* cursor : {"x", "1", "1.", ".1", "1.2x", "1.2.3", "99999999999999999999.1"})
        expect_error(store->query({}, {.after = cursor}), Errc::invalid, "no place to go on from");
    expect_error(store->query({}, {.limit = 0}), Errc::invalid, "1 to 1000 flows");
    expect_error(store->query({}, {.limit = 1001}), Errc::invalid, "1 to 1000 flows");
}

TEST_F(FlowStore, AClockThatIsAheadGainsNothing) {
    auto ahead = summary(1, noon + 365 * 24 * 3600 * second);
    must(append(*store, of(ahead)));
    const auto row = must(store->query({}, {})).rows.at(0);
    EXPECT_EQ(row.at_ns, row.received_ns);
    EXPECT_EQ(row.summary.last_ns(), ahead.last_ns());
}

TEST_F(FlowStore, KeepsSoManyRowsAndRemovesTheOldestInSmallSteps) {
    reopen({.max_rows = 20, .trim_step = 8});
    for (std::uint64_t first = 1; first < 50; first += 4) // 4 at a time, 2 at the end
        must(append(*store, arrival("web-1", first, std::min<std::uint64_t>(first + 3, 50))));
    std::vector<std::uint64_t> removed;
    for (bool more = true; more;) {
        const auto done = must(store->trim(noon));
        removed.push_back(done.removed);
        more = done.more;
    }
    EXPECT_EQ(removed, (std::vector<std::uint64_t>{8, 8, 8, 4}));
    EXPECT_EQ(numbers(*store), down_from(50, 29)) << "what came together goes together";
    EXPECT_EQ(store->rows(), 22U);
    EXPECT_EQ(store->counters().removed_by_rows, 28U);
    EXPECT_EQ(must(store->trim(noon)).removed, 0U);
    EXPECT_EQ(must(store->mark("web-1")).through, 50U) << "marks outlive rows";
}

TEST_F(FlowStore, RemovesWhatIsTooOld) {
    reopen({.max_age = std::chrono::seconds(60), .trim_step = 6});
    for (std::uint64_t first = 1; first < 30; first += 3)
        must(append(*store, arrival("web-1", first, first + 2))); // at noon + 1 s ... noon + 30 s
    EXPECT_EQ(must(store->trim(noon + 60 * second)).removed, 0U);
    const auto now = noon + 70 * second; // older than noon + 10 s
    EXPECT_TRUE(must(store->trim(now)).more);
    EXPECT_FALSE(must(store->trim(now)).more);
    EXPECT_EQ(numbers(*store), down_from(30, 10));
    EXPECT_EQ(store->counters().removed_by_age, 9U);
    reopen();
    EXPECT_EQ(store->rows(), 21U);
}

TEST_F(FlowStore, WhatComesTogetherIsPagedByTimeAllTheSame) {
    std::vector<Arrival> group; // each agent's second summary is older than another's first
    for (std::uint64_t agent = 0; agent < 40; ++agent) {
        group.push_back(arrival(fmt::format("web-{}", agent), 1, 60));
        for (int i = 0; i < 60; ++i)
            group.back().batch.mutable_summaries(i)->set_count(agent +
                                                               40 * static_cast<std::uint64_t>(i));
    }
    const auto ids = must(store->append(group));
    EXPECT_EQ(ids.front(), 1U);
    EXPECT_EQ(ids.back(), 39U * 60 + 1);
    must(append(*store, arrival("late", 100, 130)));
    const auto all = numbers(*store, {.until_ns = noon + 90 * second}, 37);
    EXPECT_EQ(all.size(), 2400U);
    EXPECT_TRUE(std::ranges::is_sorted(all, std::greater<>{}))
        << "by second, then by the agent that came later";
    const Filter one{
        .agents = {"web-7"}, .since_ns = noon + 58 * second, .until_ns = noon + 61 * second};
    EXPECT_EQ(numbers(*store, one),
              (std::vector<std::uint64_t>{7 + 40 * 59, 7 + 40 * 58, 7 + 40 * 57}));
    std::uint64_t visited = 0, last = 0;
    must(store->each(0, noon + 30 * second, {.first = 61, .below = 181}, [&](const Row& row) {
        EXPECT_GT(row.id, last);
        last = row.id;
        ++visited;
    }));
    EXPECT_EQ(visited, 2U * 29) << "of web-1 and web-2 what was before that second";
}

// The table as version 2 had it.
void write_version_2(const std::string& path) {
    sqlite3* old = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &old), SQLITE_OK);
    const auto run = [&](const std::string& sql) {
        char* wrong = nullptr;
        ASSERT_EQ(sqlite3_exec(old, sql.c_str(), nullptr, nullptr, &wrong), SQLITE_OK) << wrong;
    };
    run("CREATE TABLE flow (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, received INTEGER NOT NULL,"
        " verdict INTEGER NOT NULL, protocol INTEGER NOT NULL, port INTEGER NOT NULL,"
        " agent TEXT NOT NULL, source TEXT NOT NULL, destination TEXT NOT NULL,"
        " summary BLOB NOT NULL) STRICT;"
        "CREATE INDEX flow_at ON flow (at);"
        "CREATE TABLE mark (agent TEXT PRIMARY KEY, stream INTEGER NOT NULL, through INTEGER NOT"
        " NULL, summaries INTEGER NOT NULL, folded INTEGER NOT NULL, lost INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID;"
        "CREATE TABLE kept (one INTEGER PRIMARY KEY CHECK (one = 1), last_id INTEGER NOT NULL,"
        " trimmed_through INTEGER NOT NULL) STRICT;"
        "INSERT INTO kept VALUES (1, 9000, 17);"
        "INSERT INTO mark VALUES ('web-1', 3, 2000, 2000, 0, 0);"
        "PRAGMA application_id=1381451313; PRAGMA user_version=2; BEGIN");
    for (std::uint64_t n = 1; n <= 2000; ++n) {
        const auto at = noon + static_cast<std::int64_t>(n) * second;
        std::string blob;
        for (const unsigned char byte : summary(n, at).SerializeAsString())
            blob += fmt::format("{:02x}", byte);
        run(fmt::format("INSERT INTO flow VALUES ({}, {}, {}, 1, 6, 8080, '{}', '{}', '{}', x'{}')",
                        n < 1500 ? n : n + 10, at, noon + 3600 * second, n % 2 ? "web-1" : "app-1",
                        web_to_app.source, web_to_app.destination, blob));
    }
    run("COMMIT");
    sqlite3_close(old);
}

TEST_F(FlowStore, TakesOverWhatAnOlderVersionStored) {
    store.reset();
    path = scratch.path("old.db");
    write_version_2(path);
    store = open_at(path);
    EXPECT_EQ(store->rows(), 2000U);
    EXPECT_EQ(store->complete_since_ns(), 18);
    EXPECT_EQ(must(store->mark("web-1")), (Mark{.stream = 3, .through = 2000, .summaries = 2000}));
    EXPECT_EQ(numbers(*store, {}, 1000), down_from(2000, 1));
    const auto page = must(store->query({.agents = {"app-1"}}, {.limit = 1}));
    EXPECT_EQ(page.rows.at(0).id, 2010U);
    EXPECT_EQ(page.rows.at(0).labels, web_to_app);
    EXPECT_EQ(page.rows.at(0).received_ns, noon + 3600 * second);
    EXPECT_EQ(must(append(*store, arrival("web-1", 2001, 2001, 3))),
              std::vector<std::uint64_t>{9001})
        << "a number is given once";
    reopen();
    EXPECT_EQ(store->rows(), 2001U);
}

TEST_F(FlowStore, BelongsToOneProcess) {
    expect_error(Store::open({.path = path}), Errc::in_use, "another process is using");
}

TEST_F(FlowStore, RefusesAFileThatIsNone) {
    scratch.write("text.db", std::string(8192, 'x'));
    expect_error(Store::open({.path = scratch.path("text.db")}), Errc::corrupt,
                 "text.db: the store of flow summaries is damaged; stop the controller and move");
    expect_error(Store::open({.path = scratch.path("nowhere/flows.db")}), Errc::io, "nowhere");

    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(scratch.path("other.db").c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE t (x)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    expect_error(Store::open({.path = scratch.path("other.db")}), Errc::newer,
                 "no store of flow summaries that this Ringwall knows");
}

TEST_F(FlowStore, RefusesADamagedFile) {
    must(append(*store, arrival("web-1", 1, 500)));
    store.reset();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto middle = static_cast<std::streamoff>(file.tellg()) / 2 / 4096 * 4096;
    file.seekp(middle);
    file << std::string(4096, '\x5a');
    file.close();
    expect_error(Store::open({.path = path}), Errc::corrupt, "damaged");
}

} // namespace
} // namespace ringwall::flows
