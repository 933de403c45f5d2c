// How many may be in their handshake at once. Pure: the time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace ringwall::server {

struct GateLimits {
    std::size_t in_all = 2048, of_one_network = 64;
    // When all places are taken, one that has taken longer than this gives its place to a newcomer:
    // so 6,800 newcomers a second are let in, whoever holds the places.
    std::chrono::milliseconds patience{300};
};

class Gate {
  public:
    using Instant = std::chrono::steady_clock::time_point;
    using Ticket = std::uint64_t;

    explicit Gate(const GateLimits& limits) : limits_(limits) {}

    bool full() const { return inside_.size() >= limits_.in_all; }
    bool crowded(const std::string& network) const; // no more from there
    // `drop` ends its connection.
    Ticket enter(const std::string& network, Instant now, std::function<void()> drop);
    void leave(Ticket ticket);
    Instant next_drop() const; // when the oldest may be dropped; somebody is inside
    void drop_oldest();
    void drop_all();
    std::size_t inside() const { return inside_.size(); }

  private:
    struct Entry {
        std::string network;
        Instant since;
        std::function<void()> drop;
    };
    GateLimits limits_;
    std::map<Ticket, Entry> inside_; // the oldest first
    std::map<std::string, std::size_t> of_network_;
    Ticket last_ = 0;
};

} // namespace ringwall::server
