// Server-sent events (text/event-stream), piece by piece. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ringwall::client {

struct Event {
    std::string id;   // the last one that was given, also by an earlier event
    std::string type; // "message" when it has none
    std::string data;
    bool operator==(const Event&) const = default;
};

class EventReader {
  public:
    static constexpr std::size_t longest_event = 16 * 1024 * 1024;

    using Sink = std::function<bool(const Event&)>; // false: no more of them
    // False: the sink has had enough, or an event is longer than `longest_event`.
    bool feed(std::string_view piece, const Sink& sink);

    const std::string& last_id() const { return id_; }
    bool overflowed() const { return overflowed_; }
    // Half an event does not outlive its connection; the id does.
    void restart();

  private:
    void take(std::string_view line);
    bool dispatch(const Sink& sink);

    std::string line_, id_, type_, data_;
    bool has_data_ = false, after_cr_ = false, overflowed_ = false;
};

} // namespace ringwall::client
