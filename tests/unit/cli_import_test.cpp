// Tables of labels, and what tables and changes look like on the terminal.
#include <map>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/cli/csv.h"
#include "control/cli/edits.h"
#include "control/cli/label_table.h"
#include "control/cli/tables.h"
#include "control/policy/load.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

const Painter plain(false), colored(true);

std::vector<std::vector<std::string>> texts(std::string_view csv) {
    std::vector<std::vector<std::string>> out;
    const auto rows = parse_csv(csv, "x.csv");
    EXPECT_TRUE(rows);
    if (rows)
        for (const auto& row : *rows)
            for (auto& cells = out.emplace_back(); const auto& cell : row)
                cells.push_back(cell.text);
    return out;
}

TEST(Csv, HasQuotesBlanksAndAnyLineEnd) {
    using Rows = std::vector<std::vector<std::string>>;
    EXPECT_EQ(texts("\xef\xbb\xbf"
                    "a, b ,c\r\n\"x, \"\"y\"\"\",,z\n\n,,\nlast,\"two\nlines\","),
              (Rows{{"a", "b", "c"}, {"x, \"y\"", "", "z"}, {"last", "two\nlines", ""}}));
    EXPECT_EQ(texts(""), Rows{});
}

TEST(Csv, CellsKnowTheirPlace) {
    const auto rows = parse_csv("name,role\n\nä,  \"b\nc\", d\n", "x.csv").value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1][1].line, 3);
    EXPECT_EQ(rows[1][1].column, 5); // characters, not bytes
    EXPECT_EQ(rows[1][2].line, 4);
}

TEST(Csv, BrokenQuotesAreTold) {
    const auto open = parse_csv("a\n\"b", "x.csv");
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().place.text(), "x.csv:2:1");
    const auto behind = parse_csv("a,\"b\" c\n", "x.csv");
    ASSERT_FALSE(behind);
    EXPECT_EQ(behind.error().place.text(), "x.csv:1:3");
}

using Objects = std::map<std::string, json::object>;

std::expected<std::vector<LabelRow>, std::vector<model::Problem>> read(std::string_view csv,
                                                                       const Objects& there = {}) {
    return read_label_table(csv, "l.csv", [&](const std::string& name) -> const json::object* {
        const auto found = there.find(name);
        return found == there.end() ? nullptr : &found->second;
    });
}

std::vector<std::string> mistakes(std::string_view csv) {
    std::vector<std::string> out;
    if (const auto rows = read(csv); !rows)
        for (const auto& problem : rows.error())
            out.push_back(policy::line(problem));
    return out;
}

TEST(LabelTable, NewWorkloadsAreMadeWithoutAgent) {
    const auto rows = read("name,address,role,env\ndb-7,10.0.3.7 2001:db8::7,Database,\n");
    ASSERT_TRUE(rows);
    EXPECT_EQ(
        json::serialize(rows->at(0).document),
        R"({"apiVersion":"ringwall/v1","kind":"Workload","metadata":{"name":"db-7","revision":0},)"
        R"("spec":{"managed":false,"addresses":["10.0.3.7","2001:db8::7"],)"
        R"("labels":{"role":"Database"}}})");
}

TEST(LabelTable, WhatIsThereStaysUnlessTheTableSaysOtherwise) {
    const Objects there{
        {"w", json::parse(R"({"metadata":{"name":"w","revision":9},"spec":{"mode":"full",
        "addresses":["10.0.0.1"],"labels":{"role":"Web","rack":"7","env":"Test"}}})")
                  .as_object()}};
    const auto rows = read("name,address,env,role,rack\nw,,Production,,-\n", there);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->at(0).document.at("metadata").at("revision"), 9);
    const auto& spec = rows->at(0).document.at("spec");
    EXPECT_EQ(spec, json::parse(R"({"mode":"full","addresses":["10.0.0.1"],
                                    "labels":{"role":"Web","env":"Production"}})"));
}

TEST(LabelTable, MistakesHaveLineAndColumn) {
    EXPECT_EQ(mistakes("name,address,role\nw,10.0.0.300,Web\nw,10.0.0.1,Web\n,10.0.0.2,Web\n"
                       "x,10.0.0.1,Web,more\ny,,Web\n"),
              (std::vector<std::string>{
                  "l.csv:2:3: \"10.0.0.300\" is no address; write 10.0.0.1 or 2001:db8::1",
                  "l.csv:3:1: \"w\" is already in line 2; keep one",
                  "l.csv:3:1: no name in this line", "l.csv:4:1: no name in this line",
                  "l.csv:5:16: 4 cells, but 3 columns: is a comma not in quotes?",
                  "l.csv:6:1: \"y\" is not there yet and has no address here; add one"}));
    EXPECT_EQ(mistakes("host,role\nw,Web\n").size(), 1u);
    EXPECT_EQ(mistakes("name,role,role\n").size(), 1u);
    EXPECT_EQ(mistakes("").size(), 1u);
    EXPECT_EQ(mistakes("name,address,managed\nw,10.0.0.1,yes\n"),
              std::vector<std::string>{"l.csv:2:12: managed is true or false"});
}

TEST(LabelTable, AFaultOfTheControllerLeadsToItsCell) {
    const auto rows = read("name,address,role\nw,10.0.0.1,Web\n");
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->at(0).place("/spec/labels/role").text(), "l.csv:2:12");
    EXPECT_EQ(rows->at(0).place("/spec/addresses/0").text(), "l.csv:2:3");
    EXPECT_EQ(rows->at(0).place("/spec").text(), "l.csv:2:1");
}

json::array documents(const char* text) {
    return json::parse(text).as_array();
}

TEST(Tables, ShowWhatMattersOfAKind) {
    const auto list = documents(R"([
      {"kind":"Workload","metadata":{"name":"web-1","revision":7,"changed":"2026-01-02T03:04:05Z"},
       "spec":{"labels":{"role":"Web","rack":"7"},"addresses":["10.0.0.1"],"mode":"full"}},
      {"kind":"Workload","metadata":{"name":"db","revision":8},
       "spec":{"labels":{"env":"Zürich"},"managed":false,
               "addresses":["10.0.0.2","10.0.0.3","10.0.0.4","10.0.0.5","10.0.0.6"]}}])");
    EXPECT_EQ(table_of(**kind_named("wl"), list, false, plain, 1'767'323'105),
              "NAME   ROLE  APP  ENV     LOC  MODE       ADDRESSES\n"
              "web-1  Web   -    -       -    full       10.0.0.1\n"
              "db     -     -    Zürich  -    unmanaged  10.0.0.2, 10.0.0.3, 10.0.0.4, +2 more\n");
    const auto wide = table_of(**kind_named("wl"), list, true, plain, 1'767'323'105);
    EXPECT_NE(wide.find("10.0.0.5, 10.0.0.6"), std::string::npos) << wide;
    EXPECT_NE(wide.find("rack=7"), std::string::npos) << wide;
    EXPECT_NE(wide.find("60s ago"), std::string::npos) << wide;
}

TEST(Tables, AlignInColoursToo) {
    EXPECT_EQ(table_of({"A", "B"}, {{colored(Color::red, "x"), "1"}, {"long", "2"}}, colored),
              "\033[1mA\033[0m     \033[1mB\033[0m\n\033[31mx\033[0m     1\nlong  2\n");
}

TEST(Tables, KnowEveryKind) {
    const auto one = [](const char* kind, const char* spec) {
        const auto list =
            documents(fmt::format(R"([{{"metadata":{{"name":"x"}},"spec":{}}}])", spec).c_str());
        const auto table = table_of(**kind_named(kind), list, false, plain, 0);
        return table.substr(table.find('\n') + 1);
    };
    EXPECT_EQ(one("svc", R"({"ports":[{"proto":"tcp","ports":[80,"90-99"]},{"proto":47}],
                             "process":{"unit":"x.service"}})"),
              "x     tcp/80,90-99 47  unit=x.service\n");
    EXPECT_EQ(one("rs", R"({"scopes":[{"app":"P","env":"Q"}],"rules":[{},{}]})"),
              "x     app=P,env=Q  2\n");
    EXPECT_EQ(one("rs", R"({"rules":[]})"), "x     everything  0\n");
    EXPECT_EQ(one("al", R"({"cidrs":["10.0.0.0/8"]})"), "x     10.0.0.0/8  -\n");
    EXPECT_EQ(one("lg", R"({"labels":[{"app":["P","Q"],"not":{"env":"T"}}]})"),
              "x     app=P|Q,not(env=T)\n");
    EXPECT_EQ(one("user", R"({"role":"viewer"})"), "x     viewer  everything  -          active\n");
    EXPECT_EQ(one("token", R"({"role":"viewer","scope":{"env":["A","B"]},"created_by":"alice"})"),
              "x     viewer  -     env=A|B  -        alice\n");
    EXPECT_EQ(one("pp", "{}"), "x     -       visibility  any        -        no\n");
}

TEST(Edits, AreALineEachAndDifferencesBelow) {
    const auto edits = documents(R"([
      {"kind":"Workload","name":"w","outcome":"created","differences":[]},
      {"kind":"RuleSet","name":"p","outcome":"changed","differences":[
        {"pointer":"/spec/rules/a/action","kind":"changed","before":"allow","after":"deny"},
        {"pointer":"/spec/rules/b","kind":"added","after":{"name":"b"}},
        {"pointer":"/spec/scopes/0","kind":"removed","before":{"app":"P"}}]},
      {"kind":"Service","name":"s","outcome":"unchanged","differences":[]}])");
    EXPECT_EQ(edit_lines(edits, plain, true), "workload/w created\n"
                                              "ruleset/p changed\n"
                                              "  ~ /spec/rules/a/action: allow -> deny\n"
                                              "  + /spec/rules/b: {\"name\":\"b\"}\n"
                                              "  - /spec/scopes/0: {\"app\":\"P\"}\n"
                                              "service/s unchanged\n");
    EXPECT_EQ(edit_lines(edits, plain, false).find("  ~"), std::string::npos);
    EXPECT_NE(edit_lines(edits, colored, false).find("\033[32mcreated"), std::string::npos);
}

} // namespace
} // namespace ringwall::cli
