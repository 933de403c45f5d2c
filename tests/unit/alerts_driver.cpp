// Sends alerts as a configuration says: one event as JSON on each line of standard input,
// {"kind": ..., "key": ..., "sentence": ..., "fields": {...}}; "state" prints the counters. At the
// end of the input it delivers what waits, prints the counters and ends.
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/alerts/alerts.h"

namespace {

namespace asio = boost::asio;
using namespace ringwall::alerts;
using namespace std::chrono_literals;

Event event_of(const boost::json::object& given) {
    Event event{.kind = kind_of(given.at("kind").as_string()).value(),
                .key = std::string(given.at("key").as_string()),
                .sentence = std::string(given.at("sentence").as_string()),
                .at_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count()};
    if (const auto* fields = given.if_contains("fields"))
        for (const auto& [name, value] : fields->as_object())
            event.fields[name] = value.as_string();
    return event;
}

void print_state(const Alerts& alerts) {
    boost::json::array sinks;
    for (const auto& sink : alerts.sinks())
        sinks.push_back({{"name", sink.name},
                         {"trouble", sink.trouble},
                         {"delivered", sink.delivered},
                         {"repeated", sink.repeated},
                         {"failed", sink.failed},
                         {"dropped", sink.dropped},
                         {"waiting", sink.waiting}});
    fmt::print("state {}\n", boost::json::serialize(sinks));
    std::fflush(stdout);
}

class Input {
  public:
    Input(asio::io_context& context, Alerts& alerts)
        : in_(context, dup(STDIN_FILENO)), alerts_(alerts) {}

    void read() {
        asio::async_read_until(in_, asio::dynamic_buffer(line_), '\n',
                               [this](boost::system::error_code error, std::size_t bytes) {
                                   if (error)
                                       return end();
                                   take(line_.substr(0, bytes - 1));
                                   line_.erase(0, bytes);
                                   read();
                               });
    }

  private:
    void take(const std::string& line) {
        if (line == "state")
            print_state(alerts_);
        else
            alerts_.tell(event_of(boost::json::parse(line).as_object()));
    }
    void end() {
        alerts_.stop(10s, [this] { print_state(alerts_); });
    }

    asio::posix::stream_descriptor in_;
    Alerts& alerts_;
    std::string line_;
};

} // namespace

int main(int argc, char** argv) {
    const std::string file = argc > 1 ? argv[1] : "";
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto config = parse_config(text, file);
    if (!config) {
        fmt::print(stderr, "{}\n", config.error().message);
        return 2;
    }
    asio::io_context context;
    auto alerts = Alerts::start(
        context, {.config = *config,
                  .origin = this_host("ringwall-controller"),
                  .tuning = {.backoff_first = 20ms, .backoff_longest = 200ms, .settle = 300ms},
                  .say = [](const std::string& sentence) {
                      fmt::print("said {}\n", sentence);
                      std::fflush(stdout);
                  }});
    if (!alerts) {
        fmt::print(stderr, "{}\n", alerts.error().message);
        return 1;
    }
    Input input(context, **alerts);
    input.read();
    context.run();
}
