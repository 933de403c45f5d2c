// The REST client against a port that breaks off: what is sent again, and what is not.
#include <array>
#include <atomic>
#include <ctime>
#include <stdexcept>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "common/pki/tls.h"
#include "control/client/client.h"
#include "tests/unit/pki_world.h"

namespace ringwall::client {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Says one text for each connection's first request, and closes it.
class Breaking {
  public:
    explicit Breaking(std::vector<std::string> texts) : texts_(std::move(texts)) {
        const pki::TlsSetup setup{.chain = certificate_.issued.chain,
                                  .key = certificate_.key,
                                  .check = [](const auto&) { return pki::Result<void>(); },
                                  .peer_required = false};
        if (auto ready = pki::set_up(tls_.native_handle(), setup); !ready)
            throw std::runtime_error(ready.error().message);
        thread_ = std::thread([this] { serve(); });
    }
    ~Breaking() {
        over_ = true;
        boost::system::error_code ignored;
        asio::io_context io;
        tcp::socket(io).connect(acceptor_.local_endpoint(), ignored); // wakes accept()
        thread_.join();
    }
    Breaking(const Breaking&) = delete;
    Breaking& operator=(const Breaking&) = delete;
    Breaking(Breaking&&) = delete;
    Breaking& operator=(Breaking&&) = delete;

    Settings settings() const {
        return {.endpoint = {"127.0.0.1", acceptor_.local_endpoint().port()},
                .trust = {authority_.roots(), {}}};
    }
    int requests() const { return requests_; }

  private:
    void serve() {
        for (std::size_t i = 0; !over_; ++i) {
            asio::ssl::stream<tcp::socket> stream(io_, tls_);
            boost::system::error_code error;
            acceptor_.accept(stream.next_layer(), error);
            if (!over_ && !error)
                talk(stream, i < texts_.size() ? texts_[i] : "");
        }
    }
    void talk(asio::ssl::stream<tcp::socket>& stream, const std::string& text) {
        boost::system::error_code error;
        stream.handshake(asio::ssl::stream_base::server, error);
        std::string head;
        if (!error)
            asio::read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n", error);
        if (error)
            return;
        ++requests_;
        asio::write(stream, asio::buffer(text), error);
    }

    std::vector<std::string> texts_;
    pki::Authority authority_ = pki::test::new_authority(std::time(nullptr));
    pki::test::Holder certificate_ = pki::test::controller(authority_, std::time(nullptr));
    asio::io_context io_;
    asio::ssl::context tls_{asio::ssl::context::tls_server};
    tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
    std::atomic<bool> over_ = false;
    std::atomic<int> requests_ = 0;
    std::thread thread_;
};

const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";

TEST(Lost, AReadIsSentAgain) {
    const Breaking port({"", half, good});
    EXPECT_TRUE(Client(port.settings()).send(get(target({"whoami"}))));
    EXPECT_EQ(port.requests(), 3);
}

TEST(Lost, AWriteIsSentAgainOnlyWithAKey) {
    const Breaking port({"", good});
    EXPECT_TRUE(Client(port.settings()).send(write("POST", target({"provision"}))));
    EXPECT_EQ(port.requests(), 2);

    const Breaking other({"", good});
    const auto answer =
        Client(other.settings()).send({.method = "POST", .target = target({"rollout", "confirm"})});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::lost);
    EXPECT_EQ(other.requests(), 1);
}

TEST(Lost, ItEndsAfterThreeTimes) {
    const Breaking port({"", "", "", good});
    const auto answer = Client(port.settings()).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::lost);
    EXPECT_EQ(port.requests(), 3);
}

TEST(Lost, AConnectionThatWasClosedMeanwhileIsNoError) {
    const Breaking port({good, good});
    Client client(port.settings());
    EXPECT_TRUE(client.send(get(target({"whoami"}))));
    EXPECT_TRUE(client.send(get(target({"whoami"}))));
    EXPECT_EQ(port.requests(), 2);
}

TEST(Lost, WhatIsNoHttpIsSaid) {
    const Breaking port({"SSH-2.0-OpenSSH_9.2\r\n\r\n"});
    const auto answer = Client(port.settings()).send(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::malformed) << answer.error().message;
}

TEST(Lost, WhatIsNoJsonIsSaid) {
    const Breaking port({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"});
    const auto answer = Client(port.settings()).json(get(target({"whoami"})));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::malformed);
}

TEST(Lost, HalfABackupIsNoBackup) {
    const Breaking port({half});
    std::string kept;
    const auto done = Client(port.settings()).download(target({"backup"}), [&](auto piece) {
        kept += piece;
        return Result<void>();
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::lost);
    EXPECT_EQ(kept, "{");
}

} // namespace
} // namespace ringwall::client
