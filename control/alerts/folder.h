// From events to alerts: what repeats is folded, what is too much is held back and counted. Pure;
// time is an argument that never goes back.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "control/alerts/event.h"

namespace ringwall::alerts {

using Time = std::chrono::milliseconds;

struct FolderOptions {
    // The first event of a kind and key goes out at once; those of the next `window` are one alert
    // at its end, and so on until a window stays empty.
    Time window = std::chrono::seconds(60);
    double rate = 10, burst = 20;     // alerts a second in all, and how many at once
    std::set<Kind> kinds;             // those that are wanted; empty: all
    std::size_t max_windows = 10'000; // open at a time; events beyond are held back
    std::size_t max_known = 200'000;  // would-blocks that are remembered, at least half as many
};

struct FolderCounters {
    std::uint64_t events = 0;
    std::uint64_t unwanted = 0, known = 0; // of a kind nobody wants; would-blocks seen before
    std::uint64_t alerts = 0;              // that went out
    std::map<Kind, std::uint64_t> by_kind; // of them
    std::uint64_t folded = 0;              // events that went out as part of another one's alert
    std::uint64_t suppressed = 0;          // events that the rate limit held back
};

// The last so many texts, at least; forgets the older half at once.
class Memory {
  public:
    explicit Memory(std::size_t most) : half_(most / 2 + 1) {}
    bool knows(std::string_view text); // and keeps it longer
    void add(std::string_view text);

  private:
    std::size_t half_;
    std::unordered_set<std::string> young_, old_;
};

class TokenBucket {
  public:
    TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}
    // `leave`: tokens that must stay.
    bool take(Time now, double leave);

  private:
    double rate_, burst_, tokens_;
    Time filled_{};
};

class Folder {
  public:
    explicit Folder(FolderOptions options);

    // A would-block that somebody was told of in an earlier life.
    void known(std::string_view key) { memory_.add(key); }
    std::vector<Alert> tell(const Event& event, Time now);
    // Windows that ended. Call it at next_deadline().
    std::vector<Alert> tick(Time now);
    std::optional<Time> next_deadline() const;
    // At the end of all: what waits in open windows.
    std::vector<Alert> flush(Time now);

    const FolderCounters& counters() const { return counters_; }

  private:
    using Key = std::pair<Kind, std::string>;
    struct Window {
        Time ends{};
        std::uint64_t folded = 0; // since it began
        Event newest;
        std::int64_t first_ns = 0;
    };
    using Windows = std::map<Key, Window>;

    bool pass(Alert alert, Time now, std::vector<Alert>& out);
    void send(Alert alert, std::vector<Alert>& out);
    void hold_back(Kind kind, std::uint64_t events, std::int64_t at_ns, Time now);
    void tell_new(const Event& event, Time now, std::vector<Alert>& out);
    void fold(const Event& event, Time now, std::vector<Alert>& out);
    void close(Windows::iterator window, Time now, std::vector<Alert>& out);
    void tell_suppressed(std::vector<Alert>& out);

    FolderOptions options_;
    TokenBucket bucket_;
    Memory memory_;
    Windows windows_;
    std::deque<Windows::iterator> ends_; // in the order in which they end
    struct {
        std::array<std::uint64_t, 16> events{}; // by kind
        std::int64_t first_ns = 0, last_ns = 0;
        std::optional<Time> tell_at;
    } held_back_;
    std::uint64_t number_ = 0;
    FolderCounters counters_;
};

} // namespace ringwall::alerts
