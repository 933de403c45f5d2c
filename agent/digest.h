// SHA-256 of a running program's file.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "common/error.h"

namespace ringwall::agent {

enum class DigestErrc { gone, io };
using DigestError = BasicError<DigestErrc>;

// 64 hex digits of /proc/PID/exe; `start_ns` (boot clock) tells the process from a later one with
// the same pid: when it does not match before and after reading, nothing is returned.
std::expected<std::string, DigestError> exe_sha256(std::uint32_t pid, std::uint64_t start_ns);

// Field 22 of /proc/PID/stat in clock ticks; 0 when malformed. Pure.
std::uint64_t start_ticks(const std::string& stat);

} // namespace ringwall::agent
