// The REST client against the controller's real port.
#include <array>
#include <atomic>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "control/client/paging.h"
#include "tests/unit/cli_world.h"

namespace ringwall::client {
namespace {

using client_test::Controller;
using client_test::json_answer;
using client_test::problem;
namespace json = boost::json;

TEST(Client, SendsTokenKeyAndBodyAndReadsTheAnswer) {
    Controller controller([](const http::Request& request) {
        return json_answer(200, request.method == "POST" ? request.body : R"({"name":"alice"})");
    });
    Client client(controller.settings());
    const auto me = client.json(get(target({"whoami"})));
    ASSERT_TRUE(me) << me.error().message;
    EXPECT_EQ(me->at("name").as_string(), "alice");
    const auto echo = client.json(write("POST", target({"apply"}), json::object{{"a", 1}}));
    ASSERT_TRUE(echo) << echo.error().message;
    EXPECT_EQ(json::serialize(*echo), R"({"a":1})");

    const auto seen = controller.seen();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].target, "/api/v1/whoami");
    EXPECT_EQ(seen[0].headers.at("authorization"), "Bearer rw_secret");
    EXPECT_FALSE(seen[0].headers.contains("idempotency-key"));
    EXPECT_EQ(seen[1].headers.at("idempotency-key").size(), 32u);
    EXPECT_EQ(seen[1].headers.at("content-type"), "application/json");
}

TEST(Client, AProblemIsAnErrorWithItsSentenceAndFaults) {
    Controller controller([](const http::Request&) {
        return problem(422,
                       R"({"type":"urn:ringwall:problem:invalid","title":"Invalid","status":422,
            "detail":"2 objects are wrong","code":"invalid","faults":[{"kind":"RuleSet","name":"p",
            "pointer":"/spec/rules/0/action","sentence":"\"alow\" is no action","warning":false}]})");
    });
    const auto answer = Client(controller.settings()).send(write("POST", target({"apply"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::problem);
    EXPECT_EQ(answer.error().message, "2 objects are wrong");
    ASSERT_EQ(answer.error().problem->faults.size(), 1u);
    EXPECT_EQ(answer.error().problem->faults[0],
              (Fault{"RuleSet", "p", "/spec/rules/0/action", "\"alow\" is no action", false}));
}

TEST(Client, AStaleRevisionIsAProblemToo) {
    Controller controller([](const http::Request& request) {
        return request.headers.contains("if-match")
                   ? problem(412, R"({"title":"Stale","detail":"revision 17 is not the present one",
                                      "code":"stale","status":412,"faults":[]})")
                   : json_answer(200, "{}");
    });
    auto request = write("PUT", target({"workloads", "a b"}), json::object{});
    request.headers.emplace_back("If-Match", "\"17\"");
    const auto answer = Client(controller.settings()).send(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().problem->status, 412u);
    EXPECT_EQ(answer.error().problem->code, "stale");
    EXPECT_EQ(controller.seen()[0].target, "/api/v1/workloads/a%20b");
}

TEST(Client, AnAnswerThatIsNoProblemStillSaysSomething) {
    Controller controller([](const http::Request&) {
        return http::Response{502, {{"Content-Type", "text/html"}}, "<html>", {}};
    });
    const auto answer = Client(controller.settings()).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("502"), std::string::npos);
}

http::Response too_many(const char* seconds) {
    auto answer = problem(429, R"({"title":"Too many","detail":"too many requests","status":429,
                                   "code":"too_many","faults":[]})");
    answer.headers.emplace_back("Retry-After", seconds);
    return answer;
}

TEST(Client, ComesAgainWhenToldToIfThatIsSoon) {
    std::atomic<int> calls = 0;
    Controller controller([&](const http::Request&) {
        return ++calls == 1 ? too_many("0") : json_answer(200, "{}");
    });
    EXPECT_TRUE(Client(controller.settings()).send(get(target({"whoami"}))));
    EXPECT_EQ(calls, 2);
}

TEST(Client, DoesNotWaitLong) {
    Controller controller([&](const http::Request&) { return too_many("3600"); });
    const auto answer = Client(controller.settings()).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().problem->retry_after, std::chrono::seconds(3600));
    EXPECT_EQ(controller.seen().size(), 1u);
}

TEST(Client, GivesUpWhenItIsAlwaysToldToWait) {
    Controller controller([&](const http::Request&) { return too_many("0"); });
    EXPECT_FALSE(Client(controller.settings()).send(get(target({"whoami"}))));
    EXPECT_EQ(controller.seen().size(), 3u);
}

TEST(Client, AnotherCaIsRefusedBeforeAnythingIsSent) {
    Controller controller([](const http::Request&) { return json_answer(200, "{}"); });
    auto settings = controller.settings();
    settings.trust.roots = pki::test::new_authority(std::time(nullptr)).roots();
    const auto answer = Client(settings).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::untrusted);
    EXPECT_TRUE(controller.seen().empty());
}

TEST(Client, TheCasFingerprintIsEnough) {
    Controller controller([](const http::Request&) { return json_answer(200, "{}"); });
    auto settings = controller.settings();
    settings.trust = {{}, controller.authority.issuer().fingerprint};
    EXPECT_TRUE(Client(settings).send(get(target({"whoami"}))));
    settings.trust.fingerprint[0] = settings.trust.fingerprint[0] == '0' ? '1' : '0';
    const auto answer = Client(settings).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::untrusted);
}

TEST(Client, ASilentControllerIsATimeout) {
    std::vector<http::Reply> kept;
    Controller controller(
        http::Handler([&](const http::Request&, http::Reply reply) { kept.push_back(reply); }));
    auto settings = controller.settings();
    settings.answer_within = Milliseconds(200);
    const auto answer = Client(settings).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timeout);
    EXPECT_EQ(controller.seen().size(), 1u) << "a timeout is not tried again";
}

// Takes connections, and says nothing.
class DeafPort {
  public:
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
};

Settings of_port(std::uint16_t port) {
    return {.endpoint = {"127.0.0.1", port},
            .trust = {{}, std::string(64, 'a')},
            .connect_within = Milliseconds(200)};
}

TEST(Client, APortThatShakesNoHandsIsLeftInTime) {
    const DeafPort deaf;
    const auto answer = Client(of_port(deaf.port())).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unreachable);
    EXPECT_NE(answer.error().message.find("handshake"), std::string::npos);
}

TEST(Client, NobodyThereIsSaidAtOnce) {
    const auto port = DeafPort().port(); // and closed again
    const auto answer = Client(of_port(port)).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unreachable);
    EXPECT_NE(answer.error().message.find("does the controller run there"), std::string::npos);
}

TEST(Client, ReadsAllPages) {
    Controller controller([](const http::Request& request) {
        const bool second = request.target.find("after=c1") != std::string::npos;
        return json_answer(200, second ? R"({"items":[3],"total":3})"
                                       : R"({"items":[1,2],"next":"c1","total":3})");
    });
    Client client(controller.settings());
    const auto all = pages_as_one(client, "workloads", {{"labels", "role=Web Server"}});
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(json::serialize(*all), R"({"items":[1,2,3],"total":3})");
    EXPECT_EQ(controller.seen()[0].target,
              "/api/v1/workloads?labels=role%3DWeb%20Server&limit=1000");
}

TEST(Client, AListThatDoesNotMoveOnIsAnError) {
    Controller controller(
        [](const http::Request&) { return json_answer(200, R"({"items":[1],"next":"x"})"); });
    Client client(controller.settings());
    const auto all = pages_as_one(client, "workloads");
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, Errc::malformed);
}

TEST(Client, FollowsEventsOverALostStreamFromTheLastOneOn) {
    Controller controller([](const http::Request& request) {
        const bool again = request.headers.contains("last-event-id");
        http::Response out{200, {{"Content-Type", "text/event-stream"}}, "", {}};
        out.stream = [again](const std::shared_ptr<http::Channel>& channel) {
            channel->send(again ? "id: 8\nevent: change\ndata: two\n\n"
                                : "id: 7\nevent: change\ndata: one\n\n");
        }; // and lets the channel go
        return out;
    });
    auto settings = controller.settings();
    settings.silence = Milliseconds(300);
    std::vector<std::string> data;
    int begun = 0;
    const auto done = Client(settings).follow(
        target({"events"}),
        [&](const Event& event) {
            data.push_back(event.data);
            return event.data != "two";
        },
        [&] { ++begun; });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(data, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(begun, 2);
    EXPECT_EQ(controller.seen()[1].headers.at("last-event-id"), "7");
}

TEST(Client, ABackupComesInPiecesAndWhole) {
    const std::string body(3'000'000, 'x');
    Controller controller([&](const http::Request&) {
        return http::Response{200, {{"Content-Type", "application/octet-stream"}}, body, {}};
    });
    std::size_t size = 0, pieces = 0;
    const auto done = Client(controller.settings()).download(target({"backup"}), [&](auto piece) {
        size += piece.size();
        ++pieces;
        return Result<void>();
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(size, body.size());
    EXPECT_GT(pieces, 10u);
}

TEST(Client, AnAnswerThatIsTooLargeIsNotKept) {
    Controller controller(
        [&](const http::Request&) { return json_answer(200, std::string(300'000, ' ')); });
    auto settings = controller.settings();
    settings.largest_answer = 100'000;
    const auto answer = Client(settings).send(get(target({"workloads"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::too_big);
}

TEST(Endpoint, IsAUrlOrAHost) {
    EXPECT_EQ(parse_endpoint("https://c.example:9443/").value(), (Endpoint{"c.example", 9443}));
    EXPECT_EQ(parse_endpoint("c.example").value(), (Endpoint{"c.example", 8443}));
    EXPECT_EQ(parse_endpoint("https://[2001:db8::1]:1").value(), (Endpoint{"2001:db8::1", 1}));
    EXPECT_EQ(parse_endpoint("[::1]").value().text(), "https://[::1]:8443");
    for (auto wrong : {"", "http://c.example", "https://", "https://c.example/api", "c.example:0",
                       "c.example:x", "c.example:99999", "[::1", "a b", "user@host"})
        EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
}

TEST(Events, ComeInPieces) {
    const std::string text = ": hello\r\nid: 1\r\nevent: change\r\ndata: a\r\ndata: b\r\n\r\n"
                             "data:c\n\nid: 2\n\ndata\n\n";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        EventReader reader;
        std::vector<Event> seen;
        for (std::size_t at = 0; at < text.size(); at += size)
            EXPECT_TRUE(
                reader.feed(std::string_view(text).substr(at, size), [&](const Event& event) {
                    seen.push_back(event);
                    return true;
                }));
        EXPECT_EQ(seen, (std::vector<Event>{
                            {"1", "change", "a\nb"}, {"1", "message", "c"}, {"2", "message", ""}}))
            << size;
    }
}

TEST(Events, AnEndlessOneIsRefused) {
    EventReader reader;
    const std::string block(1 << 20, 'x');
    bool going = true;
    for (int i = 0; i < 17 && going; ++i)
        going = reader.feed(block, [](const Event&) { return true; });
    EXPECT_FALSE(going);
    EXPECT_TRUE(reader.overflowed());
}

} // namespace
} // namespace ringwall::client
