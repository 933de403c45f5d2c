#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "control/api/json_text.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

void refuses(std::string_view text, std::size_t offset, const std::string& words) {
    const auto value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().offset, offset) << value.error().sentence;
    EXPECT_NE(value.error().sentence.find(words), std::string::npos) << value.error().sentence;
}

TEST(JsonText, ReadsOneValue) {
    const std::string_view text =
        R"( {"a": [1, -2, 18446744073709551615, 2.5, true, null, "\u00e4\ud83d\ude00"], "": {}} )";
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << value.error().sentence;
    EXPECT_EQ(*value, json::parse(text));
}

TEST(JsonText, SaysAtWhichByteItIsWrong) {
    refuses("", 0, "too early");
    refuses(R"({"a": 1)", 7, "too early");
    refuses(R"({"a": x})", 6, "no JSON");
    refuses(R"({"a": 1} {})", 9, "one value");
    refuses("[1,]", 3, "no JSON");
    refuses("// comment\n1", 0, "no JSON");
}

TEST(JsonText, RefusesBytesThatAreNoUtf8WhereTheyStand) {
    refuses("\"ab\xff\"", 3, "no JSON in UTF-8");
    refuses("\"\xc0\xaf\"", 1, "no JSON in UTF-8"); // overlong
    // A surrogate: a sequence is judged at its end.
    refuses("\"x\xed\xa0\x80\"", 4, "no JSON in UTF-8");
    const std::string long_text = "\"" + std::string(10'000, 'x') + "\xff\"";
    refuses(long_text, 10'001, "no JSON in UTF-8");
}

TEST(JsonText, RefusesAKeyThatStandsTwice) {
    refuses(R"({"a": 1, "b": 2, "a": 3})", 19, "\"a\" stands twice");
    EXPECT_TRUE(parse_json(R"([{"a": {"a": 1}}, {"a": 2}])"));
    // Keys that come in two blocks.
    const std::string key(5000, 'k');
    EXPECT_TRUE(parse_json("{\"" + key + "\": 1, \"" + key + "x\": 2}"));
    EXPECT_FALSE(parse_json("{\"" + key + "\": 1, \"" + key + "\": 2}"));
}

TEST(JsonText, RefusesDeepNestingWithoutReadingOn) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_json(nested(deepest_body)));
    refuses(nested(deepest_body + 1), deepest_body, "deeper than 32");
    std::string ten_megabytes;
    ten_megabytes.resize(10'000'000, '[');
    const auto start = std::chrono::steady_clock::now();
    refuses(ten_megabytes, deepest_body, "deeper than 32");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

RC_GTEST_PROP(JsonTextProperty, AgreesWithTheLibraryOnEveryText, (const std::string& text)) {
    boost::system::error_code error;
    const auto expected = json::parse(text, error);
    const auto value = parse_json(text);
    RC_ASSERT(value.has_value() == !error);
    if (value) {
        RC_ASSERT(*value == expected);
    } else {
        RC_ASSERT(value.error().offset <= text.size());
    }
}

} // namespace
} // namespace ringwall::api
