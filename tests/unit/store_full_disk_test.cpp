// A disk of two megabytes, filled to the last byte.
#include "tests/unit/small_disk.h"
#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

class StoreFullDisk : public ::testing::Test {
  protected:
    agent::testing::Scratch scratch_;
    agent::testing::SmallDisk disk_{scratch_.path("disk")};

    void SetUp() override {
        ASSERT_TRUE(disk_.mounted()) << "this test mounts a tmpfs: run as root";
    }

    static Change large(int i) {
        return {alice(),
                {put({"service", "s" + std::to_string(i)},
                     R"({"t":")" + std::string(20'000, 'x') + std::to_string(i) + "\"}"),
                 put(host, R"({"last":)" + std::to_string(i) + "}")}};
    }
};

TEST_F(StoreFullDisk, IsAnErrorOfItsOwnAndTheStoreGoesOnReading) {
    const auto store = open_at(disk_.path("policy.db"));
    const auto away = disk_.path("ballast");
    std::ofstream(away) << std::string(200'000, 'b');
    int written = 0;
    Result<Receipt> result;
    while ((result = store->commit(large(written))))
        ++written;
    expect_error(result, Errc::full, "no space left on the disk; nothing was changed");
    ASSERT_GT(written, 10);
    EXPECT_EQ(must(store->object(host)).body, R"({"last":)" + std::to_string(written - 1) + "}");
    EXPECT_EQ(must(store->objects("service", {})).total, static_cast<std::uint64_t>(written));
    EXPECT_EQ(must(store->verify()).records, static_cast<std::uint64_t>(written) * 2);
    expect_error(store->backup(disk_.path("backup.db")), Errc::full, "no space left");
    EXPECT_FALSE(std::filesystem::exists(disk_.path("backup.db")));
    EXPECT_FALSE(std::filesystem::exists(disk_.path("backup.db.unfinished")));

    std::filesystem::remove(away);
    EXPECT_TRUE(store->commit(large(written)));
    EXPECT_TRUE(store->verify());
}

TEST_F(StoreFullDisk, WhereNothingFitsAtAllOpeningSaysSo) {
    std::ofstream(disk_.path("ballast")) << std::string(3 << 20, 'b');
    const auto opened = open_sqlite({.path = disk_.path("policy.db")});
    expect_error(opened, Errc::full, "no space left");
}

} // namespace
} // namespace ringwall::store
