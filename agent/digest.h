// SHA-256 of a program's file, whether its process still runs or not. A file counts only by its
// identity: a process may execute another program at any time, and a name may get another file.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

#include "agent/fd.h"
#include "common/error.h"

namespace ringwall::agent {

enum class DigestErrc { gone, changed, too_large, stopped, io };
using DigestError = BasicError<DigestErrc>;

// Is the open file (O_PATH) the one that is meant, unchanged?
using IsProgram = std::function<bool(int file)>;

// Both open with O_PATH, which nobody can make wait and which has no effect on a device; empty when
// the file is not there or is another one. By path: from the root of this host, without symbolic
// links; what is looked up may lie on a server that hangs, so never on the event loop.
Fd open_running(std::uint32_t pid, const IsProgram& is_program);
Fd open_by_path(const std::string& path, const IsProgram& is_program);

// 64 hex digits. Takes a third of a second per 100 MB.
std::expected<std::string, DigestError> sha256(const Fd& program, const IsProgram& is_program,
                                               const std::stop_token& stop);

// Which files to hash now: the kernel asks again with every new socket. Pure.
class Questions {
  public:
    // False: being hashed, out of reach a moment ago, or too much is waiting.
    bool take(std::uint64_t file, std::uint64_t now_ns);
    void answered(std::uint64_t file);
    void failed(std::uint64_t file, std::uint64_t now_ns);

    static constexpr std::size_t waiting_limit = 64, failed_limit = 1024;
    static constexpr std::uint64_t pause_ns = 1'000'000'000;

  private:
    static constexpr std::uint64_t in_work = 0;
    std::map<std::uint64_t, std::uint64_t> files_; // not before; in_work: being hashed
    std::size_t waiting_ = 0;
};

} // namespace ringwall::agent
