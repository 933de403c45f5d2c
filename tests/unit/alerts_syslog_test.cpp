// Syslog against collectors that leave, come back, or leave something unread.
#include <charconv>

#include "control/alerts/alerts.h"
#include "tests/unit/alerts_sink_fixture.h"

namespace ringwall::alerts {
namespace {

using namespace testing;

class SyslogSink : public SinkTest {};

// Sentences of whole frames at the front, in order.
std::vector<std::string> frames(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        std::size_t size = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
        const auto start = static_cast<std::size_t>(end - text.data()) + 1;
        if (error != std::errc() || text.size() < start + size)
            break;
        const auto message = text.substr(start, size);
        out.emplace_back(message.substr(message.rfind("\xef\xbb\xbf") + 3));
        text.remove_prefix(start + size);
    }
    return out;
}

TEST_F(SyslogSink, ArrivesInOrderAndIsThenDelivered) {
    Server server(context_);
    start_syslog(server.port());
    offer(1, 50);
    ASSERT_TRUE(until([&] { return frames(server.received()).size() == 50; }));
    EXPECT_EQ(state().waiting, 50U) << "not settled yet";
    ASSERT_TRUE(until([&] { return state().delivered == 50; }));
    EXPECT_EQ(frames(server.received()), sentences(1, 50));
    EXPECT_EQ(state().waiting, 0U);
    EXPECT_EQ(state().failed, 0U);
}

TEST_F(SyslogSink, SendsAgainWhatWasNotSettledWhenTheConnectionBroke) {
    Server server(context_);
    start_syslog(server.port());
    offer(1, 3);
    ASSERT_TRUE(until([&] { return state().delivered == 3; }));
    offer(4, 6);
    ASSERT_TRUE(until([&] { return frames(server.received()).size() == 6; }));
    server.close(); // in order: it had read what it got
    ASSERT_TRUE(until([&] { return server.connections() == 2; }));
    offer(7, 7);
    ASSERT_TRUE(until([&] { return state().delivered == 7; }));
    auto expected = sentences(1, 6);
    for (const auto& each : sentences(4, 7))
        expected.push_back(each);
    EXPECT_EQ(frames(server.received()), expected);
    EXPECT_EQ(state().repeated, 3U);
    EXPECT_GE(state().failed, 1U);
    EXPECT_EQ(state().dropped, 0U);
}

TEST_F(SyslogSink, SendsAgainWhatMayHaveBeenLeftUnread) {
    Server server(context_);
    start_syslog(server.port());
    offer(1, 3);
    ASSERT_TRUE(until([&] { return state().delivered == 3; }));
    server.cut();
    ASSERT_TRUE(until([&] { return frames(server.received()).size() == 6; }));
    auto expected = sentences(1, 3);
    for (const auto& each : sentences(1, 3))
        expected.push_back(each);
    EXPECT_EQ(frames(server.received()), expected);
    EXPECT_EQ(state().repeated, 3U);
}

TEST_F(SyslogSink, NoticesACollectorThatLeavesWhileNothingIsSent) {
    Server server(context_);
    start_syslog(server.port());
    ASSERT_TRUE(until([&] { return server.connections() == 1; }));
    server.close();
    ASSERT_TRUE(until([&] { return server.connections() == 2; }));
    offer(1, 1);
    ASSERT_TRUE(until([&] { return frames(server.received()).size() == 1; }));
}

TEST_F(SyslogSink, KeepsTheNewestWhileNobodyListens) {
    auto away = std::make_unique<Server>(context_);
    const auto port = away->port();
    away.reset();
    start_syslog(port);
    offer(1, 130);
    ASSERT_TRUE(until([&] { return state().failed > 2; }));
    EXPECT_EQ(state().dropped, 30U);
    EXPECT_EQ(state().waiting, 100U);
    EXPECT_NE(state().trouble.find("connecting: Connection refused"), std::string::npos);
    Server server(context_, port);
    ASSERT_TRUE(until([&] { return state().delivered == 100; }));
    EXPECT_EQ(frames(server.received()), sentences(31, 130));
    EXPECT_TRUE(state().trouble.empty());
    ASSERT_EQ(said_.size(), 2U)
        << "told when it fails and when it works again, not at each attempt";
    EXPECT_NE(said_[0].find("100 alerts wait, it is tried again"), std::string::npos);
    EXPECT_NE(said_[1].find("takes alerts again"), std::string::npos);
}

TEST_F(SyslogSink, StopDeliversWhatWaits) {
    Server server(context_);
    start_syslog(server.port());
    offer(1, 5);
    bool done = false;
    sink_->stop(5s, [&] { done = true; });
    ASSERT_TRUE(until([&] { return done; }));
    EXPECT_EQ(state().delivered, 5U);
    EXPECT_EQ(frames(server.received()), sentences(1, 5));
}

TEST_F(SyslogSink, StopDoesNotWaitLongerThanItMay) {
    auto away = std::make_unique<Server>(context_);
    const auto port = away->port();
    away.reset();
    start_syslog(port);
    offer(1, 5);
    bool done = false;
    sink_->stop(100ms, [&] { done = true; });
    ASSERT_TRUE(until([&] { return done; }));
    EXPECT_EQ(state().waiting, 5U);
}

TEST_F(SyslogSink, AlertsFoldBeforeTheySend) {
    Server server(context_);
    const auto address = fmt::format("tcp://127.0.0.1:{}", server.port());
    std::vector<std::uint64_t> counts;
    auto alerts = Alerts::start(
        context_, {.config = {.syslog = {{.endpoint = *parse_collector(address)}}, .window = 200ms},
                   .origin = this_host("ringwall-controller"),
                   .tuning = options_.tuning,
                   .on_alert = [&](const Alert& alert) { counts.push_back(alert.count); }});
    ASSERT_TRUE(alerts);
    for (int i = 0; i < 10; ++i)
        (*alerts)->tell({.kind = Kind::blocked, .key = "k", .sentence = "blocked", .at_ns = 1});
    ASSERT_TRUE(until([&] { return frames(server.received()).size() == 2; }));
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 9}));
    EXPECT_EQ(frames(server.received()),
              (std::vector<std::string>{"blocked", "blocked (9 more in 0 s)"}));
    (*alerts)->tell({.kind = Kind::blocked, .key = "k", .sentence = "again", .at_ns = 2});
    bool done = false;
    (*alerts)->stop(5s, [&] { done = true; });
    ASSERT_TRUE(until([&] { return done; }));
    EXPECT_EQ(frames(server.received()).size(), 3U) << "what is folded goes out at the end";
    EXPECT_EQ((*alerts)->sinks()[0].delivered, 3U);
    alerts->reset();
    context_.run_for(10ms);
}

} // namespace
} // namespace ringwall::alerts
