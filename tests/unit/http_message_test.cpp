// Requests out of a stream that is cut anywhere, and what stands in front of an answer's body.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "control/http/problem.h"
#include "control/http/request_reader.h"
#include "control/http/response.h"

namespace ringwall::http {
namespace {

using Step = RequestReader::Step;

constexpr const char* put = "PUT /api/v1/users/anna?dry_run=true HTTP/1.1\r\n"
                            "Host: controller\r\n"
                            "If-Match: \"17\"\r\n"
                            "Accept: text/html\r\n"
                            "accept: application/json\r\n"
                            "Content-Length: 11\r\n\r\n"
                            "{\"spec\":{}}";

// The problem's status, or that of nothing.
unsigned refusal(std::string bytes, std::size_t header_limit = 1024, std::size_t body_limit = 64) {
    RequestReader reader(header_limit, body_limit);
    const auto step = reader.feed(bytes);
    return step ? 0 : step.error().status;
}

TEST(HttpRequest, IsReadHoweverItsBytesAreCut) {
    const std::string whole = put;
    for (std::size_t cut = 1; cut <= whole.size(); ++cut) {
        RequestReader reader(1024, 64);
        std::string unread;
        auto step = Step::header;
        for (std::size_t at = 0; at < whole.size(); at += cut) {
            ASSERT_NE(step, Step::whole);
            unread += whole.substr(at, cut);
            step = reader.feed(unread).value();
        }
        ASSERT_EQ(step, Step::whole) << "cut after each " << cut;
        EXPECT_EQ(unread, "");
        const auto request = reader.take();
        EXPECT_EQ(request.method, "PUT");
        EXPECT_EQ(request.target, "/api/v1/users/anna?dry_run=true");
        EXPECT_EQ(request.headers.at("if-match"), "\"17\"");
        EXPECT_EQ(request.headers.at("accept"), "text/html, application/json");
        EXPECT_EQ(request.body, "{\"spec\":{}}");
        EXPECT_TRUE(reader.form().keep_alive);
    }
}

TEST(HttpRequest, WhatFollowsItStaysForTheNext) {
    std::string bytes = std::string(put) + "GET / HTTP/1.1\r\n";
    RequestReader reader(1024, 64);
    EXPECT_EQ(reader.feed(bytes).value(), Step::whole);
    EXPECT_EQ(bytes, "GET / HTTP/1.1\r\n");
}

TEST(HttpRequest, HeadIsAGetWithoutABodyInTheAnswer) {
    std::string bytes = "HEAD /healthz HTTP/1.1\r\nHost: c\r\n\r\n";
    RequestReader reader(1024, 64);
    EXPECT_EQ(reader.feed(bytes).value(), Step::whole);
    EXPECT_EQ(reader.take().method, "GET");
    EXPECT_TRUE(reader.form().head_only);
}

TEST(HttpRequest, AnOldClientHasNoHostAndKeepsNothingAlive) {
    std::string bytes = "GET / HTTP/1.0\r\n\r\n";
    RequestReader reader(1024, 64);
    EXPECT_EQ(reader.feed(bytes).value(), Step::whole);
    EXPECT_FALSE(reader.form().http_1_1 || reader.form().keep_alive);
}

TEST(HttpRequest, OnlyWhoAsksGetsA100) {
    std::string bytes = "POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 2\r\n"
                        "Expect: 100-Continue\r\n\r\n";
    RequestReader reader(1024, 64);
    EXPECT_EQ(reader.feed(bytes).value(), Step::body);
    EXPECT_TRUE(reader.wants_continue());
}

TEST(HttpRequest, LimitsAreHeldBeforeTheBytesHaveCome) {
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 65\r\n\r\n"), 413U);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 64\r\n\r\n"), 0U);
    EXPECT_EQ(refusal("GET /" + std::string(2000, 'a')), 431U);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nX: " + std::string(2000, 'a')), 431U);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "41\r\n" +
                      std::string(65, 'a') + "\r\n0\r\n\r\n"),
              413U);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "1;x=" +
                      std::string(2000, 'a')),
              400U)
        << "a chunk's head without an end";
}

TEST(HttpRequest, WhatIsNoRequestIsRefused) {
    for (const char* bytes :
         {"\x16\x03\x01\x02", "GET /\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "G T / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\n no: field\r\nX\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"})
        EXPECT_EQ(refusal(bytes), 400U) << bytes;
}

TEST(HttpAnswer, SaysItsLengthAndTheTime) {
    Response response;
    response.status = 201;
    response.headers = {{"Content-Type", "application/json"}, {"ETag", "\"18\""}};
    response.body = "{}";
    EXPECT_EQ(head(response, {.keep_alive = true}, 1'800'000'000),
              "HTTP/1.1 201 Created\r\n"
              "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n"
              "Content-Type: application/json\r\n"
              "ETag: \"18\"\r\n"
              "Content-Length: 2\r\n\r\n");
}

TEST(HttpAnswer, WhatTheHandlerSaysOfTheConnectionAndLineBreaksAreLeftOut) {
    Response response;
    response.status = 204;
    response.headers = {{"content-length", "7"},
                        {"Connection", "upgrade"},
                        {"Location", "/x\r\nSet-Cookie: a=b"},
                        {"Link", "<a>"},
                        {"Link", "<b>"}};
    EXPECT_EQ(head(response, {}, 0), "HTTP/1.1 204 No Content\r\n"
                                     "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                                     "Link: <a>\r\n"
                                     "Link: <b>\r\n"
                                     "Connection: close\r\n\r\n");
}

TEST(HttpAnswer, AStreamComesInChunks) {
    Response response;
    response.stream = [](const std::shared_ptr<Channel>&) {};
    EXPECT_NE(head(response, {}, 0).find("Transfer-Encoding: chunked"), std::string::npos);
    EXPECT_EQ(head(response, {.http_1_1 = false}, 0).find("chunked"), std::string::npos);
    EXPECT_EQ(chunk("twelve bytes"), "c\r\ntwelve bytes\r\n");
    EXPECT_EQ(chunk(""), "0\r\n\r\n");
}

TEST(HttpAnswer, AProblemIsProblemJson) {
    const auto answer = response(Problem{413, "too_large", "the body is too long"});
    EXPECT_EQ(answer.status, 413U);
    const auto body = boost::json::parse(answer.body).as_object();
    EXPECT_EQ(body.at("title"), "Payload Too Large");
    EXPECT_EQ(body.at("status"), 413);
    EXPECT_EQ(body.at("code"), "too_large");
    EXPECT_EQ(body.at("detail"), "the body is too long");
    EXPECT_TRUE(body.at("faults").as_array().empty());
}

} // namespace
} // namespace ringwall::http
