// What HTTP connections may use, and what they did.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ringwall::http {

struct Limits {
    using Millis = std::chrono::milliseconds;
    std::size_t header_bytes = 16 * 1024, body_bytes = 10 * 1024 * 1024;
    std::size_t bodies_bytes = 128 * 1024 * 1024; // of all requests that are not answered yet
    std::size_t channel_bytes = 256 * 1024;       // that wait for one client of a stream
    std::size_t connections = 1024, of_one_network = 64;
    // Transfers have a second more for each `bytes_per_second` that have passed.
    Millis header_within = std::chrono::seconds(10), body_within = std::chrono::seconds(30);
    Millis write_within = std::chrono::seconds(30);
    std::size_t bytes_per_second = 64 * 1024;
    Millis idle = std::chrono::seconds(60);           // between two requests
    Millis answer_within = std::chrono::seconds(120); // by the handler
    Millis ping = std::chrono::seconds(15);           // comment in an event stream that is silent
};

// For /metrics.
struct Stats {
    std::uint64_t connections = 0, refused = 0, timed_out = 0, slow_readers = 0;
    std::size_t open = 0, streams = 0;          // now
    std::map<unsigned, std::uint64_t> requests; // by status of the answer
};

struct Client {
    std::string peer;    // address
    std::string network; // what of_one_network counts by; the address, or the prefix it lies in
    std::string agent;   // identity, empty: none
};

} // namespace ringwall::http
