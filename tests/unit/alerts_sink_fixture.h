// Sinks and the other side of their connections, in one loop on loopback.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/alerts/sink.h"
#include "tests/unit/scratch.h"

namespace ringwall::alerts::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

// Accepts one connection after the other and keeps what each sends.
class Server {
  public:
    explicit Server(asio::io_context& context, std::uint16_t port = 0)
        : acceptor_(context, {asio::ip::make_address("127.0.0.1"), port}) {
        accept();
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    const std::string& received() const { return received_; }
    std::size_t connections() const { return connections_; }
    void on_data(std::function<void(Server&)> react) { react_ = std::move(react); }
    void say(std::string text) {
        const auto kept = std::make_shared<std::string>(std::move(text));
        asio::async_write(*socket_, asio::buffer(*kept), [kept](error_code, std::size_t) {});
    }
    void take(std::size_t bytes) { received_.erase(0, bytes); }
    // With a reset, as a killed process with unread data does.
    void cut() {
        socket_->set_option(asio::socket_base::linger(true, 0));
        socket_->close();
    }
    void close() { socket_->close(); }
    void stop_listening() { acceptor_.close(); }

  private:
    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (error)
                return;
            ++connections_;
            socket_ = std::make_shared<tcp::socket>(std::move(socket));
            read();
            accept();
        });
    }
    void read() {
        socket_->async_read_some(asio::buffer(chunk_),
                                 [this, kept = socket_](error_code error, std::size_t size) {
                                     if (error)
                                         return;
                                     received_.append(chunk_.data(), size);
                                     if (react_)
                                         react_(*this);
                                     if (kept->is_open())
                                         read();
                                 });
    }

    tcp::acceptor acceptor_;
    std::shared_ptr<tcp::socket> socket_;
    std::array<char, 4096> chunk_{};
    std::string received_;
    std::size_t connections_ = 0;
    std::function<void(Server&)> react_;
};

class SinkTest : public ::testing::Test {
  protected:
    asio::io_context context_;
    agent::testing::Scratch scratch_;
    std::vector<std::string> said_;
    SinkOptions options_{.origin = {.host = "c", .program = "p", .pid = 1, .run = "r"},
                         .queue = 100,
                         .tuning = {.backoff_first = 5ms,
                                    .backoff_longest = 20ms,
                                    .patience = 500ms,
                                    .settle = 50ms,
                                    .doubt = 60s},
                         .say = [this](const std::string& text) { said_.push_back(text); }};
    std::shared_ptr<Sink> sink_;

    void TearDown() override {
        if (sink_)
            sink_->abort();
    }
    void start_syslog(std::uint16_t port) {
        const auto address = fmt::format("tcp://127.0.0.1:{}", port);
        sink_ = syslog_sink(context_, {.endpoint = *parse_collector(address)}, options_).value();
    }
    void start_webhook(std::uint16_t port, const std::string& secret_file = {}) {
        const auto url = fmt::format("http://127.0.0.1:{}/hook?a=b", port);
        sink_ = webhook_sink(context_, {.endpoint = *parse_url(url), .secret_file = secret_file},
                             options_)
                    .value();
    }
    void offer(std::uint64_t first, std::uint64_t last) {
        for (auto n = first; n <= last; ++n)
            sink_->offer(std::make_shared<const Alert>(
                Alert{.number = n, .sentence = fmt::format("<{}>", n)}));
    }
    // Runs the loop until it is so; false after ten seconds.
    bool until(const std::function<bool()>& so) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!so() && std::chrono::steady_clock::now() < end)
            context_.run_one_for(100ms);
        return so();
    }
    SinkState state() const { return sink_->state(); }
};

inline std::vector<std::string> sentences(std::uint64_t first, std::uint64_t last) {
    std::vector<std::string> out;
    for (auto n = first; n <= last; ++n)
        out.push_back(fmt::format("<{}>", n));
    return out;
}

} // namespace ringwall::alerts::testing
