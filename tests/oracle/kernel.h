// The same questions put to the real kernel: rows written by the datapath into real maps, packets
// run through the product's programs by BPF_PROG_TEST_RUN for a socket whose owner is said.
//
// Works in a network namespace and cgroups of its own, all removed at the end.
#pragma once

#include <memory>
#include <string>

#include "loader/datapath.h"
#include "tests/oracle/trial.h"

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
    std::string unit_root() const { return x_below_mount; }
    void enter(const std::string& cgroup);
    void leave(); // out of every judged cgroup

  private:
    std::string x_parent, x_top, x_here, x_below_mount;
};

// Throws std::runtime_error where this host cannot.
std::unique_ptr<Kernel> make_kernel();

} // namespace ringwall::oracle
