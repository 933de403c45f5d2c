#include "agent/renewal.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "agent/enrolment.h"
#include "agent/https.h"
#include "common/pki/request.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::seconds;

// The wall clock may be set meanwhile, so no wait is long.
constexpr seconds longest_wait{3600}, shortest_wait{30};

} // namespace

class Renewal::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& loop, std::string state_dir, Credentials credentials,
         std::function<void(const Credentials&)> renewed)
        : loop_(loop), state_dir_(std::move(state_dir)), credentials_(std::move(credentials)),
          renewed_(std::move(renewed)), timer_(loop) {}

    void wait() {
        const auto now = std::time(nullptr);
        const auto due = seconds(pki::renew_at(credentials_.own()) - now);
        const auto left = seconds(credentials_.own().not_after - now);
        asking_ = false;
        if (asked_for_)
            return wait_for(shortest_wait);
        wait_for(due > seconds(0) ? std::min(due, longest_wait)
                                  : std::clamp(left / 20, shortest_wait, longest_wait));
    }
    void begin() {
        if (asking_)
            return;
        if (!asked_for_ && std::time(nullptr) < pki::renew_at(credentials_.own()))
            return wait();
        asking_ = true;
        ask(0);
    }
    void ask_now() {
        asked_for_ = true;
        begin();
    }
    void stop() {
        renewed_ = nullptr;
        timer_.cancel();
    }
    const std::string& trouble() const { return trouble_; }

  private:
    void wait_for(seconds time) {
        timer_.expires_after(time);
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (!error)
                self->begin();
        });
    }

    void ask(std::size_t endpoint) {
        const auto key = pki::PrivateKey::generate(pki::KeyKind::tls);
        const auto request =
            key ? pki::make_request(*key, credentials_.agent) : std::unexpected(key.error());
        if (!request)
            return failed(request.error().message);
        post(loop_,
             {.endpoint = credentials_.endpoints[endpoint],
              .path = "/api/v1/renew",
              .body = renew_body(*request),
              .tls = tls_setup(credentials_)},
             [self = shared_from_this(), endpoint, key = *key](const HttpsResult& result) {
                 self->answered(endpoint, key, result);
             });
    }

    void answered(std::size_t endpoint, const pki::PrivateKey& key, const HttpsResult& result) {
        if (!renewed_)
            return;
        if (!result && endpoint + 1 < credentials_.endpoints.size())
            return ask(endpoint + 1);
        if (!result)
            return failed(result.error().message);
        auto got = credentials_from(*result, key, std::time(nullptr));
        if (!got)
            return failed(got.error().message);
        if (got->agent != credentials_.agent)
            return failed("the controller gave a certificate for another name: " + got->agent);
        take(std::move(*got));
    }

    void take(Credentials got) {
        got.machine_id = credentials_.machine_id;
        got.paired_ns = credentials_.paired_ns;
        if (got.endpoints.empty())
            got.endpoints = credentials_.endpoints;
        if (auto saved = save_credentials(state_dir_, got); !saved)
            return failed(saved.error().message);
        trouble_.clear();
        asked_for_ = false;
        credentials_ = std::move(got);
        spdlog::info("the certificate was renewed: serial {}", credentials_.own().serial);
        renewed_(credentials_);
        wait();
    }

    void failed(const std::string& why) {
        trouble_ = why;
        spdlog::error("the certificate was not renewed: {}", why);
        wait();
    }

    asio::io_context& loop_;
    std::string state_dir_;
    Credentials credentials_;
    std::function<void(const Credentials&)> renewed_; // empty: stopped
    asio::steady_timer timer_;
    std::string trouble_;
    bool asking_ = false, asked_for_ = false;
};

Renewal::Renewal(asio::io_context& loop, std::string state_dir, Credentials credentials,
                 std::function<void(const Credentials&)> renewed)
    : impl_(std::make_shared<Impl>(loop, std::move(state_dir), std::move(credentials),
                                   std::move(renewed))) {}
Renewal::~Renewal() {
    impl_->stop();
}
void Renewal::start() {
    impl_->begin();
}
void Renewal::ask_now() {
    impl_->ask_now();
}
const std::string& Renewal::trouble() const {
    return impl_->trouble();
}

} // namespace ringwall::agent
