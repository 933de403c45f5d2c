// What agents saw of a staging: the newest of each, bounded, summed up over agents.
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "control/core/staging.h"

namespace ringwall::core {
namespace {

v1::ImpactRow row(const std::string& subject, std::uint64_t count, bool allows = false,
                  const std::string& address = "\x0a\x01\x01\x01") {
    v1::ImpactRow out;
    out.set_subject(subject);
    out.set_allows(allows);
    out.set_direction(v1::INBOUND);
    out.set_protocol(6);
    out.set_port(8080);
    out.set_peer(address);
    out.set_count(count);
    out.set_first_ns(static_cast<std::int64_t>(100 - count));
    out.set_last_ns(static_cast<std::int64_t>(100 + count));
    return out;
}

v1::Impact impact(std::uint64_t staging, const std::vector<v1::ImpactRow>& rows) {
    v1::Impact out;
    out.set_staging(staging);
    for (const auto& each : rows)
        *out.add_rows() = each;
    return out;
}

std::vector<ImpactSum> all(const Impacts& impacts) {
    return summed(impacts, [](const auto&, const auto&) { return true; });
}

TEST(CoreImpacts, TheNewestOfAnAgentReplacesWhatItSaidBefore) {
    Impacts impacts;
    EXPECT_FALSE(impacts.take("app-1", impact(0, {row("app-1", 1)}))) << "nothing is staged";
    impacts.begin(3);
    EXPECT_FALSE(impacts.take("app-1", impact(2, {row("app-1", 1)})));
    EXPECT_TRUE(impacts.take("app-1", impact(3, {row("app-1", 1), row("db", 1)})));
    EXPECT_TRUE(impacts.take("app-1", impact(3, {row("app-1", 5)})));
    ASSERT_EQ(all(impacts).size(), 1U);
    EXPECT_EQ(all(impacts)[0].row.count(), 5U);
    EXPECT_EQ(impacts.rows(), 1U);
    impacts.begin(3);
    EXPECT_EQ(impacts.rows(), 1U) << "it is the same staging";
    impacts.begin(4);
    EXPECT_EQ(impacts.rows(), 0U);
    EXPECT_FALSE(impacts.has("app-1"));
}

TEST(CoreImpacts, WhatIsBeyondTheBoundIsCountedTheRarestFirst) {
    Impacts impacts(3);
    impacts.begin(1);
    impacts.take("a", impact(1, {row("a", 9), row("a", 8, true)}));
    impacts.take("b", impact(1, {row("b", 9, true), row("b", 7), row("b2", 2)}));
    EXPECT_EQ(impacts.rows(), 3U);
    const auto& of_b = impacts.all().at("b");
    ASSERT_EQ(of_b.rows_size(), 1);
    EXPECT_EQ(of_b.rows(0).count(), 7U) << "newly blocked weighs more than newly allowed";
    EXPECT_EQ(of_b.omitted(), 11U);
    impacts.forget("a");
    EXPECT_EQ(impacts.rows(), 1U);
    impacts.take("b", impact(1, {row("b", 9, true), row("b", 7), row("b2", 2)}));
    EXPECT_EQ(impacts.rows(), 3U) << "there is room again";
    EXPECT_EQ(impacts.all().at("b").omitted(), 0U);
}

TEST(CoreImpacts, RowsThatDifferOnlyInAddressAndTimeAreOne) {
    Impacts impacts;
    impacts.begin(1);
    impacts.take("a", impact(1, {row("db", 2), row("web", 50, true)}));
    impacts.take("b", impact(1, {row("db", 3, false, "\x0a\x01\x01\x02"), row("app", 1)}));
    const auto sums = all(impacts);
    ASSERT_EQ(sums.size(), 3U);
    EXPECT_EQ(sums[0].row.subject(), "db");
    EXPECT_EQ(sums[0].row.count(), 5U);
    EXPECT_EQ(sums[0].row.peer(), "\x0a\x01\x01\x02") << "the last one";
    EXPECT_EQ(sums[0].row.first_ns(), 97);
    EXPECT_EQ(sums[0].row.last_ns(), 103);
    EXPECT_EQ(sums[0].agents, (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(sums[1].row.subject(), "app") << "newly blocked comes first";
    EXPECT_EQ(sums[2].row.subject(), "web");
    const auto before = sums[0].id;
    impacts.take("a", impact(1, {row("db", 40)}));
    EXPECT_EQ(all(impacts)[0].id, before) << "counts rise, the row stays the same";
}

TEST(CoreStagedDraft, OutlivesARestart) {
    const StagedDraft draft{.number = 4,
                            .base = 7,
                            .changes = {{{"rule_set", "a"}, R"({"rules":[]})", {}, 0},
                                        {{"service", "b"}, {}, R"({"ports":[1,2.5]})", 12}},
                            .actor = "alice",
                            .note = "CHG-1",
                            .since_ns = 99};
    const auto again = parse_staged(boost::json::serialize(to_json(draft)));
    ASSERT_TRUE(again);
    EXPECT_EQ(to_json(*again), to_json(draft));
    EXPECT_FALSE(parse_staged("{}"));
}

TEST(CoreStagedDraft, ContentsAreComparedByWhatTheySay) {
    const std::vector<store::Object> base{{{"rule_set", "a"}, R"({"x":1,"y":2})", 5, 1, 1},
                                          {{"service", "b"}, "{}", 6, 1, 1}};
    const std::vector<store::Object> same{{{"service", "b"}, "{}", 60, 2, 2},
                                          {{"rule_set", "a"}, R"({"y":2,"x":1})", 50, 2, 2}};
    EXPECT_TRUE(same_contents(base, same));
    const auto without = applied(base, {{{"service", "b"}, "{}", {}, 0}});
    EXPECT_EQ(without.size(), 1U);
    EXPECT_FALSE(same_contents(base, without));
    const auto changed = applied(base, {{{"service", "b"}, "{}", R"({"z":1})", 7}});
    EXPECT_FALSE(same_contents(base, changed));
    EXPECT_TRUE(same_contents(base, applied(changed, {{{"service", "b"}, {}, "{}", 9}})));
}

} // namespace
} // namespace ringwall::core
