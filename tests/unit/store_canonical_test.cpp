// One text for one value.
#include "control/store/canonical.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace ringwall::store {
namespace {

std::optional<std::string> again(const std::string& text) {
    return canonical(boost::json::parse(text));
}

boost::json::value nested(int levels) {
    boost::json::value value = 1;
    for (int i = 0; i < levels; ++i)
        value = boost::json::array{value};
    return value;
}

TEST(CanonicalJson, SortsKeysAtEveryLevelAndLeavesArraysInOrder) {
    EXPECT_EQ(again(R"({"b": [3, 1, {"z": 1, "a": 2}], "a": {"y": null, "x": true}})"),
              R"({"a":{"x":true,"y":null},"b":[3,1,{"a":2,"z":1}]})");
}

TEST(CanonicalJson, IsTheSameTextWhenReadAndWrittenAgain) {
    const std::string text =
        R"({"":"\"quotes\" \\ and \u0001","n":[-1,0,18446744073709551615],"ü":"ß"})";
    EXPECT_EQ(again(text), again(*again(text)));
}

TEST(CanonicalJson, KeepsEmptyContainers) {
    EXPECT_EQ(again(R"({"a":{},"b":[],"c":""})"), R"({"a":{},"b":[],"c":""})");
}

TEST(CanonicalJson, RefusesWhatIsNestedTooDeep) {
    EXPECT_TRUE(canonical(nested(deepest_json)));
    EXPECT_FALSE(canonical(nested(deepest_json + 1)));
}

} // namespace
} // namespace ringwall::store
