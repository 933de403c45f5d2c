// Real processes of known identity on one side of a wire, and a process at its other end:
//
//   netns "here" 192.0.2.1 ──veth── 192.0.2.2 netns "there", which has every address of 10.0.0.0/8,
//   cgroups <v2>/rw-oracle-PID/host/...        172.17.0.0/16, 2001:db8::/32 and fd00::/64
//
// All of them run on one CPU, so packets arrive in the order in which they were sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/oracle/cgroups.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/probe.h"

namespace ringwall::oracle {

class Person {
  public:
    Person(int pid, int descriptor) : pid_(pid), descriptor_(descriptor) {}
    ~Person();
    Person(const Person&) = delete;
    Person& operator=(const Person&) = delete;

    ProbeReply ask(Ask what, const std::vector<ProbeFlow>& flows) const;
    int pid() const { return pid_; }
    void await_ready() const; // it says one byte
    void let_go() const;      // it waits for one byte

    std::string cgroup; // below the host's, "/machine.slice/c0/inner.service"
    Process facts;      // what the oracle knows of it

  private:
    int pid_, descriptor_;
};

class Town {
  public:
    // `probe`: path of the probe's executable. This process has a mount namespace of its own.
    Town(Cgroups& cgroups, const std::string& probe);
    ~Town();
    Town(const Town&) = delete;
    Town& operator=(const Town&) = delete;

    const Programs& programs() const { return programs_; }
    const std::vector<std::unique_ptr<Person>>& people() const { return people_; }
    const std::map<std::uint64_t, std::string>& containers() const { return containers_; }
    // The path behind each digest, as a helper that hashes files would know it.
    const std::map<std::string, std::string>& digests() const { return digests_; }

    // What passes inward from the flows' peers to servers of this person.
    ProbeReply inward(const Person& person, const std::vector<ProbeFlow>& flows) const;

  private:
    void make_wire();
    void make_programs();
    void make_people();
    void await_marker() const;

    Cgroups& cgroups_;
    std::string probe_, directory_;
    Programs programs_;
    std::vector<std::unique_ptr<Person>> people_;
    std::unique_ptr<Person> other_end_;
    std::map<std::uint64_t, std::string> containers_;
    std::map<std::string, std::string> digests_;
    int marker_ = -1;
};

} // namespace ringwall::oracle
