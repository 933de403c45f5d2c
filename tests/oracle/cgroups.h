// Cgroups of one run, removed at its end; those of runs that were killed are removed at the start.
#pragma once

#include <cstdint>
#include <string>

namespace ringwall::oracle {

// <cgroup v2>/rw-oracle-PID: this process moves between the cgroups below it.
class Cgroups {
  public:
    Cgroups();
    ~Cgroups();
    Cgroups(const Cgroups&) = delete;
    Cgroups& operator=(const Cgroups&) = delete;

    // Directory of a subject's cgroup as the policy says it; made when it is not there.
    std::string directory(const std::string& cgroup) const;
    std::uint64_t id(const std::string& cgroup) const;
    // Where a subject's cgroups stand, counted from the cgroup v2 root.
    std::string unit_root() const { return below_mount_; }
    void enter(const std::string& cgroup);
    void leave(); // out of every judged cgroup

  private:
    std::string parent_, top_, here_, below_mount_;
};

} // namespace ringwall::oracle
