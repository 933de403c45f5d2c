// Requests and answers over TLS. The handler of these stories:
//   GET /who      who asks: address and agent
//   GET /later    is answered from another turn of the loop
//   GET /never    the handler lets go of its reply; /forgets: keeps it and does not call it
//   GET /throws
//   GET /long     a megabyte
//   anything else is echoed
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/server_world.h"

namespace ringwall::server_test {
namespace {

using namespace std::chrono_literals;

http::Response text(std::string body, unsigned status = 200) {
    http::Response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "text/plain");
    out.body = std::move(body);
    return out;
}

class ServerHttp : public ::testing::Test {
  protected:
    explicit ServerHttp(const server::ServerOptions& options = server_test::options())
        : world(options, [this](http::Request request, http::Reply reply) {
              handle(std::move(request), std::move(reply));
          }) {}
    ~ServerHttp() override {
        world.in_server([this] { return kept.clear(); });
    }

    void handle(http::Request request, http::Reply reply) {
        if (request.target == "/who")
            return reply(text(fmt::format("{} {}", request.peer, request.agent)));
        if (request.target == "/later")
            return kept.push_back(std::move(reply));
        if (request.target == "/forgets")
            return kept.push_back(std::move(reply));
        if (request.target == "/never")
            return;
        if (request.target == "/throws")
            throw std::runtime_error("a mistake of the handler");
        if (request.target == "/long")
            return reply(text(std::string(1024 * 1024, 'x')));
        if (request.target == "/nothing")
            return reply(text("not sent", 204));
        reply(text(request.method + " " + request.body));
    }

    Client client(const std::string& from = "127.0.0.1") {
        return {world.port(), world.nobody(), "http/1.1", from};
    }
    static std::string get(const std::string& target) {
        return "GET " + target + " HTTP/1.1\r\nHost: controller\r\n\r\n";
    }
    static std::string post(std::size_t size, const std::string& more = {}) {
        return fmt::format("POST / HTTP/1.1\r\nHost: controller\r\nContent-Length: {}\r\n{}\r\n",
                           size, more);
    }
    std::string asked(Client& client, const std::string& target) {
        client.say(get(target));
        const auto answer = client.answer();
        return answer ? answer->body : "no answer";
    }
    static std::string code(const Answer& answer) {
        EXPECT_EQ(answer.headers.at("Content-Type"), "application/problem+json");
        return std::string(boost::json::parse(answer.body).at("code").as_string());
    }

    std::vector<http::Reply> kept; // in the server's thread
    World world;
};

TEST_F(ServerHttp, OneConnectionServesManyRequests) {
    auto curl = client();
    EXPECT_EQ(curl.protocol(), "http/1.1");
    EXPECT_EQ(asked(curl, "/who"), "127.0.0.1 ");
    curl.say(post(5) + "hello");
    EXPECT_EQ(curl.answer()->body, "POST hello");
    EXPECT_EQ(asked(curl, "/"), "GET ");
    const auto stats = world.stats().http;
    EXPECT_EQ(stats.connections, 1U);
    EXPECT_EQ(stats.open, 1U);
    EXPECT_EQ(stats.requests.at(200), 3U);
}

TEST_F(ServerHttp, WithoutAlpnItIsHttpAndOtherProtocolsAreRefused) {
    Client plain(world.port(), world.nobody());
    EXPECT_EQ(asked(plain, "/who"), "127.0.0.1 ");
    EXPECT_FALSE(Client(world.port(), world.nobody(), "h2").connected());
}

TEST_F(ServerHttp, AnAgentsCertificateNamesTheAgentAndAPersonsDoesNot) {
    Client agent(world.port(), world.agent("web-1"), "http/1.1");
    EXPECT_EQ(asked(agent, "/who"), "127.0.0.1 web-1");
    const auto alice =
        pki::test::holder(world.authority, {.identity = {pki::Kind::operator_client, "alice"}});
    Client person(world.port(), world.setup(alice), "http/1.1");
    EXPECT_EQ(asked(person, "/who"), "127.0.0.1 ");
}

TEST_F(ServerHttp, ACertificateThatIsNotGoodIsRefusedAlsoForHttp) {
    const auto other = pki::test::new_authority();
    Client stranger(world.port(), world.setup(pki::test::agent(other, "web-1")), "http/1.1");
    stranger.say(get("/who"));
    EXPECT_FALSE(stranger.answer());
    EXPECT_EQ(world.stats().certificates_refused, 1U);
}

TEST_F(ServerHttp, RequestsSentInOneGoAreAnsweredInTheirOrder) {
    auto curl = client();
    curl.say(post(1) + "a" + post(1) + "b" + get("/who"));
    EXPECT_EQ(curl.answer()->body, "POST a");
    EXPECT_EQ(curl.answer()->body, "POST b");
    EXPECT_EQ(curl.answer()->body, "127.0.0.1 ");
}

TEST_F(ServerHttp, AHeadIsAnsweredWithoutBodyAndTheConnectionGoesOn) {
    auto curl = client();
    curl.say("HEAD /who HTTP/1.1\r\nHost: c\r\n\r\n");
    const auto answer = curl.answer(true);
    EXPECT_EQ(answer->headers.at("Content-Length"), "10");
    curl.say(get("/nothing"));
    EXPECT_EQ(curl.answer()->status, 204U);
    EXPECT_EQ(asked(curl, "/who"), "127.0.0.1 ");
}

TEST_F(ServerHttp, LongAnswersArriveWhole) {
    auto curl = client();
    EXPECT_EQ(asked(curl, "/long"), std::string(1024 * 1024, 'x'));
    EXPECT_EQ(asked(curl, "/who"), "127.0.0.1 ");
}

TEST_F(ServerHttp, WhoWantsItClosedOrSpeaksAnOldVersionIsAnsweredAndClosed) {
    auto curl = client();
    curl.say("GET /who HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(curl.answer()->headers.at("Connection"), "close");
    EXPECT_EQ(curl.hear(), "");
    EXPECT_TRUE(curl.ended_well());
    auto old = client();
    old.say("GET /who HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.answer()->body, "127.0.0.1 ");
    EXPECT_EQ(old.hear(), "");
}

TEST_F(ServerHttp, AnAnswerMayComeLater) {
    auto curl = client();
    curl.say(get("/later"));
    ASSERT_TRUE(world.becomes([this] { return kept.size() == 1; }));
    world.in_server([this] {
        kept[0](text("here it is"));
        kept[0](text("and again")); // has no effect
        return kept.clear();
    });
    EXPECT_EQ(curl.answer()->body, "here it is");
    EXPECT_EQ(asked(curl, "/who"), "127.0.0.1 ");
}

TEST_F(ServerHttp, AHandlerThatFailsIsA500AndTheServiceGoesOn) {
    auto curl = client();
    for (const char* target : {"/never", "/throws"}) {
        curl.say(get(target));
        const auto answer = curl.answer();
        EXPECT_EQ(answer->status, 500U) << target;
        EXPECT_EQ(code(*answer), "internal");
    }
    EXPECT_EQ(asked(curl, "/who"), "127.0.0.1 ");
}

TEST_F(ServerHttp, WhatIsNoRequestIsTold) {
    auto curl = client();
    curl.say("NOT HTTP\r\n\r\n");
    const auto answer = curl.answer();
    EXPECT_EQ(answer->status, 400U);
    EXPECT_EQ(code(*answer), "bad_request");
    EXPECT_EQ(curl.hear(), "");
    auto long_winded = client();
    long_winded.say("GET / HTTP/1.1\r\nHost: c\r\nX: " + std::string(20'000, 'x'));
    EXPECT_EQ(long_winded.answer()->status, 431U);
}

TEST_F(ServerHttp, ABodyOverTheLimitIsRefusedWhateverIsStillComing) {
    auto curl = client();
    curl.say(post(11 * 1024 * 1024) + std::string(100'000, 'x'));
    const auto answer = curl.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413U);
    EXPECT_EQ(code(*answer), "too_large");
    EXPECT_EQ(curl.hear(), "");
}

TEST_F(ServerHttp, ABodyIsAskedForOnlyWhenItIsTaken) {
    auto curl = client();
    curl.say(post(11 * 1024 * 1024, "Expect: 100-continue\r\n"));
    EXPECT_EQ(curl.answer()->status, 413U);
    auto other = client();
    other.say(post(5, "Expect: 100-continue\r\n"));
    EXPECT_EQ(other.hear(), "HTTP/1.1 100 Continue\r\n\r\n");
    other.say("hello");
    EXPECT_EQ(other.answer()->body, "POST hello");
}

TEST_F(ServerHttp, ABodyMayComeInChunks) {
    auto curl = client();
    curl.say("POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwork");
    curl.say("\r\n3\r\ned!\r\n0\r\n\r\n");
    EXPECT_EQ(curl.answer()->body, "POST worked!");
}

server::ServerOptions hurried() {
    auto out = options();
    out.http.header_within = out.http.body_within = out.http.idle = 100ms;
    out.http.answer_within = 100ms;
    out.http.bytes_per_second = 1024 * 1024;
    return out;
}

class ServerHttpDeadlines : public ServerHttp {
  protected:
    ServerHttpDeadlines() : ServerHttp(hurried()) {}
};

TEST_F(ServerHttpDeadlines, ASlowHeaderIsClosed) {
    auto slow = client();
    slow.say("GET / HTTP/1.1\r\nHo");
    EXPECT_EQ(slow.answer()->status, 408U);
    EXPECT_EQ(slow.hear(), "");
    EXPECT_EQ(world.stats().http.timed_out, 1U);
}

TEST_F(ServerHttpDeadlines, DrippingDoesNotMoveTheDeadline) {
    auto slow = client();
    std::string sent = "GET / HTTP/1.1\r\n";
    while (slow.say(sent) && sent.size() < 10'000) // each say() may fail once it is closed
        sent = "X: y\r\n", std::this_thread::sleep_for(5ms);
    EXPECT_EQ(world.stats().http.timed_out, 1U);
}

TEST_F(ServerHttpDeadlines, ASlowBodyIsClosed) {
    auto slow = client();
    slow.say(post(100) + "ten bytes!");
    const auto answer = slow.answer();
    EXPECT_EQ(answer->status, 408U);
    EXPECT_EQ(code(*answer), "timed_out");
}

TEST_F(ServerHttpDeadlines, AnIdleConnectionIsClosedWithoutAWord) {
    auto curl = client();
    EXPECT_EQ(asked(curl, "/who"), "127.0.0.1 ");
    EXPECT_EQ(curl.hear(), "");
    EXPECT_TRUE(curl.ended_well());
}

TEST_F(ServerHttpDeadlines, AHandlerThatForgetsIsA500) {
    auto curl = client();
    curl.say(get("/forgets"));
    EXPECT_EQ(curl.answer()->status, 500U);
}

server::ServerOptions narrow() {
    auto out = options();
    out.http.connections = 3;
    out.http.of_one_network = 2;
    out.http.bodies_bytes = 64 * 1024;
    return out;
}

class ServerHttpLimits : public ServerHttp {
  protected:
    ServerHttpLimits() : ServerHttp(narrow()) {}
    bool open(std::size_t count) {
        return world.becomes([&] { return world.server->stats().http.open == count; });
    }
};

TEST_F(ServerHttpLimits, OneAddressGetsOnlyItsShare) {
    auto first = client(), second = client();
    EXPECT_EQ(asked(first, "/who"), "127.0.0.1 ");
    EXPECT_EQ(asked(second, "/who"), "127.0.0.1 ");
    auto third = client();
    EXPECT_EQ(asked(third, "/who"), "no answer");
    auto elsewhere = client("127.0.0.2");
    EXPECT_EQ(asked(elsewhere, "/who"), "127.0.0.2 ");
    EXPECT_EQ(world.stats().http.refused, 1U);
}

TEST_F(ServerHttpLimits, WhenAllIsTakenTheOneThatHasWaitedLongestGivesWay) {
    auto first = client("127.0.0.2");
    ASSERT_TRUE(open(1));
    auto busy = client("127.0.0.3");
    busy.say(get("/later"));
    ASSERT_TRUE(world.becomes([this] { return kept.size() == 1; }));
    auto third = client("127.0.0.4");
    ASSERT_TRUE(open(3));
    auto fourth = client("127.0.0.5");
    EXPECT_EQ(asked(fourth, "/who"), "127.0.0.5 ");
    EXPECT_EQ(first.hear(), "");
    EXPECT_EQ(asked(third, "/who"), "127.0.0.4 ");
    world.in_server([this] { return kept[0](text("done")); });
    EXPECT_EQ(busy.answer()->body, "done");
}

TEST_F(ServerHttpLimits, AllBodiesTogetherAreBounded) {
    auto first = client(), second = client("127.0.0.2");
    first.say(post(60'000) + std::string(50'000, 'x'));
    second.say(post(60'000) + std::string(50'000, 'x'));
    // Whichever was over the limit is told, and the other one goes on.
    ASSERT_TRUE(
        world.becomes([this] { return world.server->stats().http.requests.contains(503); }));
    ASSERT_TRUE(open(1));
    auto third = client("127.0.0.3");
    third.say(post(10'000) + std::string(10'000, 'x'));
    EXPECT_EQ(third.answer()->status, 200U) << "what was given back may be used again";
}

} // namespace
} // namespace ringwall::server_test
