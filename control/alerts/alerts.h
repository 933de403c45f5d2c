// The controller's one alert path: events are folded and limited, then go to every sink. One
// io_context, one thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/alerts/config.h"
#include "control/alerts/event.h"
#include "control/alerts/folder.h"
#include "control/alerts/sink.h"

namespace boost::asio {
class io_context; // NOLINT(readability-identifier-naming): not ours
}

namespace ringwall::alerts {

struct Options {
    Config config;
    Origin origin{}; // this_host() by default
    Tuning tuning{};
    std::function<void(const std::string&)> say; // of sinks that fail or work again, for the log
    std::function<void(const Alert&)> on_alert;  // each alert that goes out, for the event stream
};

// Name of this host and a run id by chance.
Origin this_host(std::string program);

class Alerts final {
  public:
    // Reads secrets and CA files; connects by itself. `context` must outlive it. Errc::file.
    static Result<std::unique_ptr<Alerts>> start(boost::asio::io_context& context, Options options);
    Alerts(const Alerts&) = delete;
    Alerts& operator=(const Alerts&) = delete;
    Alerts(Alerts&&) = delete;
    Alerts& operator=(Alerts&&) = delete;
    ~Alerts(); // aborts the sinks

    void tell(const Event& event);
    // A would-block that is not new: read from the store of flows at the start.
    void known(std::string_view key);
    // Sends what is folded, gives the sinks this time to deliver, then calls `done`, once. Nothing
    // may be told any more.
    void stop(std::chrono::milliseconds grace, const std::function<void()>& done);

    const FolderCounters& counters() const;
    std::vector<SinkState> sinks() const;

  private:
    class Impl;
    explicit Alerts(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::alerts
