// The oracle by real traffic: attached programs, real processes, real sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/oracle/coverage.h"
#include "tests/oracle/trial.h"

namespace ringwall::oracle {

struct TrafficCounts {
    std::uint64_t decisions = 0, with_event = 0, refused = 0;
};

class Traffic {
  public:
    virtual ~Traffic() = default;
    virtual std::optional<Mismatch> run(std::uint64_t seed) = 0;
    virtual const TrafficCounts& counts() const = 0;
    virtual const Coverage& coverage() const = 0;
};

// `probe`: path of the probe's executable. Throws std::runtime_error where this host cannot.
std::unique_ptr<Traffic> make_traffic(const std::string& probe);

} // namespace ringwall::oracle
