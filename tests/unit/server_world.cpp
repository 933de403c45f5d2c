#include "tests/unit/server_world.h"

#include <chrono>
#include <utility>

namespace ringwall::server_test {

server::ServerOptions options() {
    server::ServerOptions out;
    out.address = "127.0.0.1";
    out.port = 0;
    return out;
}

World::World(const server::ServerOptions& options, http::Handler handler,
             const fleet::SessionOptions& session)
    : work_(boost::asio::make_work_guard(io_)) {
    hub.emplace(session, story);
    auto with_log = options;
    with_log.wall = [this] { return now; };
    with_log.refused = [this](const std::string& sentence) { refusals_.insert(sentence); };
    server = pki::test::must(
        server::Server::listen(io_, with_log, identity(certificate), *hub, std::move(handler)));
    port_ = server->port();
    thread_ = std::thread([this] { io_.run(); });
}

// That run() comes to its end says that no connection and no timer was left behind.
World::~World() {
    in_server([this] { server.reset(); });
    work_.reset();
    thread_.join();
}

bool World::becomes(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!in_server(condition)) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::yield();
    }
    return true;
}

server::ServerStats World::stats() {
    return in_server([this] { return server->stats(); });
}

std::set<std::string> World::refusals() {
    return in_server([this] { return refusals_; });
}

pki::TlsSetup World::agent(const std::string& id) const {
    return setup(pki::test::agent(authority, id));
}

pki::TlsSetup World::setup(const pki::test::Holder& own) const {
    auto out = nobody();
    out.chain = own.issued.chain;
    out.key = own.key;
    return out;
}

pki::TlsSetup World::nobody() const {
    return {.check = [roots = authority.roots()](const auto& chain) {
        return pki::verify(chain, roots, pki::test::as_controller());
    }};
}

// As the controller's core does it: whoever is of this authority, not expired and not revoked.
pki::TlsSetup World::identity(const pki::test::Holder& own) {
    return {.chain = own.issued.chain,
            .key = own.key,
            .check = [this](const std::vector<pki::Certificate>& chain) -> pki::Result<void> {
                const auto who = pki::Identity::parse(chain.front().uri);
                const auto admitted =
                    authority.admit(chain, who ? who->kind : pki::Kind::agent, now);
                if (!admitted)
                    return std::unexpected(admitted.error());
                return {};
            }};
}

TlsAgent::TlsAgent(World& world, const std::string& identity, std::uint64_t epoch)
    : TlsAgent(world.port(), world.agent(identity), identity, epoch) {}

TlsAgent::TlsAgent(std::uint16_t port, const pki::TlsSetup& setup, const std::string& identity,
                   std::uint64_t epoch, const std::string& from)
    : agent(identity, epoch), client(port, setup, "ringwall/1", from) {
    agent.connected(server::boot_clock());
    hello = agent.take_output();
    client.say(hello);
}

bool TlsAgent::exchange() {
    const auto bytes = client.hear();
    if (bytes.empty())
        return false;
    agent.received(bytes, server::boot_clock());
    flush();
    return true;
}

void TlsAgent::flush() {
    if (const auto bytes = agent.take_output(); !bytes.empty())
        client.say(bytes);
}

bool TlsAgent::becomes(const std::function<bool()>& condition) {
    flush();
    while (!condition())
        if (!exchange())
            return condition();
    return true;
}

} // namespace ringwall::server_test
