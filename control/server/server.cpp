#include "control/server/server.h"

#include <array>
#include <ctime>
#include <map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "control/http/service.h"
#include "control/pki/identity.h"
#include "control/proto/frame.h"
#include "control/server/agent_link.h"
#include "control/server/door.h"
#include "control/server/hub_timer.h"

namespace ringwall::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int reads_in_a_row = 16; // then others have their turn

std::string goodbye(v1::GoodbyeReason reason, const std::string& sentence) {
    v1::ToAgent message;
    message.mutable_goodbye()->set_reason(reason);
    message.mutable_goodbye()->set_sentence(sentence);
    return wire::encode_frame(message).value_or("");
}

} // namespace

std::chrono::milliseconds boot_clock() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::milliseconds(now.tv_nsec / 1'000'000);
}

class Server::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& context, const ServerOptions& options, fleet::Hub& hub,
         http::Handler handler)
        : options_(options), context_(context), stop_timer_(context),
          hub_(std::make_shared<HubTimer>(context, hub)),
          http_(std::make_shared<http::Service>(options.http, std::move(handler))) {}

    // Apart from the constructor because the door refers to what is shared.
    ServerResult<void> open(const pki::TlsSetup& identity);
    void stop(std::function<void()> stopped);
    void abandon();
    ServerStats stats() const;
    Door& door() const { return *door_; }

  private:
    struct Linked {
        std::string agent;
        std::shared_ptr<AgentLink> link;
    };
    static asio::awaitable<void> serve(std::shared_ptr<Impl> self,
                                       std::shared_ptr<TlsStream> stream, Peer peer);
    asio::awaitable<void> serve_agent(std::shared_ptr<TlsStream> stream, Peer peer,
                                      std::string agent);
    asio::awaitable<void> read_agent(std::shared_ptr<TlsStream> stream, Linked linked,
                                     fleet::ConnectionId id, std::int64_t certificate_ends);
    void end_expired(const Linked& linked);
    void greet_unknown(const Linked& linked, const Peer& peer);
    void abort_all();
    void finish_stop();

    ServerOptions options_;
    asio::io_context& context_;
    asio::steady_timer stop_timer_;
    std::shared_ptr<HubTimer> hub_;
    std::shared_ptr<http::Service> http_;
    std::shared_ptr<Door> door_;
    std::map<fleet::ConnectionId, Linked> links_;
    fleet::ConnectionId last_connection_ = 0;
    std::array<char, 16 * 1024> buffer_{}; // what any agent sent just now
    std::uint64_t agents_unknown_ = 0, agents_expired_ = 0, bytes_from_agents_ = 0;
    bool stopping_ = false;
    std::function<void()> stopped_;
};

ServerResult<void> Server::Impl::open(const pki::TlsSetup& identity) {
    const auto weak = weak_from_this();
    door_ = std::make_shared<Door>(
        context_, options_,
        [weak](std::shared_ptr<TlsStream> stream, Peer peer) {
            return serve(weak.lock(), std::move(stream), std::move(peer));
        },
        [weak] {
            if (const auto self = weak.lock())
                self->finish_stop();
        });
    if (auto ready = door_->set_identity(identity); !ready)
        return ready;
    return door_->open();
}

asio::awaitable<void> Server::Impl::serve(std::shared_ptr<Impl> self,
                                          std::shared_ptr<TlsStream> stream, Peer peer) {
    if (!self || self->stopping_)
        co_return;
    const auto shown = certificate_of(stream->native());
    const auto who = shown ? pki::Identity::parse(shown->uri) : std::nullopt;
    const bool is_agent = who && who->kind == pki::Kind::agent;
    auto agent = is_agent ? who->id : std::string();
    if (chosen_protocol(stream->native()) != agent_protocol) {
        http::Client client{peer.address, peer.network, std::move(agent)};
        co_await http::Service::serve(self->http_, stream, std::move(client));
    } else if (is_agent) {
        peer.issuer = shown->issuer;
        peer.certificate_ends = shown->not_after;
        co_await self->serve_agent(stream, std::move(peer), std::move(agent));
    } else {
        const auto whose = who ? who->uri() : std::string("somebody unknown");
        self->door_->say_refused(peer, "the certificate is that of " + whose + ", not an agent's");
        co_await stream->close();
    }
}

asio::awaitable<void> Server::Impl::serve_agent(std::shared_ptr<TlsStream> stream, Peer peer,
                                                std::string agent) {
    const auto id = ++last_connection_;
    const Linked linked{std::move(agent), std::make_shared<AgentLink>(stream, options_.link)};
    links_.emplace(id, linked);
    if (!hub_->now().connected(linked.agent, id, peer.address, linked.link, peer.issuer))
        greet_unknown(linked, peer);
    hub_->arm();
    co_await read_agent(stream, linked, id, peer.certificate_ends);
    stream->abort();
    if (links_.erase(id) == 0)
        co_return; // abandoned
    hub_->now().disconnected(linked.agent, id);
    hub_->arm();
}

asio::awaitable<void> Server::Impl::read_agent(std::shared_ptr<TlsStream> stream, Linked linked,
                                               fleet::ConnectionId id,
                                               std::int64_t certificate_ends) {
    for (int in_a_row = 0;;) {
        const auto got = stream->read_now(buffer_);
        if (!got)
            co_return;
        if (*got == 0) {
            const auto failed = co_await stream->readable();
            if (failed)
                co_return;
            in_a_row = 0;
            continue;
        }
        bytes_from_agents_ += *got;
        if (options_.wall() >= certificate_ends)
            end_expired(linked);
        if (!linked.link->closing()) {
            hub_->now().received(linked.agent, id, std::string_view(buffer_.data(), *got));
            hub_->arm();
        }
        if (++in_a_row % reads_in_a_row == 0)
            co_await asio::post(context_, asio::use_awaitable);
    }
}

// Agents are heard of at every heartbeat, so no timer is needed. One that has renewed its
// certificate comes back at once; another is turned away with a reason.
void Server::Impl::end_expired(const Linked& linked) {
    if (linked.link->closing())
        return;
    ++agents_expired_;
    hub_->now().end_session(linked.agent, v1::STOPPING,
                            "the certificate that this session was opened with has expired");
    hub_->arm();
}

void Server::Impl::greet_unknown(const Linked& linked, const Peer& peer) {
    ++agents_unknown_;
    const auto sentence =
        fmt::format("this controller knows no agent '{}'; pair the host", linked.agent);
    if (options_.refused)
        options_.refused(peer.address + ": " + sentence);
    linked.link->send(goodbye(v1::REVOKED, sentence));
    linked.link->close(sentence);
}

void Server::Impl::stop(std::function<void()> stopped) {
    stopped_ = std::move(stopped);
    if (std::exchange(stopping_, true))
        return;
    door_->close();
    hub_->now().stop("the controller is stopping");
    http_->stop();
    stop_timer_.expires_after(options_.stop_within);
    stop_timer_.async_wait([weak = weak_from_this()](error_code error) {
        if (const auto self = weak.lock(); self && !error)
            self->abort_all();
    });
    finish_stop();
}

void Server::Impl::abort_all() {
    for (const auto& [id, linked] : links_)
        linked.link->abort();
    http_->abort();
}

void Server::Impl::finish_stop() {
    if (!stopping_ || door_->inside() > 0)
        return;
    stop_timer_.cancel();
    hub_->stop();
    if (const auto stopped = std::exchange(stopped_, {}))
        asio::post(context_, stopped);
}

// The hub is told at once, and not touched any more.
void Server::Impl::abandon() {
    stopping_ = true;
    stopped_ = {};
    stop_timer_.cancel();
    door_->close();
    abort_all();
    for (const auto& [id, linked] : std::exchange(links_, {}))
        hub_->now().disconnected(linked.agent, id);
    hub_->stop();
}

ServerStats Server::Impl::stats() const {
    ServerStats out;
    door_->add_to(out);
    out.agents = links_.size();
    out.agents_unknown = agents_unknown_;
    out.agents_expired = agents_expired_;
    out.bytes_from_agents = bytes_from_agents_;
    out.http = http_->stats();
    return out;
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
    impl_->abandon();
}

ServerResult<std::unique_ptr<Server>> Server::listen(asio::io_context& context,
                                                     const ServerOptions& options,
                                                     const pki::TlsSetup& identity, fleet::Hub& hub,
                                                     http::Handler handler) {
    auto impl = std::make_shared<Impl>(context, options, hub, std::move(handler));
    if (auto opened = impl->open(identity); !opened)
        return std::unexpected(std::move(opened.error()));
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
    return impl_->door().port();
}
ServerResult<void> Server::set_identity(const pki::TlsSetup& identity) {
    return impl_->door().set_identity(identity);
}
void Server::stop(std::function<void()> stopped) {
    impl_->stop(std::move(stopped));
}
ServerStats Server::stats() const {
    return impl_->stats();
}

} // namespace ringwall::server
