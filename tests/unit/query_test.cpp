// The filter language for flows: what holds, and where a text is wrong.
#include "control/query/query.h"

#include <set>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ringwall::query {
namespace {

constexpr std::int64_t now_ns = 1'800'000'000'000'000'000; // 2027-01-15T08:00:00Z

const boost::json::object& flow() {
    static const auto out = boost::json::parse(R"({
        "time": "2027-01-15T07:00:00.500Z", "verdict": "would-block", "reason": "no-rule",
        "rules": ["payments/web-to-app"], "direction": "inbound", "protocol": "tcp", "port": 8080,
        "count": 3, "retransmits": 2, "rtt_us": 410,
        "failed": {"refused": 1, "timed_out": 0, "reset": 2},
        "bytes": {"to_destination": 900, "to_source": 100},
        "packets": {"to_destination": 6, "to_source": 4},
        "source": {"address": "10.0.0.7", "workload": "web-1", "lists": ["office"],
                   "labels": {"role": "Web Server", "app": "Payments", "or": "x"}},
        "destination": {"address": "2001:db8::5", "workload": "app-1",
                        "labels": {"role": "App", "app": "Payments", "port": "east"},
                        "process": {"shown": "tomcat10.service", "path": "/usr/bin/java",
                                    "unit": "tomcat10.service", "user": "tomcat"}}})");
    return out.as_object();
}

bool holds(std::string_view text) {
    const auto query = parse(text, now_ns);
    EXPECT_TRUE(query) << text << ": " << (query ? "" : query.error().sentence);
    return query && query->matches(flow());
}

TEST(Query, NothingHoldsForEverything) {
    EXPECT_TRUE(holds(""));
    EXPECT_TRUE(holds(" \t"));
    EXPECT_TRUE(parse("", now_ns)->empty());
}

TEST(Query, TermsThatHold) {
    for (const auto* text : {"port=8080",
                             "port=443,8080",
                             "port=8000-8999",
                             "port!=443",
                             "app=Payments",
                             "role=\"Web Server\"",
                             "from.role=Web*",
                             "from.role=*Server",
                             "role=\"Web Server\"",
                             "to.role=App",
                             "workload=app-1",
                             "from.workload=web-*",
                             "address=10.0.0.0/8",
                             "to.address=2001:db8::5",
                             "from.list=office",
                             "process=java",
                             "process=/usr/bin/java",
                             "to.process=tomcat10*",
                             "user=tomcat",
                             "unit=tomcat10.service",
                             "verdict=would-block",
                             "verdict=blocked,would-block",
                             "direction=inbound",
                             "protocol=tcp,udp",
                             "rule=payments/*",
                             "reason=no-rule",
                             "since=2h",
                             "since=3600s",
                             "until=30m",
                             "since=2027-01-15T07:00:00Z",
                             "until=2027-01-15T07:00:01Z",
                             "count>2",
                             "count<4",
                             "bytes=1000",
                             "bytes>999",
                             "packets<11",
                             "retransmits=1-5",
                             "refused>0 reset=2 timed-out=0",
                             "to.verdict=would-block not from.verdict=would-block",
                             "not draft=blocked",
                             "rtt_us<500",
                             "label.port=east",
                             "to.label.port=east",
                             "or=x"})
        EXPECT_TRUE(holds(text)) << text;
}

TEST(Query, TermsThatDoNot) {
    for (const auto* text : {"port=443",        "port!=8080",
                             "app=payments",    "app!=Payments",
                             "from.role=App",   "to.role=\"Web Server\"",
                             "role=\"Web*\"",   "address=10.1.0.0/16",
                             "from.list=*x",    "from.process=java",
                             "process=jav",     "user=root",
                             "verdict=allowed", "direction=outbound",
                             "rule=payments",   "since=59m",
                             "until=2h",        "count>3",
                             "bytes<1000",      "label.port=8080",
                             "nolabel=x",       "protocol=udp"})
        EXPECT_FALSE(holds(text)) << text;
}

TEST(Query, TermsAreJoined) {
    EXPECT_TRUE(holds("port=8080 app=Payments"));
    EXPECT_TRUE(holds("port=8080 and app=Payments"));
    EXPECT_FALSE(holds("port=8080 app=Billing"));
    EXPECT_TRUE(holds("app=Billing or port=8080"));
    EXPECT_TRUE(holds("app=Billing port=1 or port=8080")) << "or binds weaker";
    EXPECT_FALSE(holds("app=Billing (port=1 or port=8080)"));
    EXPECT_TRUE(holds("not app=Billing not (port=1 or port=2)"));
    EXPECT_TRUE(holds("not not app=Payments"));
    EXPECT_FALSE(holds("not(app=Payments)"));
    EXPECT_TRUE(holds("(((port=8080)))"));
    EXPECT_TRUE(holds(R"(role="Web \"Server\"" or role="Web Server",App)"));
}

TEST(Query, AWrongTextIsToldWhereAndWhatWasExpected) {
    const auto expect = [](std::string_view text, std::size_t position, std::string_view words) {
        const auto query = parse(text, now_ns);
        ASSERT_FALSE(query) << text;
        EXPECT_EQ(query.error().position, position) << text << ": " << query.error().sentence;
        EXPECT_NE(query.error().sentence.find(words), std::string::npos) << query.error().sentence;
    };
    expect("port", 4, "= or != was expected after port");
    expect("port=", 5, "a value was expected");
    expect("port=80,", 8, "a value was expected");
    expect("port=http", 5, "a number or a range was expected for port");
    expect("port=70000", 5, "a number or a range");
    expect("port=9-1", 5, "a number or a range");
    expect("port>80", 4, "= or != was expected");
    expect("count", 5, "= or != or < or > was expected after count");
    expect("a~b", 3, "= or != was expected after a~b");
    expect("app=x )", 6, "was not opened");
    expect("(app=x", 6, "for the one at 1");
    expect("app=\"x", 6, "closing quote was expected, for the one at 5");
    expect("app=x or", 8, "the name of a field");
    expect("=x", 0, "the name of a field");
    expect("verdict=deny", 8,
           "allowed, would-block, unmatched, blocked was expected, not \"deny\"");
    expect("direction=in", 10, "inbound, outbound was expected");
    expect("address=10.0.0", 8, "an address or a CIDR was expected");
    expect("since=yesterday", 6, "a duration or a time was expected for since");
    expect("from.port=80", 0, "port belongs to the flow");
    expect("to.label.=x", 9, "the key of a label");
    expect(std::string(40, '('), 33, "nested deeper than 32");
    expect(std::string(5000, 'a'), 4096, "at most 4096 bytes");
    expect("a=b,", 4, "a value was expected here; values are joined by commas");
}

TEST(Query, LabelsThatItAsksForAreKnown) {
    std::set<std::string> asked;
    parse("role=Web,App* not (from.app=\"Pay\") port=80", now_ns)
        ->each_label([&](const auto& key, const auto& value) { asked.insert(key + "=" + value); });
    EXPECT_EQ(asked, (std::set<std::string>{"app=Pay", "role=Web"}));
}

} // namespace
} // namespace ringwall::query
