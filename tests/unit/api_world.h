// The API over a controller with a real store and, where a test wants them, agents; no sockets.
// Every exchange is held against the OpenAPI document.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "control/api/api.h"
#include "control/api/flow_source.h"
#include "tests/unit/core_world.h"

namespace ringwall::api_test {

// Labels of workloads of two owners, and the scope of one of them.
inline const std::string pay = R"({"role":"Web","app":"Payments"})",
                         shop = R"({"role":"Web","app":"Shop"})",
                         pay_scope = R"({"app":["Payments"]})";

struct Answer {
    unsigned status = 0;
    std::map<std::string, std::string> headers;
    boost::json::value json; // null where the body is no JSON
    std::string body;
    std::function<void(std::shared_ptr<http::Channel>)> stream;

    std::string detail() const; // of a problem
    std::string code() const;
    // Sentences of faults or warnings, whichever there are.
    std::vector<std::string> sentences() const;
    std::vector<std::string> names() const; // of items, edits or changes
};

// A client of a stream.
class Reader : public http::Channel {
  public:
    bool send(std::string text) override;
    void on_close(std::function<void()> closed) override { closed_ = std::move(closed); }
    void close(); // the client goes away

    std::string text; // what arrived

  private:
    std::function<void()> closed_;
    bool gone_ = false;
};

// Flows that a test puts there.
class Flows : public api::FlowSource {
  public:
    core::Result<Page> query(const api::FlowFilter& filter, const std::string& after,
                             std::size_t limit) const override;
    core::Result<Missed> behind(std::uint64_t id, std::size_t most) const override;
    std::shared_ptr<void> follow(std::function<void(const boost::json::object&)> listener) override;
    void arrive(const std::string& flow);

    std::vector<boost::json::object> kept; // oldest first

  private:
    using Listener = std::function<void(const boost::json::object&)>;
    std::vector<std::weak_ptr<Listener>> listeners_;
};

class ApiTest : public testing::Test {
  protected:
    ApiTest();

    using Headers = std::map<std::string, std::string>;
    Answer send(const std::string& method, const std::string& target, const std::string& body = "",
                const Headers& headers = {});
    Answer get(const std::string& target, const Headers& headers = {});
    Answer put(const std::string& target, const std::string& body, const Headers& headers = {});
    Answer post(const std::string& target, const std::string& body, const Headers& headers = {});
    Answer remove(const std::string& target, const Headers& headers = {});

    // A new token with these rights; from then on requests use it.
    void become(const std::string& name, const std::string& role, const std::string& scope = "");
    void be_owner() { bearer = owner_secret; }

    core::Controller& controller() { return fleet.controller(); }
    void restart_api();

    core_test::World fleet;
    Flows flow_source;
    std::string bearer, owner_secret; // of the requests; of the first token
    std::string client = "192.0.2.7", client_agent;
    std::vector<std::function<void()>> beside; // work and its done, until a test runs it
    bool hold_beside = false;
    std::string unready;
    api::Options api_options;
    std::unique_ptr<api::Api> running;
};

// Documents of the tests.
std::string workload(const std::string& name, const std::string& labels, const std::string& address,
                     const std::string& mode = "visibility");
std::string rule_set(const std::string& name, const std::string& scopes,
                     const std::string& to = R"({"role":"App"})");

} // namespace ringwall::api_test
