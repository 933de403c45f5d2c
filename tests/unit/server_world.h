// A server with a hub and a certificate authority, on loopback, in a thread of its own. The test's
// thread plays the clients.
//
//   Client, Socket (test's thread) == TCP on loopback == Server, Hub, Story (server's thread)
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "control/fleet/hub.h"
#include "control/server/server.h"
#include "tests/unit/hub_agent.h"
#include "tests/unit/hub_story.h"
#include "tests/unit/pki_world.h"
#include "tests/unit/server_client.h"

namespace ringwall::server_test {

server::ServerOptions options(); // loopback, any port

class World {
  public:
    explicit World(const server::ServerOptions& options = server_test::options(),
                   http::Handler handler = {}, const fleet::SessionOptions& session = {});
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    World(World&&) = delete;
    World& operator=(World&&) = delete;

    // In the server's thread; the result comes back.
    template <typename F>
    auto in_server(F f) -> decltype(f()) {
        std::packaged_task<decltype(f())()> task(std::move(f));
        auto result = task.get_future();
        boost::asio::post(io_, [&task] { task(); });
        return result.get();
    }
    // Until it is so, asked in the server's thread. False: not within ten seconds.
    bool becomes(const std::function<bool()>& condition);

    std::uint16_t port() const { return port_; }
    server::ServerStats stats();
    std::set<std::string> refusals(); // sentences, without the peer's port

    // A certificate of this world's authority, and the client's side of TLS with it.
    pki::TlsSetup agent(const std::string& id) const;
    pki::TlsSetup setup(const pki::test::Holder& own) const;
    pki::TlsSetup nobody() const;                         // without a certificate
    pki::TlsSetup identity(const pki::test::Holder& own); // the server's side

    pki::Authority authority = pki::test::new_authority();
    pki::test::Holder certificate = pki::test::controller(authority);
    std::int64_t now = pki::test::noon; // for the server's judgement of certificates
    session_test::Story story;
    std::optional<fleet::Hub> hub;
    std::unique_ptr<server::Server> server;

  private:
    boost::asio::io_context io_{1};
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
    std::set<std::string> refusals_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

// An agent's state machine over TLS.
class TlsAgent {
  public:
    TlsAgent(World& world, const std::string& identity, std::uint64_t epoch = 1);
    // With another certificate than its name says.
    TlsAgent(std::uint16_t port, const pki::TlsSetup& setup, const std::string& identity,
             std::uint64_t epoch = 1, const std::string& from = "127.0.0.1");

    bool exchange(); // takes what comes next and answers; false: the connection has ended
    // Exchanges until it is so.
    bool becomes(const std::function<bool()>& condition);

    session_test::TestAgent agent;
    Client client;
    std::string hello; // the first bytes that it sent

  private:
    void flush();
};

} // namespace ringwall::server_test
