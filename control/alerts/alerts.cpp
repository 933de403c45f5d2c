#include "control/alerts/alerts.h"

#include <unistd.h>

#include <array>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/pki/digest.h"

namespace ringwall::alerts {
namespace {

namespace asio = boost::asio;

Time now() {
    return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
}

} // namespace

Origin this_host(std::string program) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    return {.host = host.data(),
            .program = std::move(program),
            .pid = static_cast<std::uint32_t>(getpid()),
            .run = pki::hex(pki::random_bytes(6))};
}

class Alerts::Impl {
  public:
    Impl(asio::io_context& context, Options options)
        : context_(context), timer_(context), options_(std::move(options)),
          folder_({.window = options_.config.window,
                   .rate = static_cast<double>(options_.config.rate),
                   .burst = static_cast<double>(options_.config.rate) * 2,
                   .kinds = options_.config.kinds}) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    Impl(Impl&&) = delete;
    Impl& operator=(Impl&&) = delete;
    ~Impl() {
        for (const auto& sink : sinks_)
            sink->abort();
    }

    Result<void> open_sinks() {
        const SinkOptions options{options_.origin, options_.config.queue, options_.tuning,
                                  options_.say};
        for (const auto& each : options_.config.syslog)
            if (auto added = add(syslog_sink(context_, each, options)); !added)
                return added;
        for (const auto& each : options_.config.webhook)
            if (auto added = add(webhook_sink(context_, each, options)); !added)
                return added;
        return {};
    }

    void tell(const Event& event) { send(folder_.tell(event, now())); }
    void known(std::string_view key) { folder_.known(key); }
    void stop(std::chrono::milliseconds grace, const std::function<void()>& done);

    const FolderCounters& counters() const { return folder_.counters(); }
    std::vector<SinkState> sinks() const {
        std::vector<SinkState> out;
        for (const auto& sink : sinks_)
            out.push_back(sink->state());
        return out;
    }

  private:
    Result<void> add(Result<std::shared_ptr<Sink>> made) {
        if (!made)
            return std::unexpected(made.error());
        sinks_.push_back(std::move(*made));
        return {};
    }
    void send(std::vector<Alert> alerts);
    void set_timer();

    asio::io_context& context_;
    asio::steady_timer timer_;
    Options options_;
    Folder folder_;
    std::vector<std::shared_ptr<Sink>> sinks_;
    std::optional<Time> due_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // a timer's handler may come late
};

void Alerts::Impl::send(std::vector<Alert> alerts) {
    for (auto& alert : alerts) {
        const auto shared = std::make_shared<const Alert>(std::move(alert));
        if (options_.on_alert)
            options_.on_alert(*shared);
        for (const auto& sink : sinks_)
            sink->offer(shared);
    }
    set_timer();
}

void Alerts::Impl::set_timer() {
    const auto due = folder_.next_deadline();
    if (due == due_)
        return;
    due_ = due;
    timer_.cancel();
    if (!due)
        return;
    timer_.expires_at(asio::steady_timer::time_point(*due));
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
        if (error || alive.expired())
            return;
        due_.reset();
        send(folder_.tick(now()));
    });
}

void Alerts::Impl::stop(std::chrono::milliseconds grace, const std::function<void()>& done) {
    send(folder_.flush(now()));
    timer_.cancel();
    const auto left = std::make_shared<std::size_t>(sinks_.size());
    if (*left == 0)
        return done();
    for (const auto& sink : sinks_)
        sink->stop(grace, [left, done] {
            if (--*left == 0)
                done();
        });
}

Alerts::Alerts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Alerts::~Alerts() = default;

Result<std::unique_ptr<Alerts>> Alerts::start(asio::io_context& context, Options options) {
    auto impl = std::make_unique<Impl>(context, std::move(options));
    if (auto opened = impl->open_sinks(); !opened)
        return std::unexpected(opened.error());
    return std::unique_ptr<Alerts>(new Alerts(std::move(impl)));
}

void Alerts::tell(const Event& event) {
    impl_->tell(event);
}

void Alerts::known(std::string_view key) {
    impl_->known(key);
}

void Alerts::stop(std::chrono::milliseconds grace, const std::function<void()>& done) {
    impl_->stop(grace, done);
}

const FolderCounters& Alerts::counters() const {
    return impl_->counters();
}

std::vector<SinkState> Alerts::sinks() const {
    return impl_->sinks();
}

} // namespace ringwall::alerts
