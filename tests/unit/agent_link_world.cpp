#include "tests/unit/agent_link_world.h"

#include <array>
#include <ctime>
#include <map>
#include <stdexcept>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "common/pki/request.h"
#include "common/pki/signature.h"
#include "control/proto/delta.h"

namespace ringwall::agent::link_test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Stream = asio::ssl::stream<tcp::socket>;

constexpr auto patience = std::chrono::seconds(10);

template <typename Expected>
auto must(Expected result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

struct Holder {
    pki::PrivateKey key;
    std::string chain;
};

Holder issue(const pki::Authority& authority, const pki::Grant& grant, std::int64_t now) {
    auto key = must(pki::PrivateKey::generate(pki::KeyKind::tls));
    auto request = must(pki::make_request(key, "anything"));
    return {key, must(authority.issue(request, grant, now)).chain};
}

fleet::Time clock() {
    return std::chrono::duration_cast<fleet::Time>(
        std::chrono::steady_clock::now().time_since_epoch());
}

// The first offered protocol that this server speaks.
int choose(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
           unsigned length, void*) {
    static const std::string known("\x0aringwall/1\x08http/1.1");
    const auto* ours = reinterpret_cast<const unsigned char*>(known.data());
    unsigned char* chosen = nullptr;
    const int found =
        SSL_select_next_proto(&chosen, size, ours, static_cast<unsigned>(known.size()), in, length);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::unique_ptr<asio::ssl::context> context_of(const pki::TlsSetup& tls) {
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    if (auto ready = pki::set_up(context->native_handle(), tls); !ready)
        throw std::runtime_error(ready.error().message);
    SSL_CTX_set_alpn_select_cb(context->native_handle(), choose, nullptr);
    return context;
}

} // namespace

bool until(asio::io_context& loop, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        loop.restart();
        if (loop.run_one_until(deadline) == 0 && std::chrono::steady_clock::now() >= deadline)
            return false;
    }
    return true;
}

v1::Policy policy(std::uint64_t version, const std::vector<std::uint32_t>& peers) {
    v1::Policy out;
    out.set_version(version);
    out.set_provisioned(version + 100);
    auto& subject = *out.add_subjects();
    subject.set_workload("app-uk-1");
    subject.set_identity(1);
    subject.set_mode(v1::FULL);
    auto& rule = *subject.add_rules();
    rule.set_id("payments/web-to-app");
    rule.set_action(v1::ALLOW);
    rule.set_direction(v1::INBOUND);
    for (const auto id : peers)
        rule.mutable_peers()->add_identities(id);
    rule.add_services()->set_any_protocol(true);
    return out;
}

v1::Inventory inventory(std::uint64_t revision, std::uint32_t identities) {
    v1::Inventory out;
    out.set_revision(revision);
    for (std::uint32_t id = 1; id <= identities; ++id) {
        auto& identity = *out.add_identities();
        identity.set_id(id);
        (*identity.mutable_labels())["role"] = "role " + std::to_string(id);
    }
    return out;
}

const Keys& keys() {
    static const Keys all;
    return all;
}

Keys::Keys()
    : authority(must(pki::Authority::create(std::time(nullptr) - 2 * 86400))),
      signer(must(pki::PrivateKey::generate(pki::KeyKind::signing))),
      key_(must(pki::PrivateKey::generate(pki::KeyKind::tls))) {
    const auto request = must(pki::make_request(key_, "controller"));
    chain_ = must(authority.issue(request,
                                  {.identity = {pki::Kind::controller, "main"},
                                   .lifetime = 86400,
                                   .names = {"127.0.0.1", "10.0.0.1"}},
                                  std::time(nullptr)))
                 .chain;
}

Credentials Keys::credentials(const std::string& agent, std::uint16_t port,
                              std::int64_t issued_ago) const {
    const auto own = issue(authority, {.identity = {pki::Kind::agent, agent}, .lifetime = 3600},
                           std::time(nullptr) - issued_ago);
    return {.agent = agent,
            .machine_id = "0123456789abcdef0123456789abcdef",
            .endpoints = {{"127.0.0.1", port}},
            .chain = must(pki::parse_certificates(own.chain)),
            .trust = authority.roots(),
            .signers = {signer.public_key()},
            .key = own.key};
}

pki::TlsSetup Keys::controller() const {
    return {.chain = chain_,
            .key = key_,
            .check = [this](const std::vector<pki::Certificate>& chain) -> pki::Result<void> {
                auto who = authority.admit(chain, pki::Kind::agent, std::time(nullptr));
                return who ? pki::Result<void>() : std::unexpected(who.error());
            },
            .peer_required = false};
}

v1::SignedPolicy Keys::sign(const v1::Policy& policy) const {
    v1::SignedPolicy out;
    out.set_payload(wire::canonical(policy));
    out.set_key_id(signer.public_key().id());
    out.set_signature(must(pki::sign(signer, pki::policy_context, out.payload())));
    return out;
}

fleet::ReleaseRef Keys::release(const v1::Policy& policy) const {
    const auto signed_policy = sign(policy);
    return std::make_shared<fleet::Release>(fleet::Release{
        policy.version(), signed_policy.payload(), wire::content_hash(signed_policy.payload()),
        signed_policy.key_id(), signed_policy.signature()});
}

fleet::ReleaseRef Keys::release(const v1::Inventory& inventory) const {
    const auto content = wire::canonical(inventory);
    return std::make_shared<fleet::Release>(
        fleet::Release{inventory.revision(), content, wire::content_hash(content), ""});
}

class Controller::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& loop, const Keys& keys)
        : loop_(loop), keys_(keys), context_(context_of(keys.controller())), acceptor_(loop),
          timer_(loop), session({.identity = "app-uk-1",
                                 .controller_version = "test",
                                 .heartbeat = std::chrono::seconds(1)},
                                {}) {}

    void start(std::uint16_t port) {
        const tcp::endpoint place(asio::ip::address_v4::loopback(), port);
        acceptor_.open(place.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind(place);
        acceptor_.listen();
        accept();
    }

    void stop() {
        acceptor_.close();
        for (const auto& [id, connection] : connections_)
            connection->stream.next_layer().close();
    }

    void tell(const fleet::Input& input) {
        for (const auto& action : session.resume(input, clock()))
            std::visit([this](const auto& it) { perform(it); }, action);
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    Seen seen;

  private:
    struct Connection {
        Connection(asio::io_context& loop, asio::ssl::context& context) : stream(loop, context) {}
        Stream stream;
        std::string outgoing;
        std::array<char, 4096> incoming{};
        bool writing = false, closing = false;
    };
    using ConnectionRef = std::shared_ptr<Connection>;

    void accept() {
        auto connection = std::make_shared<Connection>(loop_, *context_);
        acceptor_.async_accept(connection->stream.next_layer(), [self = shared_from_this(),
                                                                 connection](error_code error) {
            if (error)
                return;
            connection->stream.async_handshake(Stream::server, [self, connection](error_code bad) {
                self->greet(connection, bad);
            });
            self->accept();
        });
    }

    void greet(const ConnectionRef& connection, error_code error) {
        if (const auto refused = pki::refusal(connection->stream.native_handle()))
            seen.refused.push_back(refused->message);
        if (error)
            return;
        const auto id = ++last_id_;
        connections_[id] = connection;
        tell(fleet::input::Connected{id});
        read(id, connection);
    }

    void read(fleet::ConnectionId id, const ConnectionRef& connection) {
        connection->stream.async_read_some(
            asio::buffer(connection->incoming),
            [self = shared_from_this(), id, connection](error_code error, std::size_t size) {
                if (error) {
                    self->connections_.erase(id);
                    return self->tell(fleet::input::Disconnected{id});
                }
                self->tell(fleet::input::Received{id, {connection->incoming.data(), size}});
                self->read(id, connection);
            });
    }

    void write(const ConnectionRef& connection) {
        if (connection->writing)
            return;
        if (connection->outgoing.empty()) {
            if (connection->closing)
                connection->stream.next_layer().close();
            return;
        }
        connection->writing = true;
        auto bytes = std::make_shared<std::string>(std::exchange(connection->outgoing, {}));
        asio::async_write(connection->stream, asio::buffer(*bytes),
                          [self = shared_from_this(), connection, bytes](error_code, std::size_t) {
                              connection->writing = false;
                              self->write(connection);
                          });
    }

    void perform(const fleet::action::Send& it) {
        if (const auto to = connections_.find(it.connection); to != connections_.end()) {
            to->second->outgoing += it.bytes;
            write(to->second);
        }
    }
    void perform(const fleet::action::Close& it) {
        if (const auto to = connections_.find(it.connection); to != connections_.end()) {
            to->second->closing = true;
            write(to->second);
        }
    }
    void perform(const fleet::action::Acked& it) {
        (it.half == v1::POLICY ? seen.policies : seen.inventories).push_back(it.held);
    }
    void perform(const fleet::action::Nacked& it) { seen.nacks.push_back(it.nack); }
    void perform(const fleet::action::RolledBack& it) { seen.rolled_back.push_back(it.told); }
    void perform(const fleet::action::Reported& it) { seen.reports.push_back(it.report); }
    void perform(const fleet::action::ImpactSeen&) {}
    void perform(const fleet::action::CommandDone& it) { seen.results.push_back(it.result); }
    void perform(const fleet::action::StoreFlows& it) {
        for (const auto& summary : it.batch.summaries())
            seen.flows.push_back(summary);
        seen.lost += it.lost;
        asio::post(loop_, [self = shared_from_this(), stream = it.stream, last = it.batch.last()] {
            self->tell(fleet::input::FlowsStored{stream, last});
        });
    }
    void perform(const fleet::action::SetTimer& it) {
        timer_.expires_at(std::chrono::steady_clock::time_point(it.at));
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (!error)
                self->tell(fleet::input::Tick{});
        });
    }
    void perform(const fleet::action::Greeted& it) { seen.trust.push_back(it.hello.trust()); }
    void perform(const fleet::action::Ahead&) {}
    void perform(const fleet::action::Present&) {}
    void perform(const fleet::action::Duplicate&) {}

    asio::io_context& loop_;
    const Keys& keys_;
    std::unique_ptr<asio::ssl::context> context_;
    tcp::acceptor acceptor_;
    asio::steady_timer timer_;
    std::map<fleet::ConnectionId, ConnectionRef> connections_;
    fleet::ConnectionId last_id_ = 0;

  public:
    fleet::Session session;
    const Keys& keys() const { return keys_; }
    void end() {
        timer_.cancel();
        stop();
    }
};

Controller::Controller(asio::io_context& loop, const Keys& keys)
    : impl_(std::make_shared<Impl>(loop, keys)) {}
Controller::~Controller() {
    impl_->end();
}
void Controller::start(std::uint16_t port) {
    impl_->start(port);
}
void Controller::stop() {
    impl_->stop();
}
std::uint16_t Controller::port() const {
    return impl_->port();
}
void Controller::offer(const v1::Policy& policy, std::chrono::seconds confirm_within) {
    tell(fleet::input::OfferPolicy{impl_->keys().release(policy), confirm_within});
}
void Controller::offer(const v1::Inventory& inventory) {
    tell(fleet::input::OfferInventory{impl_->keys().release(inventory)});
}
void Controller::tell(const fleet::Input& input) {
    impl_->tell(input);
}
fleet::Session& Controller::session() {
    return impl_->session;
}
const Controller::Seen& Controller::seen() const {
    return impl_->seen;
}

class Website::Impl {
  public:
    Impl(const pki::TlsSetup& tls, Answer answer)
        : context_(context_of(tls)), answer_(std::move(answer)),
          acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~Impl() {
        loop_.stop();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    Impl(Impl&&) = delete;
    Impl& operator=(Impl&&) = delete;

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  private:
    struct Visit {
        Visit(asio::io_context& loop, asio::ssl::context& context) : stream(loop, context) {}
        Stream stream;
        boost::beast::flat_buffer buffer;
        http::request<http::string_body> request;
        http::response<http::string_body> response;
    };

    void accept() {
        auto visit = std::make_shared<Visit>(loop_, *context_);
        acceptor_.async_accept(visit->stream.next_layer(), [this, visit](error_code error) {
            if (error)
                return;
            visit->stream.async_handshake(Stream::server, [this, visit](error_code bad) {
                if (!bad)
                    serve(visit);
            });
            accept();
        });
    }

    void serve(const std::shared_ptr<Visit>& visit) {
        http::async_read(visit->stream, visit->buffer, visit->request,
                         [this, visit](error_code error, std::size_t) {
                             if (error)
                                 return;
                             const auto target = visit->request.target();
                             const auto [status, body] =
                                 answer_({target.data(), target.size()}, visit->request.body());
                             visit->response.result(status);
                             visit->response.body() = body;
                             visit->response.prepare_payload();
                             http::async_write(visit->stream, visit->response,
                                               [visit](error_code, std::size_t) {});
                         });
    }

    asio::io_context loop_{1};
    std::unique_ptr<asio::ssl::context> context_;
    Answer answer_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

Website::Website(const pki::TlsSetup& tls, Answer answer)
    : impl_(std::make_unique<Impl>(tls, std::move(answer))) {}
Website::~Website() = default;
std::uint16_t Website::port() const {
    return impl_->port();
}

} // namespace ringwall::agent::link_test
