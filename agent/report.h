// What is on this host, for the controller: addresses, who listens, units, containers. Reads
// procfs, the cgroup tree and dpkg's database; bounded, and cheap when little has changed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/proto/session.pb.h"

namespace ringwall::agent {

struct ReportScope {
    std::string machine_id;
    std::string mount;     // of cgroup v2
    std::string cgroup;    // directory that the agent is attached to
    std::string unit_root; // as NodeContext has it
    bool flat_units = false;
    // Subjects and their cgroup paths below the mount ("" or "/a/b"); the host's is that of
    // `cgroup`.
    std::vector<std::pair<std::string, std::string>> subjects;
    std::string dpkg = "/var/lib/dpkg";
};

class Reporter {
  public:
    // Of the network namespace that the calling thread is in. Not for two threads at once.
    v1::HostReport look(const ReportScope& scope);

  private:
    struct Owner { // of a listening socket
        v1::Process process;
        std::string cgroup; // path below the mount
        std::string file;   // executable; empty: cannot be read
    };

    void add_listeners(const ReportScope& scope, v1::HostReport& report);
    void find_owners(const ReportScope& scope, const std::set<std::uint64_t>& inodes);
    void find_packages(const ReportScope& scope, const std::set<std::string>& files);

    std::map<std::uint64_t, Owner> owners_;       // by inode of the socket
    std::map<std::string, std::string> packages_; // by file; "" where none owns it
    std::int64_t dpkg_changed_ = 0;
};

// Equal but for the time it was taken.
bool same(const v1::HostReport& one, const v1::HostReport& other);

} // namespace ringwall::agent
