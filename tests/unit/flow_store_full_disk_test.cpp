// A disk of two megabytes, filled to the last byte.
#include "tests/unit/flow_store_fixture.h"
#include "tests/unit/small_disk.h"

namespace ringwall::flows {
namespace {

using namespace testing;

class FlowStoreFullDisk : public ::testing::Test {
  protected:
    agent::testing::Scratch scratch_;
    agent::testing::SmallDisk disk_{scratch_.path("disk")};

    void SetUp() override {
        ASSERT_TRUE(disk_.mounted()) << "this test mounts a tmpfs: run as root";
    }
    static Arrival hundred(std::uint64_t round) {
        return arrival("web-1", round * 100 + 1, round * 100 + 100);
    }
};

TEST_F(FlowStoreFullDisk, StoresNothingByHalvesAndGoesOnWhenThereIsRoom) {
    const auto store = open_at(disk_.path("flows.db"));
    const auto away = disk_.path("ballast");
    std::ofstream(away) << std::string(300'000, 'b');
    std::uint64_t rounds = 0;
    Result<std::vector<std::uint64_t>> result;
    while ((result = append(*store, hundred(rounds))))
        ++rounds;
    expect_error(result, Errc::full, "no space left on the disk; nothing was changed");
    ASSERT_GT(rounds, 5U);
    EXPECT_EQ(must(store->mark("web-1")).through, rounds * 100);
    EXPECT_EQ(numbers(*store, {}, 1000).size(), rounds * 100);
    EXPECT_EQ(store->rows(), rounds * 100);

    std::filesystem::remove(away);
    must(append(*store, hundred(rounds)));
    EXPECT_EQ(must(store->mark("web-1")).through, rounds * 100 + 100);
    EXPECT_EQ(numbers(*store, {}, 1000).size(), rounds * 100 + 100);
}

TEST_F(FlowStoreFullDisk, WithinItsRowsTheFileStopsGrowing) {
    const auto store = open_at(disk_.path("flows.db"), {.max_rows = 500});
    for (std::uint64_t round = 0; round < 100; ++round) {
        must(append(*store, hundred(round)));
        while (must(store->trim(noon)).more) {
        }
    }
    EXPECT_EQ(store->rows(), 500U);
    EXPECT_EQ(must(store->mark("web-1")).through, 10'000U);
}

TEST_F(FlowStoreFullDisk, WhereNothingFitsAtAllOpeningSaysSo) {
    std::ofstream(disk_.path("ballast")) << std::string(3 << 20, 'b');
    expect_error(Store::open({.path = disk_.path("flows.db")}), Errc::full, "no space left");
}

} // namespace
} // namespace ringwall::flows
