// How often somebody may come: token buckets by name, in bounded memory. The clock comes in.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

namespace ringwall::api {

using Time = std::chrono::milliseconds; // steady, since any start

struct Rate {
    double per_second = 100;
    double burst = 200; // at least 1
};

class RateLimiter {
  public:
    explicit RateLimiter(Rate rate, std::size_t most_names = 65536)
        : rate_(rate), most_names_(most_names) {}

    // Nothing: go on, one is taken. Else how long to wait for one; nothing is taken.
    std::optional<std::chrono::seconds> take(const std::string& name, Time now);
    // The same question, and nothing is taken.
    std::optional<std::chrono::seconds> wait(const std::string& name, Time now) const;

  private:
    struct Bucket {
        double left = 0;
        Time seen{};
    };
    double left(const std::string& name, Time now) const;
    void make_room(Time now);

    Rate rate_;
    std::size_t most_names_;
    std::unordered_map<std::string, Bucket> buckets_; // a full bucket need not be kept
};

} // namespace ringwall::api
