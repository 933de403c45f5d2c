// Copied while in use, and put back.
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class StoreBackup : public StoreTest {
  protected:
    std::string copy_ = scratch_.path("backup.db");
    std::string kept_ = path_ + ".before-restore";

    void SetUp() override {
        commit({put(dns, R"({"v":1})")});
        provision("kept");
    }
    void back_up_then_change() {
        ASSERT_TRUE(store_->backup(copy_));
        commit({put(dns, R"({"v":2})")});
    }
};

TEST_F(StoreBackup, BringsBackWhatWasThereAndKeepsWhatItReplaces) {
    back_up_then_change();
    store_.reset();
    ASSERT_TRUE(restore_sqlite(copy_, path_));
    store_ = open_at(path_);
    EXPECT_EQ(body(dns), R"({"v":1})");
    EXPECT_EQ(must(store_->version(1)).note, "kept");
    EXPECT_TRUE(store_->verify());
    EXPECT_EQ(must(open_at(kept_)->object(dns)).body, R"({"v":2})");
}

TEST_F(StoreBackup, IsOneFileReadableByItsOwnerOnly) {
    back_up_then_change();
    EXPECT_EQ(fs::status(copy_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    for (const char* suffix : {"-wal", "-shm", "-journal", ".unfinished"})
        EXPECT_FALSE(fs::exists(copy_ + suffix)) << suffix;
}

TEST_F(StoreBackup, NeverOverwritesAFile) {
    back_up_then_change();
    expect_error(store_->backup(copy_), Errc::exists, copy_ + " exists already");
    expect_error(store_->backup(path_), Errc::exists, "exists already");
    EXPECT_EQ(must(open_at(copy_)->object(dns)).body, R"({"v":1})");
}

TEST_F(StoreBackup, RestoresToWhereNothingIs) {
    back_up_then_change();
    const auto elsewhere = scratch_.path("elsewhere.db");
    ASSERT_TRUE(restore_sqlite(copy_, elsewhere));
    EXPECT_EQ(must(open_at(elsewhere)->object(dns)).body, R"({"v":1})");
    EXPECT_FALSE(fs::exists(elsewhere + ".before-restore"));
}

TEST_F(StoreBackup, IsNotRestoredOverADatabaseInUse) {
    back_up_then_change();
    expect_error(restore_sqlite(copy_, path_), Errc::in_use, "another process is using");
    EXPECT_EQ(body(dns), R"({"v":2})");
    reopen();
    EXPECT_EQ(body(dns), R"({"v":2})");
}

TEST_F(StoreBackup, ReplacesADamagedDatabaseAndItsLeftOverLog) {
    back_up_then_change();
    store_.reset();
    std::ofstream(path_) << std::string(100'000, 'x');
    std::ofstream(path_ + "-wal") << "left over";
    ASSERT_TRUE(restore_sqlite(copy_, path_));
    store_ = open_at(path_);
    EXPECT_EQ(body(dns), R"({"v":1})");
    EXPECT_EQ(fs::file_size(kept_), 100'000U);
    EXPECT_TRUE(fs::exists(kept_ + "-wal"));
}

TEST_F(StoreBackup, AnEarlierReplacedDatabaseIsNotLost) {
    back_up_then_change();
    store_.reset();
    ASSERT_TRUE(restore_sqlite(copy_, path_));
    expect_error(restore_sqlite(copy_, path_), Errc::exists, "move both away first");
    fs::rename(kept_, scratch_.path("away.db"));
    EXPECT_TRUE(restore_sqlite(copy_, path_));
}

TEST_F(StoreBackup, ARestoreThatWasCutOffIsRepeated) {
    back_up_then_change();
    store_.reset();
    fs::create_hard_link(path_, kept_);
    std::ofstream(path_ + ".restoring") << "half";
    ASSERT_TRUE(restore_sqlite(copy_, path_));
    EXPECT_EQ(must(open_at(path_)->object(dns)).body, R"({"v":1})");
    EXPECT_EQ(must(open_at(kept_)->object(dns)).body, R"({"v":2})");
}

TEST_F(StoreBackup, ABadBackupReplacesNothing) {
    back_up_then_change();
    const auto refused = [&](const std::string& file, Errc code, const std::string& words) {
        store_.reset();
        expect_error(restore_sqlite(file, path_), code, words);
        EXPECT_FALSE(fs::exists(kept_));
        EXPECT_FALSE(fs::exists(path_ + ".restoring"));
        store_ = open_at(path_);
        EXPECT_EQ(body(dns), R"({"v":2})");
    };
    refused(scratch_.path("missing.db"), Errc::io, "missing.db");
    scratch_.write("text", "this is no database, but long enough to look like one" +
                               std::string(5000, '.'));
    refused(scratch_.path("text"), Errc::corrupt, "not a database");
    scratch_.write("empty", "");
    refused(scratch_.path("empty"), Errc::invalid, "no backup of Ringwall");
    ASSERT_EQ(meddle(scratch_.path("other.db"), "CREATE TABLE t (x); PRAGMA user_version=1"),
              "not an error");
    refused(scratch_.path("other.db"), Errc::invalid, "not one of Ringwall");
    const auto newer = scratch_.path("newer.db"), forged = scratch_.path("forged.db");
    fs::copy_file(copy_, newer);
    ASSERT_EQ(meddle(newer, "PRAGMA user_version=99"), "not an error");
    refused(newer, Errc::newer, "newer Ringwall");
    fs::copy_file(copy_, forged);
    ASSERT_EQ(meddle(forged, "DROP TRIGGER audit_update; UPDATE audit SET actor='bob'"),
              "not an error");
    refused(forged, Errc::tampered, "audit record 1");
    std::fstream(copy_, std::ios::in | std::ios::out).seekp(4096) << std::string(4096, '\xee');
    refused(copy_, Errc::corrupt, "damaged");
}

TEST_F(StoreBackup, TakenWhileOthersWriteIsOneMoment) {
    Result<void> result;
    std::jthread other([&] {
        for (int i = 0; i < 5 && (i == 0 || result); ++i)
            result = store_->backup(scratch_.path("copy" + std::to_string(i)));
    });
    for (int i = 0; i < 200; ++i)
        commit({put(dns, R"({"n":)" + std::to_string(i) + "}"),
                put(web, R"({"n":)" + std::to_string(i) + "}")});
    other.join();
    ASSERT_TRUE(result) << result.error().message;
    for (int i = 0; i < 5; ++i) {
        const auto copy = open_at(scratch_.path("copy" + std::to_string(i)));
        EXPECT_TRUE(copy->verify());
        if (const auto one = copy->object(web)) {
            EXPECT_EQ(must(copy->object(dns)).body, one->body);
        }
    }
}

} // namespace
} // namespace ringwall::store
