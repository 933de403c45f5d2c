// Webhooks against servers that fail, refuse, fall silent or talk nonsense.
#include <deque>
#include <optional>

#include <boost/json/parse.hpp>

#include "control/alerts/webhook_text.h"
#include "tests/unit/alerts_sink_fixture.h"

namespace ringwall::alerts {
namespace {

using namespace testing;

class WebhookSink : public SinkTest {};

struct Request {
    std::string head, body;
};

// The request at the front, whole.
std::optional<Request> request(const std::string& text) {
    const auto head = text.find("\r\n\r\n");
    const auto length = text.find("Content-Length: ");
    if (head == text.npos || length == text.npos)
        return std::nullopt;
    const auto size = std::stoul(text.substr(length + 16));
    if (text.size() < head + 4 + size)
        return std::nullopt;
    return Request{text.substr(0, head), text.substr(head + 4, size)};
}

// Answers the n-th request with the n-th status, the rest with 204.
class WebServer {
  public:
    explicit WebServer(asio::io_context& context, std::deque<int> statuses = {})
        : server(context), statuses_(std::move(statuses)) {
        server.on_data([this](Server&) { answer(); });
    }
    std::vector<Request> requests;
    Server server;

  private:
    void answer() {
        while (auto next = request(server.received())) {
            server.take(next->head.size() + 4 + next->body.size());
            requests.push_back(std::move(*next));
            const int status = statuses_.empty() ? 204 : statuses_.front();
            if (!statuses_.empty())
                statuses_.pop_front();
            if (status == 0)
                return server.close();
            if (status > 0)
                server.say(fmt::format("HTTP/1.1 {} x\r\n{}\r\n", status,
                                       status == 204 ? "" : "Content-Length: 2\r\n\r\nno"));
        }
    }
    std::deque<int> statuses_;
};

std::vector<std::string> told(const WebServer& web) {
    std::vector<std::string> out;
    for (const auto& each : web.requests)
        out.emplace_back(boost::json::parse(each.body).at("sentence").as_string());
    return out;
}

TEST_F(WebhookSink, PostsOneAfterTheOtherOverOneConnection) {
    scratch_.write("secret", "s3cret\n");
    WebServer web(context_);
    start_webhook(web.server.port(), scratch_.path("secret"));
    offer(1, 3);
    ASSERT_TRUE(until([&] { return state().delivered == 3; }));
    EXPECT_EQ(told(web), sentences(1, 3));
    EXPECT_EQ(web.server.connections(), 1U);
    const auto& first = web.requests[0];
    EXPECT_TRUE(first.head.starts_with("POST /hook?a=b HTTP/1.1\r\n")) << first.head;
    EXPECT_NE(first.head.find("Content-Type: application/json"), std::string::npos);
    EXPECT_NE(first.head.find("X-Ringwall-Signature: " + webhook_signature("s3cret", first.body)),
              std::string::npos);
    EXPECT_EQ(boost::json::parse(first.body).at("id"), "r-1");
}

TEST_F(WebhookSink, RepeatsWhatTheServerCouldNotTake) {
    WebServer web(context_, {503, 429, 0, 200});
    start_webhook(web.server.port());
    offer(1, 2);
    ASSERT_TRUE(until([&] { return state().delivered == 2; }));
    EXPECT_EQ(told(web), (std::vector<std::string>{"<1>", "<1>", "<1>", "<1>", "<2>"}));
    EXPECT_EQ(state().failed, 3U);
    EXPECT_EQ(state().dropped, 0U);
}

TEST_F(WebhookSink, GivesUpWhatTheServerRefuses) {
    WebServer web(context_, {404});
    start_webhook(web.server.port());
    offer(1, 2);
    ASSERT_TRUE(until([&] { return state().delivered == 1; }));
    EXPECT_EQ(told(web), sentences(1, 2));
    EXPECT_EQ(state().dropped, 1U);
    ASSERT_FALSE(said_.empty());
    EXPECT_NE(said_[0].find("it answered 404"), std::string::npos);
}

TEST_F(WebhookSink, DoesNotWaitForeverForAnAnswer) {
    WebServer web(context_, {-1}); // never answers the first
    start_webhook(web.server.port());
    offer(1, 1);
    ASSERT_TRUE(until([&] { return state().delivered == 1; }));
    EXPECT_EQ(told(web).size(), 2U);
    ASSERT_FALSE(said_.empty());
    EXPECT_NE(said_[0].find("no answer in time"), std::string::npos) << said_[0];
}

TEST_F(WebhookSink, TakesNoNonsenseForAnAnswer) {
    Server server(context_);
    server.on_data([](Server& each) { each.say("SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
    start_webhook(server.port());
    offer(1, 1);
    ASSERT_TRUE(until([&] { return state().failed > 0; }));
    EXPECT_NE(state().trouble.find("its answer is no HTTP"), std::string::npos) << state().trouble;
    EXPECT_EQ(state().waiting, 1U);
}

TEST_F(WebhookSink, FilesThatCannotBeUsedAreRefusedAtTheStart) {
    scratch_.write("open", "secret\n", 0644);
    scratch_.write("empty", "\n");
    scratch_.write("ca.pem", "no certificate\n");
    const auto url = *parse_url("https://127.0.0.1/");
    const auto refused = [&](const WebhookConfig& config) {
        const auto made = webhook_sink(context_, config, options_);
        return made ? "taken" : made.error().message;
    };
    EXPECT_NE(refused({.endpoint = url, .secret_file = scratch_.path("open")}).find("open"),
              std::string::npos);
    EXPECT_NE(refused({.endpoint = url, .secret_file = scratch_.path("empty")}).find("is empty"),
              std::string::npos);
    EXPECT_NE(refused({.endpoint = url, .ca = scratch_.path("ca.pem")})
                  .find("ca.pem: no CA certificates can be read"),
              std::string::npos);
}

TEST_F(WebhookSink, AnAbortedSinkCallsNobody) {
    WebServer web(context_, {-1});
    start_webhook(web.server.port());
    offer(1, 1);
    ASSERT_TRUE(until([&] { return !web.requests.empty(); }));
    sink_->abort();
    sink_.reset();
    ASSERT_TRUE(until([&] { return web.server.connections() == 1; }));
    context_.run_for(50ms);
    EXPECT_TRUE(said_.empty());
}

} // namespace
} // namespace ringwall::alerts
