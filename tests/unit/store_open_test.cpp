// Opening: made anew, held once, brought up to date, refused with a sentence.
#include <sys/stat.h>

#include <array>

#include "control/store/schema.h"
#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

class StoreOpen : public StoreTest {};

TEST_F(StoreOpen, ANewDatabaseIsReadableByItsOwnerOnly) {
    commit({put(dns, "{}")});
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        struct stat info{};
        ASSERT_EQ(stat((path_ + suffix).c_str(), &info), 0) << suffix;
        EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
    }
}

TEST_F(StoreOpen, EverythingIsThereAgain) {
    commit({put(dns, R"({"v":1})"), put(host, "{}")});
    provision("first");
    const auto before = audit();
    reopen();
    EXPECT_EQ(body(dns), R"({"v":1})");
    EXPECT_EQ(must(store_->version(1)).note, "first");
    EXPECT_EQ(audit(), before);
}

TEST_F(StoreOpen, ADatabaseIsHeldByOneOnly) {
    expect_error(open_sqlite({.path = path_}), Errc::in_use,
                 path_ + ": another process is using the database");
    store_.reset();
    EXPECT_TRUE(open_sqlite({.path = path_}));
}

TEST_F(StoreOpen, SomebodyWithALockOnTheFileIsWaitedForAndThenNamed) {
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    expect_error(store_->commit({alice(), {put(dns, "{}")}}), Errc::in_use, "another process");
    sqlite3_close(other);
    EXPECT_TRUE(store_->commit({alice(), {put(dns, "{}")}}));
}

TEST_F(StoreOpen, ADatabaseOfANewerSchemaIsRefused) {
    store_.reset();
    ASSERT_EQ(meddle(path_, "PRAGMA user_version=99"), "not an error");
    expect_error(open_sqlite({.path = path_}), Errc::newer, "written by a newer Ringwall");
}

TEST_F(StoreOpen, ADatabaseOfAnotherProgramIsRefused) {
    const auto other = scratch_.path("other.db");
    ASSERT_EQ(meddle(other, "CREATE TABLE t (x)"), "not an error");
    expect_error(open_sqlite({.path = other}), Errc::invalid, "not one of Ringwall");
}

TEST_F(StoreOpen, ADirectoryThatIsNotThereIsNamed) {
    expect_error(open_sqlite({.path = scratch_.path("no/such/policy.db")}), Errc::io,
                 "No such file or directory");
}

TEST_F(StoreOpen, AnOlderSchemaIsBroughtUpToDateStepByStepAndKeepsItsContent) {
    commit({put(dns, "{}")});
    store_.reset();
    const auto known = schema_steps();
    std::vector<Step> steps(known.begin(), known.end());
    steps.push_back("CREATE TABLE two (x) STRICT_NOT");
    steps.push_back("CREATE TABLE three (x INTEGER) STRICT");
    auto mended = steps;
    mended[known.size()] = "CREATE TABLE two (x INTEGER) STRICT; INSERT INTO two VALUES (2)";
    Connection connection(path_, Access::write);
    const auto failed = guarded([&] { migrate(connection, steps); });
    EXPECT_FALSE(failed);
    EXPECT_EQ(connection.integer("PRAGMA user_version"), std::ssize(known));
    ASSERT_TRUE(guarded([&] { migrate(connection, mended); }));
    EXPECT_EQ(connection.integer("PRAGMA user_version"), std::ssize(mended));
    EXPECT_EQ(connection.integer("SELECT x FROM two"), 2);
    EXPECT_EQ(connection.integer("SELECT count(*) FROM object"), 1);
    ASSERT_TRUE(guarded([&] { migrate(connection, mended); }));
    EXPECT_EQ(connection.integer("SELECT count(*) FROM two"), 1);
}

TEST_F(StoreOpen, WhatTheControllerRemembersIsThereAgainAndNotInTheAudit) {
    const auto before = audit();
    ASSERT_TRUE(
        store_->remember({{"identity", "2", "b"}, {"identity", "1", "a"}, {"x", "1", "c"}}));
    ASSERT_TRUE(store_->remember({{"identity", "1", "changed"}, {"x", "1", std::nullopt}}));
    reopen();
    const std::vector<Memory> identities{{"identity", "1", "changed"}, {"identity", "2", "b"}};
    EXPECT_EQ(must(store_->memories("identity")), identities);
    EXPECT_TRUE(must(store_->memories("x")).empty());
    EXPECT_EQ(audit(), before);
    expect_error(store_->remember({{"", "1", "a"}}), Errc::invalid, "needs a kind");
}

} // namespace
} // namespace ringwall::store
