// What a staged draft would change: rows of the kernel -> one message for the controller. Pure;
// names come from a Names object.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "agent/flows.h"
#include "control/proto/session.pb.h"
#include "loader/datapath.h"

namespace ringwall::agent {

class Impacts {
  public:
    // What is staged, and how far this node judges it.
    struct Staging {
        std::uint64_t number = 0; // 0: nothing is
        std::string trouble;      // why it is not judged here
        std::uint64_t lost = 0;   // impacts that found no room in the kernel, since the boot
    };
    explicit Impacts(std::size_t most_rows = 2000) : most_rows_(most_rows) {}

    // `rows`: all of the rule sets that are staged now. nullopt: it says what it said before.
    // `now_ns`: wall clock since 1970; `wall_offset_ns`: it minus the monotonic clock.
    std::optional<v1::Impact> message(const Staging& staging, std::span<const loader::Impact> rows,
                                      const Names& names, std::int64_t now_ns,
                                      std::int64_t wall_offset_ns);

  private:
    struct Who {
        Program program;
        std::string user;
    };
    // Remembered: the kernel may forget a process before its rows.
    const Who& who(const loader::Impact& row, const Names& names);
    v1::ImpactRow row_of(const loader::Impact& row, const Names& names,
                         std::int64_t wall_offset_ns);
    void begin(const Staging& staging, std::int64_t now_ns);

    std::size_t most_rows_;
    std::uint64_t number_ = 0, lost_before_ = 0;
    std::int64_t since_ns_ = 0;
    std::unordered_map<std::uint64_t, Who> processes_;
    std::string said_; // the message before, serialized
};

} // namespace ringwall::agent
