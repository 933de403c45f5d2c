// Reading procfs. All reads of one ProcDir are of one and the same process, even when its number is
// given to another one meanwhile: they fail once it has ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loader/datapath.h"
#include "loader/handle.h"

struct statx;

namespace ringwall::loader {

// The whole file, or empty when it cannot be read. `directory` as for openat().
std::string read_text(int directory, const std::string& name);
std::uint64_t inode_of(int descriptor);
// Every process that /proc shows.
std::vector<pid_t> all_processes();

class ProcDir {
  public:
    static std::optional<ProcDir> open(pid_t pid);

    pid_t pid() const { return pid_; }
    std::string read(const std::string& name) const { return read_text(directory_.get(), name); }
    std::string link(const std::string& name) const; // empty when it cannot be read
    bool status(const std::string& name, struct statx& out) const;
    std::uint64_t inode(const std::string& name) const; // 0 when it cannot be read
    Fd open_file(const std::string& name, int flags) const;
    bool alive() const { return start_ns().has_value(); }
    // Boot clock, to the tick: procfs says no more.
    std::optional<std::uint64_t> start_ns() const;

    // Hands over a duplicate of every socket of the process for whose inode `wanted` says yes,
    // until `visit` returns false. Needs the rights of a debugger over it (CAP_SYS_PTRACE).
    Result<void>
    each_socket(const std::function<bool(std::uint64_t inode)>& wanted,
                const std::function<bool(std::uint64_t inode, int socket)>& visit) const;

  private:
    ProcDir(pid_t pid, Fd directory) : pid_(pid), directory_(std::move(directory)) {}

    pid_t pid_;
    Fd directory_;
};

} // namespace ringwall::loader
