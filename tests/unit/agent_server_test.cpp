// The real servers on real sockets, driven from the same thread.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <future>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "agent/fd.h"
#include "agent/local_server.h"
#include "tests/unit/flows_fixture.h"
#include "tests/unit/scratch.h"

namespace ringwall::agent {
namespace {

using testing::Scratch;

class Reader {
  public:
    explicit Reader(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path.c_str());
        if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
            throw std::runtime_error("cannot connect");
        timeval patience{10, 0};
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    void say(const std::string& text) {
        send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
    // "" when the server has closed.
    std::string line() {
        for (;;) {
            if (const auto end = input_.find('\n'); end != input_.npos) {
                auto out = input_.substr(0, end);
                input_.erase(0, end + 1);
                return out;
            }
            char block[4096];
            const auto size = recv(socket_.get(), block, sizeof block, 0);
            if (size <= 0)
                return {};
            input_.append(block, static_cast<std::size_t>(size));
        }
    }

  private:
    Fd socket_;
    std::string input_;
};

class LocalApi : public ::testing::Test {
  protected:
    LocalApi() {
        Backend backend;
        backend.answer = [this](const Request& request) {
            if (request.what == Request::Do::detach)
                return Answer{R"({"done":1})", [this] { after.set_value(); }};
            return Answer{
                request.what == Request::Do::status ? R"({"status":{}})" : R"({"done":1})", {}};
        };
        backend.recent = [this](const FlowQuery&) { return recent; };
        auto opened = LocalServer::listen(context, path, "", std::move(backend));
        EXPECT_TRUE(opened) << opened.error().message;
        server = std::move(*opened);
        loop = std::thread([this] { context.run(); });
    }
    ~LocalApi() override {
        if (loop.joinable())
            finish();
    }
    void finish() {
        in_loop([this] { server->stop(); });
        loop.join(); // the loop ends when every session has
    }
    template <typename Work>
    void in_loop(Work work) {
        std::promise<void> done;
        context.get_executor().execute([&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }
    // Flows are published once the server knows about the follower.
    void await_follower() {
        for (bool there = false; !there;)
            in_loop([&] { there = server->has_followers(); });
    }
    Flow flow() { return table.observe(testing::connection(), world, testing::wall); }

    Scratch scratch;
    std::string path = scratch.path("agent.sock");
    testing::World world;
    FlowTable table{16};
    std::vector<Flow> recent;
    boost::asio::io_context context{1};
    std::unique_ptr<LocalServer> server;
    std::thread loop;
    std::promise<void> after; // of detach
};

TEST_F(LocalApi, IsForRootAndTheGroupOnly) {
    struct stat info{};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0660u);
}

TEST_F(LocalApi, AnswersOneRequestAfterTheOther) {
    Reader reader(path);
    reader.say("{\"do\":\"status\"}\n{\"do\":\"counters\"}\n");
    EXPECT_EQ(reader.line(), R"({"status":{}})");
    EXPECT_EQ(reader.line(), R"({"done":1})");
    reader.say("{\"do\":\"status\"}\n");
    EXPECT_EQ(reader.line(), R"({"status":{}})");
}

TEST_F(LocalApi, ABadRequestGetsAnErrorAndTheNextOneAnAnswer) {
    Reader reader(path);
    reader.say("hello\n{\"do\":\"status\"}\n");
    EXPECT_TRUE(boost::json::parse(reader.line()).as_object().contains("error"));
    EXPECT_EQ(reader.line(), R"({"status":{}})");
}

TEST_F(LocalApi, AnEndlessLineIsRefusedAndClosed) {
    Reader reader(path);
    reader.say(std::string(max_request_bytes + 1, 'x'));
    EXPECT_NE(reader.line().find("longer than"), std::string::npos);
    EXPECT_EQ(reader.line(), "");
}

TEST_F(LocalApi, RecentFlowsEndWithAMark) {
    recent = {flow(), flow()};
    Reader reader(path);
    reader.say("{\"do\":\"flows\"}\n");
    EXPECT_EQ(boost::json::parse(reader.line()).at("flow").at("port"), 8080);
    reader.line();
    EXPECT_EQ(reader.line(), R"({"end":true})");
}

TEST_F(LocalApi, AFollowerGetsWhatPassesItsFilterAndHearsOfLosses) {
    Reader reader(path);
    reader.say("{\"do\":\"flows\",\"follow\":true,\"filter\":{\"verdict\":\"blocked\"}}\n");
    await_follower();
    in_loop([&] {
        server->publish(flow());
        server->publish_loss(5);
        server->publish(table.observe(testing::refusal(), world, testing::wall));
    });
    EXPECT_EQ(reader.line(), R"({"lost":{"kernel":5,"reader":0}})");
    EXPECT_EQ(boost::json::parse(reader.line()).at("flow").at("verdict"), "blocked");
}

TEST_F(LocalApi, AReaderThatSleepsLosesLinesAndNeverHoldsTheAgent) {
    Reader reader(path);
    reader.say("{\"do\":\"flows\",\"follow\":true}\n");
    await_follower();
    const auto one = flow();
    for (int burst = 0; burst < 20; ++burst)
        in_loop([&] {
            for (int i = 0; i < 1000; ++i)
                server->publish(one);
        });
    std::uint64_t lost = 0;
    in_loop([&] { lost = server->lost(); });
    EXPECT_GT(lost, 0u);
    std::uint64_t got = 0, told = 0;
    while (got + told < 20'000) {
        const auto line = reader.line();
        ASSERT_NE(line, "");
        const auto json = boost::json::parse(line).as_object();
        if (json.contains("flow"))
            ++got;
        else
            told += static_cast<std::uint64_t>(json.at("lost").at("reader").as_int64());
        // The loss is told with the next line that has room.
        if (got + lost >= 20'000 && told < lost)
            in_loop([&] { server->publish_loss(0); });
    }
    EXPECT_EQ(told, lost);
}

TEST_F(LocalApi, AFollowerThatHangsUpIsForgotten) {
    {
        Reader reader(path);
        reader.say("{\"do\":\"flows\",\"follow\":true}\n");
        await_follower();
    }
    for (bool there = true; there;)
        in_loop([&] { there = server->has_followers(); });
}

TEST_F(LocalApi, WhatFollowsAnAnswerHappensAfterItWasWritten) {
    Reader reader(path);
    reader.say("{\"do\":\"detach\"}\n");
    EXPECT_EQ(reader.line(), R"({"done":1})");
    EXPECT_EQ(after.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(LocalApi, ASecondAgentDoesNotTakeTheSocketOfALiveOne) {
    boost::asio::io_context other;
    const auto second = LocalServer::listen(other, path, "", {});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another agent"), std::string::npos);
}

TEST_F(LocalApi, TheSocketOfADeadAgentIsReplaced) {
    finish();
    scratch.write("agent.sock", "");
    boost::asio::io_context other;
    EXPECT_TRUE(LocalServer::listen(other, path, "", {}));
}

} // namespace
} // namespace ringwall::agent
