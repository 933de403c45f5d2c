// Answers without an end. GET /events gives the channel to the test; /file is a stream that is no
// event stream.
#include <gtest/gtest.h>

#include "tests/unit/server_world.h"

namespace ringwall::server_test {
namespace {

using namespace std::chrono_literals;

class ServerStream : public ::testing::Test {
  protected:
    explicit ServerStream(const server::ServerOptions& options = server_test::options())
        : world(options, [this](const http::Request& request, const http::Reply& reply) {
              reply(stream(request.target));
          }) {}
    ~ServerStream() override {
        world.in_server([this] { channel.reset(); });
    }

    http::Response stream(const std::string& target) {
        http::Response out;
        out.headers.emplace_back("Content-Type",
                                 target == "/events" ? "text/event-stream" : "text/plain");
        out.body = "retry: 1000\n\n";
        out.stream = [this](std::shared_ptr<http::Channel> opened) {
            opened->on_close([this] { ++closed; });
            channel = std::move(opened);
        };
        return out;
    }

    // The channel is open then, and the head is with the client.
    Client follow(const std::string& target = "/events", const char* version = "1.1") {
        Client out(world.port(), world.nobody(), "http/1.1");
        out.say("GET " + target + " HTTP/" + version + "\r\nHost: c\r\n\r\n");
        heard = "";
        hear(out, "retry: 1000\n\n");
        EXPECT_TRUE(world.becomes([this] { return channel != nullptr; }));
        return out;
    }
    // What has come until it contains `text`.
    void hear(Client& client, const std::string& text) {
        while (heard.find(text) == std::string::npos) {
            const auto more = client.hear();
            ASSERT_NE(more, "") << "the end, after: " << heard;
            heard += more;
        }
    }
    bool send(const std::string& text) {
        return world.in_server([&] { return channel->send(text); });
    }

    std::shared_ptr<http::Channel> channel; // in the server's thread
    int closed = 0;                         // there, too
    std::string heard;
    World world;
};

TEST_F(ServerStream, EventsArriveAsTheyAreSent) {
    auto curl = follow();
    EXPECT_NE(heard.find("Transfer-Encoding: chunked"), std::string::npos);
    EXPECT_TRUE(send("data: one\n\n"));
    hear(curl, "b\r\ndata: one\n\n\r\n");
    EXPECT_TRUE(send("data: two\n\n"));
    hear(curl, "data: two\n\n");
    EXPECT_EQ(world.stats().http.streams, 1U);
    EXPECT_EQ(world.in_server([this] { return closed; }), 0);
}

TEST_F(ServerStream, AnOldClientGetsThemWithoutChunks) {
    auto curl = follow("/events", "1.0");
    EXPECT_TRUE(send("data: one\n\n"));
    hear(curl, "\n\ndata: one\n\n");
    EXPECT_EQ(heard.find("chunked"), std::string::npos);
}

TEST_F(ServerStream, WhenTheClientGoesTheHandlerIsToldOnce) {
    {
        auto curl = follow();
    }
    EXPECT_TRUE(world.becomes([this] { return closed == 1; }));
    EXPECT_FALSE(send("data: into the void\n\n"));
    EXPECT_TRUE(world.becomes([this] { return world.server->stats().http.open == 0; }));
    EXPECT_EQ(world.in_server([this] { return closed; }), 1);
    EXPECT_EQ(world.stats().http.streams, 0U);
}

TEST_F(ServerStream, AClientThatSaysMoreHasEnough) {
    auto curl = follow();
    curl.say("GET / HTTP/1.1\r\nHost: c\r\n\r\n");
    EXPECT_TRUE(world.becomes([this] { return closed == 1; }));
    EXPECT_EQ(curl.hear_all().find("HTTP/1.1"), std::string::npos);
}

TEST_F(ServerStream, WhenTheHandlerLetsGoTheAnswerEnds) {
    auto curl = follow("/file");
    EXPECT_TRUE(send("the last line\n"));
    world.in_server([this] { channel.reset(); });
    hear(curl, "the last line\n\r\n0\r\n\r\n");
    EXPECT_EQ(curl.hear(), "");
    EXPECT_TRUE(curl.ended_well());
}

TEST_F(ServerStream, AClientThatDoesNotReadIsDropped) {
    auto curl = follow();
    const std::string event = "data: " + std::string(32 * 1024, 'x') + "\n\n";
    int sent = 0;
    // The kernel's buffers take some megabytes, then 256 KiB wait here, then it is over.
    while (sent < 10'000 && send(event))
        ++sent;
    EXPECT_LT(sent, 10'000);
    EXPECT_TRUE(world.becomes([this] { return closed == 1; }));
    EXPECT_FALSE(send("data: late\n\n"));
    EXPECT_EQ(world.stats().http.slow_readers, 1U);
    Client other(world.port(), world.nobody(), "http/1.1");
    EXPECT_TRUE(other.connected());
}

server::ServerOptions quick_ping() {
    auto out = options();
    out.http.ping = 20ms;
    return out;
}

class ServerStreamPing : public ServerStream {
  protected:
    ServerStreamPing() : ServerStream(quick_ping()) {}
};

TEST_F(ServerStreamPing, ASilentEventStreamHasAPulse) {
    auto curl = follow();
    hear(curl, "3\r\n:\n\n\r\n");
    heard.clear();
    hear(curl, "3\r\n:\n\n\r\n");
}

TEST_F(ServerStreamPing, AnotherStreamHasNone) {
    auto curl = follow("/file");
    auto events = follow(); // its pulse says that the time has passed
    hear(events, "3\r\n:\n\n\r\n");
    hear(events, "3\r\n:\n\n\r\n");
    world.in_server([this] { world.server->stop({}); });
    EXPECT_EQ(curl.hear_all(), "0\r\n\r\n");
}

} // namespace
} // namespace ringwall::server_test
