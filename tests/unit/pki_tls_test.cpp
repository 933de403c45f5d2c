// Real TLS 1.3 handshakes over a socket pair, set up as agent and controller set theirs up.
//
//   agent: SSL -- memory BIOs -- socket ==== socket -- memory BIOs -- SSL: controller
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "common/pki/openssl.h"
#include "common/pki/tls.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::agent;
using test::as_controller;
using test::controller;
using test::day;
using test::expect_refused;
using test::must;
using test::noon;

struct FreeTls {
    void operator()(SSL* it) const { SSL_free(it); }
    void operator()(SSL_CTX* it) const { SSL_CTX_free(it); }
};

// One end: bytes go through the socket, TLS sees memory only.
class End {
  public:
    End(bool client, const TlsSetup& setup, int socket)
        : context_(SSL_CTX_new(client ? TLS_client_method() : TLS_server_method())),
          socket_(socket) {
        if (auto ready = set_up(context_.get(), setup); !ready)
            throw std::runtime_error(ready.error().message);
        ssl_.reset(SSL_new(context_.get()));
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    }
    ~End() { close(socket_); }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    End(End&&) = delete;
    End& operator=(End&&) = delete;

    // Goes on as far as the bytes at hand allow: handshake, then one word each way.
    void step() {
        receive();
        if (!broken_ && !SSL_is_init_finished(ssl_.get()))
            judge(SSL_do_handshake(ssl_.get()));
        if (!broken_ && SSL_is_init_finished(ssl_.get())) {
            if (!said_)
                said_ = judge(SSL_write(ssl_.get(), "hello", 5));
            std::array<char, 16> word{};
            heard_ |= judge(SSL_read(ssl_.get(), word.data(), word.size()));
        }
        send();
    }
    bool heard() const { return heard_; }
    bool broken() const { return broken_; }
    std::optional<Error> refused() const { return refusal(ssl_.get()); }
    const char* version() const { return SSL_get_version(ssl_.get()); }
    bool resumable() const { return SSL_SESSION_is_resumable(SSL_get_session(ssl_.get())); }

  private:
    bool judge(int result) {
        if (result > 0)
            return true;
        const int error = SSL_get_error(ssl_.get(), result);
        broken_ = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
        ERR_clear_error();
        return false;
    }
    void receive() {
        std::array<char, 16384> bytes;
        for (ssize_t got = 0; (got = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;)
            BIO_write(in_, bytes.data(), static_cast<int>(got));
    }
    void send() {
        std::array<char, 16384> bytes;
        for (int got = 0; (got = BIO_read(out_, bytes.data(), bytes.size())) > 0;)
            if (::send(socket_, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got)
                throw std::runtime_error("the socket is full");
    }

    std::unique_ptr<SSL_CTX, FreeTls> context_;
    std::unique_ptr<SSL, FreeTls> ssl_;
    BIO* in_ = nullptr; // the connection's
    BIO* out_ = nullptr;
    int socket_;
    bool said_ = false, heard_ = false, broken_ = false;
};

struct Outcome {
    bool talked = false;                      // each heard the other
    std::optional<Error> agents, controllers; // why it refused the other
    std::string version;
    bool resumable = false;
};

Outcome connect(const TlsSetup& agent_side, const TlsSetup& controller_side) {
    std::array<int, 2> sockets{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) < 0)
        throw std::runtime_error("no socket pair");
    End client(true, agent_side, sockets[0]), server(false, controller_side, sockets[1]);
    for (int i = 0; i < 20 && !(client.heard() && server.heard()); ++i) {
        client.step();
        server.step();
    }
    const bool talked = client.heard() && server.heard();
    EXPECT_NE(talked, client.broken() || server.broken()) << "neither an end nor an agreement";
    return {talked, client.refused(), server.refused(), client.version(),
            talked && (client.resumable() || server.resumable())};
}

class PkiTls : public ::testing::Test {
  protected:
    TlsSetup agent_side(const test::Holder& own, std::int64_t now = noon) const {
        return {.chain = own.issued.chain,
                .key = own.key,
                .check = [roots = authority_.roots(), now](const auto& chain) {
                    return verify(chain, roots, as_controller(now));
                }};
    }
    static TlsSetup controller_side(const Authority& authority, const test::Holder& own,
                                    std::int64_t now = noon) {
        return {.chain = own.issued.chain,
                .key = own.key,
                .check = [&authority, now](const auto& chain) -> Result<void> {
                    if (auto who = authority.admit(chain, Kind::agent, now); !who)
                        return std::unexpected(who.error());
                    return {};
                }};
    }
    TlsSetup controller_side(std::int64_t now = noon) const {
        return controller_side(authority_, server_, now);
    }

    Authority authority_ = test::new_authority();
    test::Holder server_ = controller(authority_);
    test::Holder web_ = agent(authority_, "web-1");
};

TEST_F(PkiTls, AgentAndControllerOfOneAuthorityTalkOverTls13) {
    const auto outcome = connect(agent_side(web_), controller_side());
    EXPECT_TRUE(outcome.talked);
    EXPECT_EQ(outcome.version, "TLSv1.3");
    EXPECT_FALSE(outcome.agents || outcome.controllers);
    EXPECT_FALSE(outcome.resumable) << "a resumed session would not be judged";
}

TEST_F(PkiTls, AnAgentOfAnotherControllerIsRefused) {
    const auto other = test::new_authority();
    const auto outcome = connect(agent_side(agent(other, "web-1")), controller_side());
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.controllers);
    EXPECT_EQ(outcome.controllers->code, Errc::unknown_ca);
    EXPECT_FALSE(outcome.agents);
}

TEST_F(PkiTls, AControllerOfAnotherCaIsRefusedByTheAgent) {
    const auto other = test::new_authority();
    const auto outcome = connect(agent_side(web_), controller_side(other, controller(other)));
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.agents);
    EXPECT_EQ(outcome.agents->code, Errc::unknown_ca);
    EXPECT_NE(outcome.agents->message.find(other.issuer().subject), std::string::npos);
}

TEST_F(PkiTls, AnExpiredAgentIsRefused) {
    const auto outcome = connect(agent_side(web_), controller_side(noon + 2 * day));
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.controllers);
    EXPECT_EQ(outcome.controllers->code, Errc::expired);
}

TEST_F(PkiTls, AnExpiredControllerIsRefused) {
    const auto outcome = connect(agent_side(web_, noon + 31 * day), controller_side());
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.agents);
    EXPECT_EQ(outcome.agents->code, Errc::expired);
}

TEST_F(PkiTls, AnAgentWithAClockAnHourBehindIsToldToCheckIt) {
    const auto outcome = connect(agent_side(web_, noon - 3600), controller_side());
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.agents);
    EXPECT_EQ(outcome.agents->code, Errc::not_yet_valid);
    EXPECT_NE(outcome.agents->message.find("check the clock"), std::string::npos);
}

TEST_F(PkiTls, ARevokedAgentIsRefusedAtItsNextConnection) {
    const auto now = controller_side();
    EXPECT_TRUE(connect(agent_side(web_), now).talked);
    authority_.revoke(web_.issued.certificate.serial, "stolen", noon);
    const auto outcome = connect(agent_side(web_), now);
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.controllers);
    EXPECT_EQ(outcome.controllers->code, Errc::revoked);
}

TEST_F(PkiTls, AControllersCertificateIsNoAgents) {
    const auto outcome = connect(agent_side(server_), controller_side());
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.controllers);
    EXPECT_EQ(outcome.controllers->code, Errc::wrong_purpose);
}

TEST_F(PkiTls, AnAgentCannotPlayTheController) {
    const auto outcome = connect(agent_side(web_), controller_side(authority_, web_));
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.agents);
    EXPECT_EQ(outcome.agents->code, Errc::wrong_purpose);
}

TEST_F(PkiTls, APersonsCertificateIsNoAgents) {
    const auto alice = test::holder(authority_, {.identity = {Kind::operator_client, "alice"}});
    const auto outcome = connect(agent_side(alice), controller_side());
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.controllers);
    EXPECT_EQ(outcome.controllers->code, Errc::wrong_identity);
}

TEST_F(PkiTls, WithoutACertificateNobodyTalksUnlessItIsToPair) {
    auto bare = agent_side(web_);
    bare.chain.clear();
    bare.key.reset();
    auto door = controller_side();
    EXPECT_FALSE(connect(bare, door).talked);
    door.peer_required = false;
    EXPECT_TRUE(connect(bare, door).talked);
    EXPECT_FALSE(connect(agent_side(agent(test::new_authority(), "web-1")), door).talked)
        << "but a certificate that is shown is judged";
}

TEST_F(PkiTls, AHostThatIsBeingPairedKnowsTheControllerByItsCasFingerprint) {
    const auto pinned_to = [](const std::string& fingerprint) {
        return TlsSetup{.check = [fingerprint](const auto& chain) -> Result<void> {
            const auto root = pinned_root(chain, fingerprint);
            if (!root)
                return std::unexpected(root.error());
            return verify(chain, {*root}, as_controller());
        }};
    };
    auto door = controller_side();
    door.peer_required = false;
    EXPECT_TRUE(connect(pinned_to(authority_.issuer().fingerprint), door).talked);
    const auto outcome = connect(pinned_to(test::new_authority().issuer().fingerprint), door);
    EXPECT_FALSE(outcome.talked);
    ASSERT_TRUE(outcome.agents);
    EXPECT_EQ(outcome.agents->code, Errc::unknown_ca);
}

TEST_F(PkiTls, AKeyOfAnotherPairingIsRefusedBeforeAnyConnection) {
    const std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_client_method()));
    auto mixed = agent_side(web_);
    mixed.key = server_.key;
    expect_refused(set_up(context.get(), mixed), Errc::weak_key,
                   {"agent/web-1", "different pairings"});
    mixed.chain = "x";
    expect_refused(set_up(context.get(), mixed), Errc::malformed, {"certificate 1"});
}

TEST_F(PkiTls, DuringARotationOldAndNewCertificatesTalk) {
    ASSERT_TRUE(authority_.announce(noon));
    const auto learnt = agent_side(web_); // knows both roots
    ASSERT_TRUE(authority_.switch_issuer({}));
    EXPECT_TRUE(connect(learnt, controller_side()).talked);
    EXPECT_TRUE(connect(learnt, controller_side(authority_, controller(authority_))).talked);
}

} // namespace
} // namespace ringwall::pki
