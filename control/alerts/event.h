// What somebody ought to hear of (Event), and what he is told (Alert).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/error.h"

namespace ringwall::alerts {

enum class Errc {
    invalid, // the configuration; the sentence begins with file:line
    file,    // a secret or a CA file that cannot be used
};
using Error = BasicError<Errc>;
template <typename T>
using Result = std::expected<T, Error>;

enum class Kind {
    blocked,
    would_block_new, // the first would-block of its key
    tamper,
    agent_silent,
    agent_given_up, // its peers' rules do not find it
    agent_back,
    duplicate_host,
    policy_refused,
    rollout_taken_back,
    clock_skew,
    suppressed, // how many alerts the rate limit held back
};

enum class Severity { critical = 2, error, warning, notice, info }; // numbers of syslog

struct KindInfo {
    Kind kind;
    std::string_view name; // "would_block_new"
    Severity severity;
    bool flood; // comes by the thousand: leaves room in the rate limit for the others
};
std::span<const KindInfo> kinds(); // in the order of Kind
const KindInfo& info(Kind kind);
std::optional<Kind> kind_of(std::string_view name);
std::string_view name(Severity severity);

using Fields = std::map<std::string, std::string>;

struct Event {
    Kind kind = Kind::blocked;
    std::string key;      // events of one kind and key are folded
    std::string sentence; // what happened, where; no line ends
    Fields fields;
    std::int64_t at_ns = 0; // wall clock
};

struct Alert {
    std::uint64_t number = 0; // 1, 2, 3 ... since the start
    Kind kind = Kind::blocked;
    std::string sentence;
    Fields fields;           // of the newest event
    std::uint64_t count = 1; // events it stands for
    std::int64_t first_ns = 0, last_ns = 0;
    bool operator==(const Alert&) const = default;
};
using AlertRef = std::shared_ptr<const Alert>; // sinks share it

// Who speaks.
struct Origin {
    std::string host;    // name of this host
    std::string program; // "ringwall-controller"
    std::uint32_t pid = 0;
    std::string run; // differs from start to start: with an alert's number it names the alert
    std::string id(const Alert& alert) const { return run + "-" + std::to_string(alert.number); }
};

} // namespace ringwall::alerts
