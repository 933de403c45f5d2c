// /proc/PID/mountinfo as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ringwall::loader {

struct Mount {
    std::uint64_t parent = 0;
    std::uint32_t device = 0; // MAJOR<<20|MINOR of the super block, as the kernel has it
    std::string root;         // what of the file system is mounted; "/" is all of it
    std::string point;        // where, as the reading process's root sees it
    std::string type;
};

// By mount id, which is unique on the whole host at one time. Lines that do not parse are left out.
using Mounts = std::map<std::uint64_t, Mount>;
Mounts parse_mounts(std::string_view mountinfo);

// The mount in which the topmost path component of whatever stands in mount `id` is found: the
// first one mounted at "/" on the way up. nullptr: the way up leaves what can be seen.
const Mounts::value_type* root_of(const Mounts& mounts, std::uint64_t id);

} // namespace ringwall::loader
