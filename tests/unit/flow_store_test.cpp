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
    agent::testing::Scratch scratch_;
    std::string path_ = scratch_.path("flows.db");
    std::unique_ptr<Store> store_ = open_at(path_);

    void reopen(Options options = {}) {
        store_.reset();
        store_ = open_at(path_, std::move(options));
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
    must(append(*store_, of(sent)));
    reopen();
    const auto page = must(store_->query({}, {}));
    ASSERT_EQ(page.rows.size(), 1U);
    const auto& row = page.rows[0];
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(row.summary, sent));
    EXPECT_EQ(row.agent, "web-1");
    EXPECT_EQ(row.labels, web_to_app);
    EXPECT_EQ(row.at_ns, noon);
    EXPECT_EQ(row.received_ns, noon + 3600 * second);
    struct stat info{};
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FlowStore, KnowsHowFarEachAgentIsStored) {
    EXPECT_EQ(must(store_->mark("web-1")), Mark{});
    auto folded = arrival("web-1", 4, 5);
    folded.batch.set_last(9); // six numbers, folded into two summaries
    folded.lost = 1;
    const std::array group{arrival("web-1", 1, 2, 7), arrival("app-1", 1, 3, 8)};
    must(store_->append(group));
    folded.stream = 7;
    must(append(*store_, folded));
    reopen();
    EXPECT_EQ(must(store_->mark("web-1")),
              (Mark{.stream = 7, .through = 9, .summaries = 4, .folded = 4, .lost = 1}));
    EXPECT_EQ(must(store_->mark("app-1")), (Mark{.stream = 8, .through = 3, .summaries = 3}));
    EXPECT_EQ(store_->rows(), 7U);
}

TEST_F(FlowStore, TakesABatchThatComesAgainOnlyOnce) {
    must(append(*store_, arrival("web-1", 1, 3)));
    must(append(*store_, arrival("web-1", 1, 3)));
    const std::array twice{arrival("web-1", 4, 5), arrival("web-1", 4, 5)};
    must(store_->append(twice));
    EXPECT_EQ(numbers(*store_), (std::vector<std::uint64_t>{5, 4, 3, 2, 1}));
    EXPECT_EQ(store_->counters().stored, 5U);
    EXPECT_EQ(store_->counters().repeated, 5U);
    must(append(*store_, arrival("web-1", 1, 1, 2))); // a new spool starts anew
    EXPECT_EQ(must(store_->mark("web-1")).through, 1U);
    EXPECT_EQ(store_->rows(), 6U);
}

TEST_F(FlowStore, StreamsAreNumbersOfSixtyFourBits) {
    must(append(*store_, arrival("web-1", 1, 1, ~std::uint64_t{0})));
    EXPECT_EQ(must(store_->mark("web-1")).stream, ~std::uint64_t{0});
}

TEST_F(FlowStore, AGroupIsStoredAsAWholeOrNotAtAll) {
    std::array group{arrival("web-1", 1, 3), arrival("app-1", 1, 2)};
    group[1].labels[1].source = "no JSON";
    expect_error(store_->append(group), Errc::invalid, "no JSON object: no JSON");
    group[1].labels.pop_back();
    expect_error(store_->append(group), Errc::invalid, "2 summaries with 1 labels");
    EXPECT_TRUE(numbers(*store_).empty());
    EXPECT_EQ(must(store_->mark("web-1")), Mark{});
    EXPECT_EQ(store_->rows(), 0U);
    EXPECT_EQ(store_->counters().failed, 2U);
}

TEST_F(FlowStore, PagesStayTheSameWhileNewFlowsCome) {
    must(append(*store_, arrival("web-1", 1, 50)));
    std::vector<std::uint64_t> seen;
    PageRequest request{.limit = 7};
    for (std::uint64_t next = 51;; ++next) {
        const auto page = must(store_->query({}, request));
        for (const auto& row : page.rows)
            seen.push_back(row.summary.count());
        if (page.next.empty())
            break;
        request.after = page.next;
        must(append(*store_, arrival("web-1", next, next)));
    }
    EXPECT_EQ(seen, down_from(50, 1));
}

TEST_F(FlowStore, FlowsOfOneMomentArePagedByTheirNumber) {
    auto all = arrival("web-1", 1, 10);
    for (auto& each : *all.batch.mutable_summaries())
        each.set_last_ns(noon);
    must(append(*store_, all));
    EXPECT_EQ(numbers(*store_, {}, 3), down_from(10, 1));
}

TEST_F(FlowStore, ARareMatchIsFoundInSteps) {
    reopen({.look_step = 10});
    must(append(*store_, arrival("app-1", 1, 1)));
    must(append(*store_, arrival("web-1", 2, 95)));
    const Filter rare{.agents = {"app-1"}};
    const auto first = must(store_->query(rare, {}));
    EXPECT_TRUE(first.rows.empty());
    EXPECT_FALSE(first.next.empty()) << "nothing is cut silently";
    EXPECT_EQ(numbers(*store_, rare), std::vector<std::uint64_t>{1});
}

TEST_F(FlowStore, ACursorOrLimitThatIsNoneIsRefused) {
    for (const auto* cursor : {"x", "1", "1.", ".1", "1.2x", "1.2.3", "99999999999999999999.1"})
        expect_error(store_->query({}, {.after = cursor}), Errc::invalid, "no place to go on from");
    expect_error(store_->query({}, {.limit = 0}), Errc::invalid, "1 to 1000 flows");
    expect_error(store_->query({}, {.limit = 1001}), Errc::invalid, "1 to 1000 flows");
}

TEST_F(FlowStore, AClockThatIsAheadGainsNothing) {
    auto ahead = summary(1, noon + 365 * 24 * 3600 * second);
    must(append(*store_, of(ahead)));
    const auto row = must(store_->query({}, {})).rows.at(0);
    EXPECT_EQ(row.at_ns, row.received_ns);
    EXPECT_EQ(row.summary.last_ns(), ahead.last_ns());
}

TEST_F(FlowStore, KeepsSoManyRowsAndRemovesTheOldestInSmallSteps) {
    reopen({.max_rows = 20, .trim_step = 8});
    must(append(*store_, arrival("web-1", 1, 50)));
    std::vector<std::uint64_t> removed;
    for (bool more = true; more;) {
        const auto done = must(store_->trim(noon));
        removed.push_back(done.removed);
        more = done.more;
    }
    EXPECT_EQ(removed, (std::vector<std::uint64_t>{8, 8, 8, 6}));
    EXPECT_EQ(numbers(*store_), down_from(50, 31));
    EXPECT_EQ(store_->rows(), 20U);
    EXPECT_EQ(store_->counters().removed_by_rows, 30U);
    EXPECT_EQ(must(store_->trim(noon)).removed, 0U);
    EXPECT_EQ(must(store_->mark("web-1")).through, 50U) << "marks outlive rows";
}

TEST_F(FlowStore, RemovesWhatIsTooOld) {
    reopen({.max_age = std::chrono::seconds(60), .trim_step = 7});
    must(append(*store_, arrival("web-1", 1, 30))); // at noon + 1 s ... noon + 30 s
    EXPECT_EQ(must(store_->trim(noon + 60 * second)).removed, 0U);
    const auto now = noon + 70 * second; // older than noon + 10 s
    EXPECT_TRUE(must(store_->trim(now)).more);
    EXPECT_FALSE(must(store_->trim(now)).more);
    EXPECT_EQ(numbers(*store_), down_from(30, 10));
    EXPECT_EQ(store_->counters().removed_by_age, 9U);
    reopen();
    EXPECT_EQ(store_->rows(), 21U);
}

TEST_F(FlowStore, BelongsToOneProcess) {
    expect_error(Store::open({.path = path_}), Errc::in_use, "another process is using");
}

TEST_F(FlowStore, RefusesAFileThatIsNone) {
    scratch_.write("text.db", std::string(8192, 'x'));
    expect_error(Store::open({.path = scratch_.path("text.db")}), Errc::corrupt,
                 "text.db: the store of flow summaries is damaged; stop the controller and move");
    expect_error(Store::open({.path = scratch_.path("nowhere/flows.db")}), Errc::io, "nowhere");

    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(scratch_.path("other.db").c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE t (x)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    expect_error(Store::open({.path = scratch_.path("other.db")}), Errc::newer,
                 "no store of flow summaries that this Ringwall knows");
}

TEST_F(FlowStore, RefusesADamagedFile) {
    must(append(*store_, arrival("web-1", 1, 500)));
    store_.reset();
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto middle = static_cast<std::streamoff>(file.tellg()) / 2 / 4096 * 4096;
    file.seekp(middle);
    file << std::string(4096, '\x5a');
    file.close();
    expect_error(Store::open({.path = path_}), Errc::corrupt, "damaged");
}

} // namespace
} // namespace ringwall::flows
