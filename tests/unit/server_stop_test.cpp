// The end of a server, and the end of its io_context's work.
#include <gtest/gtest.h>

#include "tests/unit/server_world.h"

namespace ringwall::server_test {
namespace {

using namespace std::chrono_literals;

class ServerStop : public ::testing::Test {
  protected:
    explicit ServerStop(const server::ServerOptions& options = server_test::options())
        : world(options, [this](const http::Request& request, http::Reply reply) {
              if (request.target == "/later")
                  return kept.push_back(std::move(reply));
              reply({.body = "at once"});
          }) {
        world.in_server([this] { return world.hub->add("web-1", {}), true; });
    }
    ~ServerStop() override {
        world.in_server([this] { return kept.clear(); });
    }
    Client ask(const std::string& target) {
        Client out(world.port(), world.nobody(), "http/1.1");
        out.say("GET " + target + " HTTP/1.1\r\nHost: c\r\n\r\n");
        return out;
    }
    void stop() {
        world.in_server([this] { world.server->stop([this] { ++stopped; }); });
    }
    bool has_stopped() {
        return world.becomes([this] { return stopped == 1; });
    }

    std::vector<http::Reply> kept;
    int stopped = 0;
    World world;
};

TEST_F(ServerStop, AnIdleServerStopsAtOnce) {
    stop();
    EXPECT_TRUE(has_stopped());
    EXPECT_THROW(Socket(world.port()), std::runtime_error);
}

TEST_F(ServerStop, AgentsHearGoodbyeIdleClientsAreClosedAndAnswersAreFinished) {
    std::optional<TlsAgent> web(std::in_place, world, "web-1");
    EXPECT_TRUE(web->becomes([&] { return web->agent.live(); }));
    std::optional<Client> idle(ask("/"));
    EXPECT_EQ(idle->answer()->body, "at once");
    std::optional<Client> busy(ask("/later"));
    ASSERT_TRUE(world.becomes([this] { return kept.size() == 1; }));
    stop();
    EXPECT_FALSE(web->becomes([] { return false; }));
    EXPECT_NE(web->agent.session().stats().last_trouble.find("stopping"), std::string::npos);
    EXPECT_EQ(idle->hear(), "");
    EXPECT_TRUE(idle->ended_well());
    EXPECT_EQ(world.in_server([this] { return stopped; }), 0);
    world.in_server([this] { kept[0]({.body = "in time"}); });
    const auto answer = busy->answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "in time");
    EXPECT_EQ(answer->headers.at("Connection"), "close");
    web.reset();
    idle.reset();
    busy.reset();
    EXPECT_TRUE(has_stopped());
}

TEST_F(ServerStop, AHandshakeThatIsUnderWayIsCut) {
    Socket silent(world.port());
    ASSERT_TRUE(world.becomes([this] { return world.server->stats().handshakes == 1; }));
    stop();
    EXPECT_TRUE(silent.ends());
    EXPECT_TRUE(has_stopped());
}

server::ServerOptions short_stop() {
    auto out = options();
    out.stop_within = 50ms;
    return out;
}

class ServerStopLate : public ServerStop {
  protected:
    ServerStopLate() : ServerStop(short_stop()) {}
};

TEST_F(ServerStopLate, AfterItsTimeWhatIsLeftIsCut) {
    auto busy = ask("/later");
    ASSERT_TRUE(world.becomes([this] { return kept.size() == 1; }));
    TlsAgent web(world, "web-1"); // hears the Goodbye, but does not hang up
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    stop();
    EXPECT_TRUE(has_stopped());
    EXPECT_FALSE(busy.answer());
}

TEST_F(ServerStop, AServerThatIsDestroyedTellsTheHub) {
    TlsAgent web(world, "web-1");
    EXPECT_TRUE(web.becomes([&] { return web.agent.live(); }));
    auto busy = ask("/later");
    ASSERT_TRUE(world.becomes([this] { return kept.size() == 1; }));
    const bool live = world.in_server([this] {
        world.server.reset();
        return world.hub->state("web-1")->live;
    });
    EXPECT_FALSE(live);
    EXPECT_FALSE(busy.answer());
    world.in_server([this] { kept[0]({.body = "nobody is there"}); });
}

TEST(ServerListen, SaysWhyItCannot) {
    World first;
    auto taken = options();
    taken.port = first.port();
    boost::asio::io_context context;
    auto listen = [&] {
        return server::Server::listen(context, taken, first.identity(first.certificate), *first.hub,
                                      {});
    };
    const auto second = listen();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, server::ServerErrc::listen);
    EXPECT_NE(second.error().message.find("another address or port"), std::string::npos);
    taken.address = "no address";
    EXPECT_FALSE(listen());
}

} // namespace
} // namespace ringwall::server_test
