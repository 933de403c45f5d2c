// How much of what listens can be reached: without a policy, with one as it is enforced now, and
// with all of it enforced. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "control/history/listening.h"
#include "control/model/model.h"

namespace ringwall::history {

// Of the listening workloads of one application. A pair is another workload and a listening port;
// it is open when some process may connect.
struct Exposed {
    std::string app;                      // value of the label; empty: none
    std::size_t workloads = 0, ports = 0; // that listen, or could; protocol and port, summed up
    std::uint64_t open = 0;               // pairs without a policy: all of them
    std::uint64_t now = 0, enforced = 0;  // with the modes as they are; as if all were in full
};

struct Exposure {
    std::vector<Exposed> apps; // most pairs now first
    Exposed total;
    std::size_t unknown = 0; // workloads with an agent that has not reported; not counted elsewhere
};

struct ExposureQuestion {
    model::Policy policy;
    Heard heard;
    std::int64_t now_ns = 0; // rules that have expired are none
    // Whose listening ports count; empty: everybody's. Everybody counts as a peer.
    std::function<bool(const model::Labels&)> counts;
};

// Error: the policy does not compile, with the sentence why.
std::expected<Exposure, std::string> exposure(const ExposureQuestion& question);

} // namespace ringwall::history
