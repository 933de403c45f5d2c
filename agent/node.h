// What compiling needs to know about this node. Pure: all knowledge comes as values and functions.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/ip.h"
#include "loader/datapath.h"

namespace ringwall::agent {

enum class Errc {
    bad_snapshot, // it contradicts itself or its format is not known
    unresolved,   // this node cannot judge a selector of its own side (unknown user, bad digest)
    too_many_selectors,
    too_many_ends,
    pending, // plan() while an earlier plan was neither applied nor failed
};
using Error = BasicError<Errc>;
template <typename T>
using Result = std::expected<T, Error>;

// An operator's exception that no policy can cut.
struct Failsafe {
    bool inbound = false;
    std::optional<std::uint8_t> protocol;            // nullopt: any protocol, ports are ignored
    std::uint16_t first_port = 0, last_port = 65535; // inclusive; ICMP: type << 8 | code
    std::vector<Prefix> peers;                       // empty: every address
};

struct NodeContext {
    // The datapath's keyed hashes. "[kernel]" is hashed like any other text.
    std::function<std::uint64_t(std::string_view)> path_id;
    std::function<std::uint64_t(std::string_view)> name_id;
    // Names only; numbers are never asked. nullopt: no such user, which refuses the version.
    std::function<std::optional<std::uint32_t>(const std::string&)> user_id, group_id;
    // Cgroup path, counted from the cgroup v2 root, below which this host's units live; empty on a
    // real host. flat_units: a unit is the cgroup of that name right below (test hosts), not in
    // system.slice.
    std::string unit_root;
    bool flat_units = false;
    // Absolute directory of a subject's cgroup ("" = the host). nullopt: it does not exist (yet);
    // the subject is left out and reported by Enforcer::missing_subjects().
    std::function<std::optional<std::string>(const std::string& cgroup)> cgroup_directory;
    // Whose paths count for a subject in that directory.
    std::function<loader::Root(const std::string& directory)> root;
    bool loopback_events = false;
    std::vector<Failsafe> failsafe;
    // CLOCK_BOOTTIME now, and what it is at a wall clock time (ns since 1970). Unset: no rule of
    // this node's policy ends.
    std::function<std::uint64_t()> boot_time;
    std::function<std::uint64_t(std::int64_t wall_ns)> boot_time_at;
};

// Cgroup path of a unit as the kernel hashes it: "named.service" ->
// "/system.slice/named.service", "getty@tty1.service" ->
// "/system.slice/system-getty.slice/getty@tty1.service"; with a slash: the absolute path itself.
std::string unit_cgroup(std::string_view unit, const NodeContext& node);

// Digest ids are the first 64 bits of the digest, so they mean the same after a restart; never 0.
// nullopt unless `hex` is 64 lower-case hex digits.
std::optional<std::uint64_t> digest_id(std::string_view hex);

} // namespace ringwall::agent
