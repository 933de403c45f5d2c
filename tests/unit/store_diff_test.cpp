// What differs, as a person would say it; and that it is all that differs.
#include "control/store/diff.h"

#include <map>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace ringwall::store {
namespace {

namespace json = boost::json;
using Kind = Difference::Kind;

std::vector<std::string> told(const std::string& before, const std::string& after) {
    std::vector<std::string> out;
    for (const auto& each : diff(json::parse(before), json::parse(after))) {
        std::string line = each.pointer + ":";
        if (each.before)
            line += " " + json::serialize(*each.before);
        line += each.kind == Kind::reordered ? " ~>" : " ->";
        if (each.after)
            line += " " + json::serialize(*each.after);
        out.push_back(line);
    }
    return out;
}

using Lines = std::vector<std::string>;

TEST(Diff, OfEqualValuesIsEmptyWhateverTheOrderOfKeys) {
    EXPECT_EQ(told(R"({"a":1,"b":[1,2]})", R"({"b":[1,2],"a":1})"), Lines{});
}

TEST(Diff, NamesTheFieldThatChangedAndBothValues) {
    EXPECT_EQ(told(R"({"spec":{"mode":"full","labels":{"app":"a"}}})",
                   R"({"spec":{"mode":"idle","labels":{"app":"a","env":"p"}}})"),
              (Lines{R"(/spec/labels/env: -> "p")", R"(/spec/mode: "full" -> "idle")"}));
}

TEST(Diff, ARuleIsTheSameRuleWhereverItStands) {
    EXPECT_EQ(told(R"({"rules":[{"name":"web","action":"allow"},{"name":"db","action":"allow"}]})",
                   R"({"rules":[{"name":"new","action":"deny"},{"name":"db","action":"deny"}]})"),
              (Lines{R"(/rules/web: {"name":"web","action":"allow"} ->)",
                     R"(/rules/db/action: "allow" -> "deny")",
                     R"(/rules/new: -> {"name":"new","action":"deny"})",
                     R"(/rules: ["db","new"] ~> ["new","db"])"}));
}

TEST(Diff, AnotherOrderOfRulesIsOneDifference) {
    EXPECT_EQ(told(R"([{"name":"a"},{"name":"b"},{"name":"c"}])",
                   R"([{"name":"c"},{"name":"a"},{"name":"b"}])"),
              (Lines{R"(: ["a","b","c"] ~> ["c","a","b"])"}));
}

TEST(Diff, OneAddressMoreIsOneDifference) {
    EXPECT_EQ(told(R"(["10.0.0.0/8","192.168.0.0/16"])",
                   R"(["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"])"),
              (Lines{R"(/1: -> "172.16.0.0/12")"}));
    EXPECT_EQ(told(R"([1,2,3,4])", R"([1,4])"), (Lines{"/1: 2 ->", "/2: 3 ->"}));
}

TEST(Diff, EscapesTildeAndSlashInPointers) {
    EXPECT_EQ(told(R"({"a/b~c":1})", R"({"a/b~c":2})"), (Lines{"/a~1b~0c: 1 -> 2"}));
}

TEST(Diff, ElementsWithOneNameTwiceAreNoNamedElements) {
    EXPECT_FALSE(has_named_elements(json::parse(R"([{"name":"a"},{"name":"a"}])").as_array()));
    EXPECT_FALSE(has_named_elements(json::parse(R"([{"name":1}])").as_array()));
    EXPECT_FALSE(has_named_elements(json::parse(R"(["name"])").as_array()));
    EXPECT_TRUE(has_named_elements(json::parse(R"([{"name":"a"},{"name":"b"}])").as_array()));
}

TEST(Diff, AnotherTypeIsAChange) {
    EXPECT_EQ(told(R"({"a":[{"name":"x"}]})", R"({"a":[1]})"),
              (Lines{R"(/a: [{"name":"x"}] -> [1])"}));
    EXPECT_EQ(told("{}", "[]"), (Lines{": {} -> []"}));
}

// --- A reader of differences, written from the header's words alone. ---

struct Rest { // a difference below a value
    std::string pointer;
    const Difference* difference;
};

std::string first_token(std::string& pointer) {
    const auto end = pointer.find('/', 1);
    const auto raw = pointer.substr(1, end == std::string::npos ? end : end - 1);
    pointer = end == std::string::npos ? "" : pointer.substr(end);
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i)
        out += raw[i] != '~' ? raw[i] : raw[++i] == '0' ? '~' : '/';
    return out;
}

json::value applied(const json::value& before, const std::vector<Rest>& rest);

json::value applied_to(const json::object& before, const std::vector<Rest>& rest) {
    json::object out = before;
    std::map<std::string, std::vector<Rest>> members;
    for (auto [pointer, difference] : rest) {
        const auto key = first_token(pointer);
        if (!pointer.empty() || difference->kind == Kind::changed ||
            difference->kind == Kind::reordered)
            members[key].push_back({pointer, difference});
        else if (difference->kind == Kind::added)
            out[key] = *difference->after;
        else
            out.erase(key);
    }
    for (const auto& [key, below] : members)
        out[key] = applied(out.at(key), below);
    return out;
}

std::size_t index_of(const json::array& array, bool named, const std::string& token) {
    if (!named)
        return std::stoul(token);
    std::size_t i = 0;
    while (i < array.size() && array[i].at("name").as_string() != token)
        ++i;
    return i;
}

json::value applied_to(const json::array& before, const std::vector<Rest>& rest) {
    const bool named = !before.empty() && has_named_elements(before);
    json::array out = before;
    std::map<std::size_t, std::vector<Rest>> elements;
    std::vector<std::size_t> gone;
    const json::value* order = nullptr;
    for (auto [pointer, difference] : rest) {
        if (pointer.empty()) {
            order = &*difference->after;
            continue;
        }
        const auto token = first_token(pointer);
        if (pointer.empty() && difference->kind == Kind::added)
            continue;
        const auto i = index_of(before, named, token);
        if (pointer.empty() && difference->kind == Kind::removed)
            gone.push_back(i);
        else
            elements[i].push_back({pointer, difference});
    }
    for (const auto& [i, below] : elements)
        out[i] = applied(before[i], below);
    std::ranges::sort(gone, std::greater());
    for (auto i : gone)
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    for (auto [pointer, difference] : rest)
        if (!pointer.empty() && difference->kind == Kind::added) {
            const auto token = first_token(pointer);
            if (!pointer.empty())
                continue;
            const auto at = named || before.empty() ? out.size() : std::stoul(token);
            out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), *difference->after);
        }
    if (!order)
        return out;
    json::array sorted;
    for (const auto& name : order->as_array())
        sorted.push_back(out.at(index_of(out, true, std::string(name.as_string()))));
    return sorted;
}

json::value applied(const json::value& before, const std::vector<Rest>& rest) {
    if (rest.empty())
        return before;
    if (rest.size() == 1 && rest[0].pointer.empty() && rest[0].difference->kind == Kind::changed)
        return *rest[0].difference->after;
    return before.is_object() ? applied_to(before.as_object(), rest)
                              : applied_to(before.as_array(), rest);
}

// --- Random bodies: few keys, names and numbers, so that much is alike. ---

json::value random_json(int depth);

// Any of the names, each at most once, in any order.
json::value random_named(int depth) {
    json::array out;
    for (const char* name : {"a", "b", "0", "1", "x/y", "~"})
        if (*rc::gen::inRange(0, 3) != 0)
            out.insert(out.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                         0, static_cast<std::ptrdiff_t>(out.size()) + 1),
                       json::object{{"name", name}, {"v", random_json(depth - 1)}});
    return out;
}

json::value random_json(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 6 : 3)) {
    case 0:
        return *rc::gen::inRange(0, 3);
    case 1:
        return *rc::gen::element("p", "q");
    case 2:
        return nullptr;
    case 3: {
        json::array out;
        for (int i = *rc::gen::inRange(0, 5); i > 0; --i)
            out.push_back(random_json(depth - 1));
        return out;
    }
    case 4:
        return random_named(depth);
    default: {
        json::object out;
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
            out[*rc::gen::element<std::string>("k", "l", "m/n", "name", "")] =
                random_json(depth - 1);
        return out;
    }
    }
}

void check_applied(const json::value& before, const json::value& after) {
    const auto found = diff(before, after);
    std::vector<Rest> rest;
    for (const auto& each : found)
        rest.push_back({each.pointer, &each});
    const auto result = applied(before, rest);
    RC_LOG() << before << "\n" << after << "\n" << result << "\n";
    RC_ASSERT(result == after);
    RC_ASSERT(found.empty() == (before == after));
}

RC_GTEST_PROP(DiffProperty, AppliedToBeforeGivesAfter, ()) {
    for (int i = 0; i < 30; ++i)
        check_applied(random_json(4), random_json(4));
}

RC_GTEST_PROP(DiffProperty, AppliedToBeforeGivesAfterWhereBothAreRuleSets, ()) {
    for (int i = 0; i < 30; ++i)
        check_applied(random_named(3), random_named(3));
}

} // namespace
} // namespace ringwall::store
