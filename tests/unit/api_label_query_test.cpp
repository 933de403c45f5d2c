#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "control/api/label_query.h"

namespace ringwall::api {
namespace {

const model::Labels web{{"role", "Web Server"}, {"app", "Payments"}, {"env", "Production"}};

bool selects(const std::string& text, const model::Labels& labels = web) {
    const auto query = parse_label_query(text);
    EXPECT_TRUE(query) << text << ": " << (query ? "" : query.error().sentence);
    return query && query->matches(labels);
}

void refuses(const std::string& text, std::size_t position, const std::string& words) {
    const auto query = parse_label_query(text);
    ASSERT_FALSE(query) << text;
    EXPECT_EQ(query.error().position, position) << text << ": " << query.error().sentence;
    EXPECT_NE(query.error().sentence.find(words), std::string::npos) << query.error().sentence;
}

TEST(LabelQuery, AllPartsMustHold) {
    EXPECT_TRUE(selects("role=Web Server"));
    EXPECT_TRUE(selects("role=Web Server,app=Payments"));
    EXPECT_FALSE(selects("role=Web Server,app=Billing"));
    EXPECT_TRUE(selects(" role = Web Server , app = Payments "));
}

TEST(LabelQuery, NothingSelectsEverything) {
    EXPECT_TRUE(selects(""));
    EXPECT_TRUE(selects("  ", {}));
}

TEST(LabelQuery, SeveralValuesAreAlternatives) {
    EXPECT_TRUE(selects("app in (Payments,Billing)"));
    EXPECT_FALSE(selects("app in (Billing)"));
    EXPECT_FALSE(selects("app not in (Payments,Billing)"));
    EXPECT_TRUE(selects("app not in ( Billing , Shop )"));
}

TEST(LabelQuery, AMissingKeyNeverMatchesAValue) {
    EXPECT_FALSE(selects("loc=UK"));
    EXPECT_TRUE(selects("loc!=UK"));
    EXPECT_TRUE(selects("loc not in (UK)"));
    EXPECT_FALSE(selects("loc"));
    EXPECT_TRUE(selects("!loc"));
    EXPECT_TRUE(selects("! loc,role"));
    EXPECT_FALSE(selects("!role"));
}

TEST(LabelQuery, KeysThatBeginLikeAWordAreKeys) {
    EXPECT_TRUE(selects("inside=yes", {{"inside", "yes"}}));
    EXPECT_TRUE(selects("in=yes", {{"in", "yes"}}));
    EXPECT_TRUE(selects("not in (a)", {{"not", "b"}}) == false);
    EXPECT_TRUE(selects("team/unit.x_y-z=1", {{"team/unit.x_y-z", "1"}}));
}

TEST(LabelQuery, ValuesInQuotesMayHaveAnyCharacter) {
    EXPECT_TRUE(selects(R"(app="a,(b)=c")", {{"app", "a,(b)=c"}}));
    EXPECT_TRUE(selects(R"(app in ("a \"b\" \\c"," x "))", {{"app", "a \"b\" \\c"}}));
    EXPECT_TRUE(selects(R"(app in ("a", " x "))", {{"app", " x "}}));
}

TEST(LabelQuery, SaysWhereItIsWrong) {
    refuses("role=", 5, "a value is expected");
    refuses("role=Web,", 9, "ends with a comma");
    refuses(",role", 0, "a label key is expected");
    refuses("role Web", 5, "comes =, !=");
    refuses("role=Web app=x", 12, "in double quotes");
    refuses("app in Payments", 7, "in parentheses");
    refuses("app in (a", 9, "not closed");
    refuses("app in ()", 8, "a value is expected");
    refuses("app in (a)b", 10, "a comma between");
    refuses("app=\"x", 4, "quote is not closed");
    refuses("app=\"\"", 4, "not empty");
    refuses("app==x", 4, "in double quotes");
    refuses("app=a)", 5, "a comma between");
    refuses(std::string(64, 'k') + "=1", 0, "at most 63");
    refuses("app=" + std::string(5000, 'x'), 4096, "at most 4096");
}

TEST(LabelQuery, RefusesWhatCannotHold) {
    refuses("role=Web,role=App", 0, "write role in (Web,App)");
    EXPECT_TRUE(selects("app in (a,b),app in (b,c)", {{"app", "b"}}));
}

TEST(LabelQuery, NamesTheNearestLabelThereIs) {
    std::vector<model::Workload> workloads(1);
    workloads.front().labels = web;
    const auto known = vocabulary(workloads);
    const auto words = [&](const std::string& text) {
        return unknown_words(*parse_label_query(text), known);
    };
    EXPECT_TRUE(words("role=Web Server,env").empty());
    ASSERT_EQ(words("rolle=Web Server").size(), 1U);
    EXPECT_NE(words("rolle=Web Server")[0].find("did you mean \"role\"?"), std::string::npos);
    ASSERT_EQ(words("env in (Prodution,Production)").size(), 1U);
    EXPECT_NE(words("env in (Prodution,Production)")[0].find("did you mean \"Production\"?"),
              std::string::npos);
}

// A query written from terms is read as these terms.
std::string written(const LabelQuery& query) {
    std::string out;
    for (const auto& term : query.terms) {
        out += out.empty() ? "" : ",";
        if (term.op == LabelTerm::Op::has_not)
            out += "!";
        out += term.key;
        if (term.values.empty())
            continue;
        out += term.op == LabelTerm::Op::in ? " in (" : " not in (";
        bool first = true;
        for (const auto& value : term.values) {
            out += first ? "\"" : ",\"";
            first = false;
            for (const char c : value)
                out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
            out += '"';
        }
        out += ")";
    }
    return out;
}

RC_GTEST_PROP(LabelQueryProperty, WhatIsWrittenIsRead, ()) {
    // Short ones: a query has at most 4,096 bytes.
    const auto printable = rc::gen::resize(
        10, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange(' ', '~'))));
    LabelQuery query;
    const auto count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
        LabelTerm term;
        term.op = *rc::gen::element(LabelTerm::Op::in, LabelTerm::Op::not_in, LabelTerm::Op::has,
                                    LabelTerm::Op::has_not);
        term.key = "k" + std::to_string(i);
        if (term.op == LabelTerm::Op::in || term.op == LabelTerm::Op::not_in)
            term.values = *rc::gen::resize(
                10, rc::gen::nonEmpty(rc::gen::container<std::set<std::string>>(printable)));
        query.terms.push_back(term);
    }
    const auto read = parse_label_query(written(query));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == query);
}

RC_GTEST_PROP(LabelQueryProperty, AnyTextIsReadOrRefusedWithAPlace, (const std::string& text)) {
    const auto query = parse_label_query(text);
    if (!query) {
        RC_ASSERT(query.error().position <= text.size());
        RC_ASSERT(!query.error().sentence.empty());
    }
}

} // namespace
} // namespace ringwall::api
