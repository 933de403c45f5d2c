#include <gtest/gtest.h>

#include "control/api/target.h"

namespace ringwall::api {
namespace {

TEST(Target, IsTakenApart) {
    const auto target =
        parse_target("/api/v1/rule-sets/web%2Fapp%20x?labels=role%3DWeb+Server%2Capp&limit=5&flag");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, (std::vector<std::string>{"api", "v1", "rule-sets", "web/app x"}));
    EXPECT_EQ(target->query.at("labels"), "role=Web Server,app");
    EXPECT_EQ(target->query.at("limit"), "5");
    EXPECT_EQ(target->query.at("flag"), "");
}

TEST(Target, APlusIsASpaceInTheQueryOnly) {
    const auto target = parse_target("/a+b?c=d+e");
    EXPECT_EQ(target->path.front(), "a+b");
    EXPECT_EQ(target->query.at("c"), "d e");
}

TEST(Target, RefusesWhatCannotBeMeant) {
    for (const char* bad : {"", "a", "http://x/", "*", "/%", "/%4", "/%zz", "/%ff", "/%c0%af",
                            "/a?x=%00", "/a?x=1&x=2", "/%0a"})
        EXPECT_FALSE(parse_target(bad)) << bad;
    EXPECT_FALSE(parse_target("/" + std::string(20'000, 'a')));
    EXPECT_TRUE(parse_target("/%C3%A4"));
}

TEST(Params, UnknownOnesNameTheNearest) {
    Params params(std::map<std::string, std::string>{{"dryrun", "true"}});
    params.allow({"dry_run", "labels"});
    ASSERT_FALSE(params.check());
    EXPECT_NE(params.check().error().detail.find("did you mean \"dry_run\"?"), std::string::npos);
}

TEST(Params, AreReadStrictly) {
    const auto wrong = [](const std::string& value, auto read) {
        Params params(std::map<std::string, std::string>{{"p", value}});
        params.allow({"p"});
        read(params);
        return !params.check();
    };
    const auto number = [](Params& params) { params.number("p", 1, 1000); };
    const auto flag = [](Params& params) { params.flag("p"); };
    const auto time = [](Params& params) { params.time_ns("p"); };
    EXPECT_FALSE(wrong("1000", number));
    EXPECT_FALSE(wrong("true", flag));
    EXPECT_FALSE(wrong("2026-01-02T03:04:05Z", time));
    for (const char* bad : {"", "0", "1001", "1x", "-1", "+1", "1.0", "99999999999999999999999"})
        EXPECT_TRUE(wrong(bad, number)) << bad;
    for (const char* bad : {"", "1", "True", "yes"})
        EXPECT_TRUE(wrong(bad, flag)) << bad;
    for (const char* bad : {"", "yesterday", "2026-13-01T00:00:00Z", "2026-01-02"})
        EXPECT_TRUE(wrong(bad, time)) << bad;
}

TEST(Utf8, IsTold) {
    for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x7f"})
        EXPECT_TRUE(is_utf8(good)) << good;
    for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xe2\x82", "\xfe"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

} // namespace
} // namespace ringwall::api
