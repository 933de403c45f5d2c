// Flow records -> summaries for the controller: flows that agree in everything but time, client
// port and numbers are one. Pure; the caller brings the time and takes what is due.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent/flows.h"
#include "control/proto/session.pb.h"

namespace ringwall::agent {

struct SummaryOptions {
    // Denies, and what was not seen before, leave soon; the rest is gathered for longer.
    std::chrono::milliseconds soon{300}, late{5000};
    std::size_t most_open = 16'384; // summaries that are being gathered
    std::size_t most_live = 65'536; // flows whose numbers are followed
    std::size_t batch_summaries = 256;
};

struct SummaryStats {
    std::uint64_t records = 0, summaries = 0; // taken in, given out
    std::uint64_t lost = 0;                   // records for which there was no room
};

class Summaries {
  public:
    using Time = std::chrono::milliseconds; // of any clock that never goes back
    // Flows that began before `began_ns` (monotonic, as Event::started_ns) were told by whoever
    // watched them then: of those only what comes from now on is counted.
    Summaries(SummaryOptions options, std::uint64_t began_ns);

    // After each FlowTable::observe().
    void add(const Flow& flow, Time now);
    // What is due, in batches without numbers; with `all` also what is not.
    std::vector<v1::FlowBatch> take(Time now, bool all = false);

    const SummaryStats& stats() const { return stats_; }
    std::size_t open() const { return open_.size(); }

  private:
    struct Totals {
        std::uint64_t out_bytes = 0, in_bytes = 0, out_packets = 0, in_packets = 0, retransmits = 0;
        Totals operator-(const Totals& before) const;
        Totals& operator+=(const Totals& more);
    };
    struct News { // what one record adds
        std::uint64_t count = 0;
        Totals totals;
        bool nothing = false;
    };
    struct Failures {
        std::uint64_t refused = 0, timed_out = 0, reset = 0;
        void add(const loader::Event& event);
    };
    struct Key {
        const Party* local;
        const Party* peer;
        const Program* program;
        const Decision* decision;
        const std::string* user;
        Address local_address, peer_address;
        std::uint64_t version;
        std::uint16_t port;
        std::uint8_t protocol, direction, verdict;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
    };
    struct Open {
        Flow flow; // the latest; what its pointers name stays alive with it
        std::int64_t first_ns = 0, last_ns = 0;
        std::uint64_t count = 0;
        Totals totals;
        Failures failures;
        Time due{};
    };
    struct Live {
        Totals told;
        Time seen{};
    };

    static Totals totals_of(const loader::Event& event);
    static Key key_of(const Flow& flow);
    static v1::FlowSummary summary(const Open& open);
    News news(const Flow& flow, Time now);
    Time due(const Key& key, const Flow& flow, Time now);
    void forget_silent(Time now);

    SummaryOptions options_;
    std::uint64_t began_ns_;
    std::unordered_map<Key, Open, Hash> open_;
    std::unordered_map<std::uint64_t, Live> live_; // by flow id
    std::unordered_set<std::size_t> known_;        // hashes of keys that were told
    Time swept_{};
    SummaryStats stats_;
};

// For the spool: equal summaries of both become one.
v1::FlowBatch fold(const v1::FlowBatch& older, const v1::FlowBatch& newer);

} // namespace ringwall::agent
