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
    Person(int pid, int descriptor) : x_pid(pid), x_descriptor(descriptor) {}
    ~Person();
    Person(const Person&) = delete;
    Person& operator=(const Person&) = delete;

    ProbeReply ask(Ask what, const std::vector<ProbeFlow>& flows) const;
    int pid() const { return x_pid; }
    void await_ready() const; // it says one byte
    void let_go() const;      // it waits for one byte

    std::string cgroup; // below the host's, "/machine.slice/c0/inner.service"
    Process facts;      // what the oracle knows of it

  private:
    int x_pid, x_descriptor;
};

class Town {
  public:
    // `probe`: path of the probe's executable. This process has a mount namespace of its own.
    Town(Cgroups& cgroups, const std::string& probe);
    ~Town();
    Town(const Town&) = delete;
    Town& operator=(const Town&) = delete;

    const Programs& programs() const { return x_programs; }
    const std::vector<std::unique_ptr<Person>>& people() const { return x_people; }
    const std::map<std::uint64_t, std::string>& containers() const { return x_containers; }
    // The path behind each digest, as a helper that hashes files would know it.
    const std::map<std::string, std::string>& digests() const { return x_digests; }

    // What passes inward from the flows' peers to servers of this person.
    ProbeReply inward(const Person& person, const std::vector<ProbeFlow>& flows) const;

  private:
    void make_wire();
    void make_programs();
    void make_people();
    void await_marker() const;

    Cgroups& x_cgroups;
    std::string x_probe, x_directory;
    Programs x_programs;
    std::vector<std::unique_ptr<Person>> x_people;
    std::unique_ptr<Person> x_other_end;
    std::map<std::uint64_t, std::string> x_containers;
    std::map<std::string, std::string> x_digests;
    int x_marker = -1;
};

} // namespace ringwall::oracle
