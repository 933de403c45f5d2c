// Seals over real maps: every kind of foreign write is seen, our own are not.
#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "bpf/abi.h"
#include "loader/handle.h"
#include "loader/seal.h"

namespace ringwall::loader {
namespace {

constexpr Secret seal_secret{1, 2};
constexpr std::uint32_t rows = 10'000; // more than one batch
constexpr std::size_t all = 1'000'000;

Fd make(bpf_map_type type, std::uint32_t key, std::uint32_t value) {
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
    Fd map(bpf_map_create(type, "seal_test", key, value, 2 * rows, &options));
    if (!map)
        throw std::runtime_error("cannot make a map (root is needed)");
    return map;
}

class Seal : public testing::TestWithParam<bpf_map_type> {
  protected:
    bool lpm() const { return GetParam() == BPF_MAP_TYPE_LPM_TRIE; }
    Fd map_ = make(GetParam(), sizeof(rw_prefix4), 4);
    Seals seals_{{{map_.get(), "policy"}}, seal_secret};

    rw_prefix4 key(std::uint32_t i) const { return {lpm() ? 32u : i, __builtin_bswap32(i)}; }
    void put(std::uint32_t i, std::uint32_t value) {
        const auto k = key(i);
        ASSERT_EQ(bpf_map_update_elem(map_.get(), &k, &value, BPF_ANY), 0);
    }
    void SetUp() override {
        for (std::uint32_t i = 1; i <= rows; ++i)
            put(i, i * 7);
        seals_.renew();
    }
};

TEST_P(Seal, SaysNothingWhileNobodyWrites) {
    for (int round = 0; round < 5; ++round)
        EXPECT_TRUE(seals_.compare(all).empty());
}

TEST_P(Seal, SeesAChangedRowOnce) {
    put(77, 1);
    EXPECT_EQ(seals_.compare(all), std::vector<std::string>{"policy"});
    EXPECT_TRUE(seals_.compare(all).empty()) << "told once";
    seals_.renew();
    EXPECT_TRUE(seals_.compare(all).empty());
    put(77, 2);
    EXPECT_EQ(seals_.compare(all).size(), 1u);
}

TEST_P(Seal, SeesAnAddedAndARemovedRow) {
    put(rows + 1, 5);
    EXPECT_EQ(seals_.compare(all).size(), 1u);
    seals_.renew();
    const auto k = key(1);
    ASSERT_EQ(bpf_map_delete_elem(map_.get(), &k), 0);
    EXPECT_EQ(seals_.compare(all).size(), 1u);
}

TEST_P(Seal, SeesTwoRowsThatSwapTheirValues) {
    put(1, 14);
    put(2, 7);
    EXPECT_EQ(seals_.compare(all).size(), 1u);
}

TEST_P(Seal, ComparesAPartAtATime) {
    put(rows, 1);
    std::size_t calls = 0;
    while (seals_.compare(1000).empty())
        ASSERT_LT(++calls, 100u);
    EXPECT_GE(calls, lpm() ? 9u : 2u);
}

INSTANTIATE_TEST_SUITE_P(Maps, Seal, testing::Values(BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LPM_TRIE),
                         [](const auto& param) {
                             return param.param == BPF_MAP_TYPE_HASH ? "Hash" : "Lpm";
                         });

} // namespace
} // namespace ringwall::loader
