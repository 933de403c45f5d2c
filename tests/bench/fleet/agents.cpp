#include "tests/bench/fleet/agents.h"

#include <array>
#include <exception>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include "common/pki/signature.h"
#include "common/pki/tls.h"
#include "control/server/agent_link.h"
#include "control/server/tls_stream.h"
#include "tests/unit/hub_agent.h"

namespace ringwall::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using server::boot_clock;
using server::TlsStream;
using session_test::TestAgent;

constexpr std::size_t connecting_at_once = 48; // below the server's limit for one address
constexpr auto tick = std::chrono::seconds(1);
constexpr std::size_t one_that_checks = 20;

using Context = std::shared_ptr<SSL_CTX>;

template <typename Expected>
auto must(Expected result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

Context client_context(const Member& member, std::int64_t now) {
    const Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const auto check = [roots = must(pki::parse_certificates(member.paired.trust)),
                        now](const auto& chain) {
        return pki::verify(chain, roots,
                           {pki::Purpose::server, now, "spiffe://ringwall/controller/"});
    };
    const auto ready = pki::set_up(
        context.get(), {.chain = member.paired.certificate, .key = member.key, .check = check});
    if (!ready)
        throw std::runtime_error(ready.error().message);
    constexpr std::array<unsigned char, 11> alpn{10,  'r', 'i', 'n', 'g', 'w',
                                                 'a', 'l', 'l', '/', '1'};
    SSL_CTX_set_alpn_protos(context.get(), alpn.data(), alpn.size());
    return context;
}

// A host checks one signature of a release. Here a thousand would share a core and take most of it,
// so all but every twentieth agent only look at whose it is.
agent::Verifier pinned(const Member& member, bool checks) {
    return [checks, signer = must(pki::PublicKey::parse(member.paired.signing_keys))](
               const v1::SignedPolicy& policy) {
        return policy.key_id() == signer.id() &&
               (!checks || pki::check_signature(signer, pki::policy_context, policy.payload(),
                                                policy.signature()));
    };
}

struct Agent {
    Agent(const Member& member, std::int64_t now, bool checks)
        : name(member.paired.agent), context(client_context(member, now)),
          session(name, 1, "boot of " + name, pinned(member, checks)) {}
    std::string name;
    Context context;
    TestAgent session;
    std::shared_ptr<TlsStream> stream;
    std::shared_ptr<server::AgentLink> link;

    void flush() {
        if (auto bytes = session.take_output(); !bytes.empty() && link)
            link->send(std::move(bytes));
    }
};

class Agents {
  public:
    Agents(asio::io_context& context, std::uint16_t port)
        : context_(context), timer_(context), port_(port) {}

    void add(const Member& member, std::int64_t now) {
        const bool checks = agents_.size() % one_that_checks == 0;
        agents_.push_back(std::make_unique<Agent>(member, now, checks));
    }
    void start() {
        for (std::size_t i = 0; i < connecting_at_once; ++i)
            connect_next();
        asio::co_spawn(context_, beat(), asio::detached);
    }

  private:
    void connect_next() {
        if (next_ < agents_.size())
            asio::co_spawn(context_, serve(agents_[next_++].get()), asio::detached);
    }

    asio::awaitable<void> serve(Agent* agent) {
        tcp::socket socket(context_);
        const tcp::endpoint server(asio::ip::address_v4::loopback(), port_);
        auto [failed] = co_await socket.async_connect(server, asio::as_tuple(asio::use_awaitable));
        std::ignore = socket.set_option(tcp::no_delay(true), failed);
        agent->stream = std::make_shared<TlsStream>(std::move(socket), agent->context.get(),
                                                    TlsStream::Role::client);
        failed = co_await agent->stream->handshake();
        connect_next();
        if (failed) {
            fmt::print(stderr, "{}: {}\n", agent->name, failed.message());
            co_return;
        }
        agent->link = std::make_shared<server::AgentLink>(agent->stream, server::LinkLimits{});
        agent->session.connected(boot_clock());
        agent->flush();
        co_await read(agent);
    }

    asio::awaitable<void> read(Agent* agent) {
        for (;;) {
            const auto got = agent->stream->read_now(buffer_);
            if (got && *got > 0) {
                agent->session.received({buffer_.data(), *got}, boot_clock());
                agent->flush();
                continue;
            }
            auto failed = got ? co_await agent->stream->readable() : got.error();
            if (!failed)
                continue;
            fmt::print(stderr, "{}: {}\n", agent->name,
                       agent->session.session().stats().last_trouble);
            co_return;
        }
    }

    // Their timers, all at once.
    asio::awaitable<void> beat() {
        for (;;) {
            timer_.expires_after(tick);
            co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
            for (const auto& agent : agents_) {
                if (!agent->link)
                    continue;
                agent->session.tell(agent::input::Tick{}, boot_clock());
                agent->flush();
            }
        }
    }

    asio::io_context& context_;
    asio::steady_timer timer_;
    std::uint16_t port_;
    std::vector<std::unique_ptr<Agent>> agents_;
    std::size_t next_ = 0;
    std::array<char, 16 * 1024> buffer_{};
};

} // namespace

int run_agents(const std::vector<Member>& members, std::int64_t now, std::uint16_t port,
               int lifeline) {
    asio::io_context context(1);
    Agents agents(context, port);
    for (const auto& member : members)
        agents.add(member, now);
    asio::posix::stream_descriptor parent(context, lifeline);
    parent.async_wait(asio::posix::stream_descriptor::wait_read,
                      [&](const auto&) { context.stop(); });
    agents.start();
    context.run();
    return 0;
}

} // namespace ringwall::bench
