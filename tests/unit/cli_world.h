// A controller's real port (TLS, HTTP) with a handler of the test's own, in a thread of its own.
//
//   client (test's thread) == TCP on loopback == Server -> handler (server's thread)
#pragma once

#include <ctime>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "control/client/client.h"
#include "control/fleet/hub.h"
#include "control/server/server.h"
#include "tests/unit/hub_story.h"
#include "tests/unit/pki_world.h"

namespace ringwall::client_test {

class Controller {
  public:
    explicit Controller(http::Handler handler)
        : work_(boost::asio::make_work_guard(io_)), handler_(std::move(handler)) {
        hub_.emplace(fleet::SessionOptions{}, story_);
        server::ServerOptions options;
        options.address = "127.0.0.1";
        options.port = 0;
        const pki::TlsSetup identity{.chain = certificate.issued.chain,
                                     .key = certificate.key,
                                     .check = [](const auto&) { return pki::Result<void>(); }};
        server_ = pki::test::must(server::Server::listen(
            io_, options, identity, *hub_, [this](http::Request request, http::Reply reply) {
                {
                    const std::lock_guard lock(mutex_);
                    seen_.push_back(request);
                }
                handler_(std::move(request), std::move(reply));
            }));
        thread_ = std::thread([this] { io_.run(); });
    }
    // Answers at once.
    explicit Controller(std::function<http::Response(const http::Request&)> answer)
        : Controller(http::Handler([answer](http::Request request, const http::Reply& reply) {
              reply(answer(request));
          })) {}
    ~Controller() {
        std::promise<void> gone;
        boost::asio::post(io_, [&] {
            server_.reset();
            gone.set_value();
        });
        gone.get_future().wait();
        work_.reset();
        io_.stop();
        thread_.join();
    }
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;
    Controller(Controller&&) = delete;
    Controller& operator=(Controller&&) = delete;

    std::string url() const { return "https://127.0.0.1:" + std::to_string(server_->port()); }
    client::Settings settings() const {
        return {.endpoint = {"127.0.0.1", server_->port()},
                .trust = {authority.roots(), {}},
                .token = "rw_secret"};
    }
    std::vector<http::Request> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

    pki::Authority authority = pki::test::new_authority(std::time(nullptr));
    pki::test::Holder certificate = pki::test::controller(authority, std::time(nullptr));

  private:
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    http::Handler handler_;
    mutable std::mutex mutex_;
    std::vector<http::Request> seen_;
    session_test::Story story_;
    std::optional<fleet::Hub> hub_;
    std::unique_ptr<server::Server> server_;
    std::thread thread_;
};

inline http::Response json_answer(unsigned status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body), {}};
}

inline http::Response problem(unsigned status, std::string body) {
    return {status, {{"Content-Type", "application/problem+json"}}, std::move(body), {}};
}

} // namespace ringwall::client_test
