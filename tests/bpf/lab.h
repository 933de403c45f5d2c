// Two ends of a wire for datapath tests, all of it made and removed by the test:
//
//   this process                         a child process
//   netns "here"  10.99.0.1  fd99::1 ──veth── 10.99.0.2  fd99::2  netns "there"
//   cgroup  <v2>/rw-lab-PID/host  (judged)      cgroup <v2>/rw-lab-PID/peer (not judged)
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "loader/datapath.h"

namespace ringwall::test {

constexpr std::uint32_t the_subject = 1;
constexpr const char* here4 = "10.99.0.1";
constexpr const char* there4 = "10.99.0.2";
constexpr const char* here6 = "fd99::1";
constexpr const char* there6 = "fd99::2";
constexpr const char* stranger4 = "10.99.0.77";

// One rule of a test, close to how a person would say it.
struct Says {
    enum Action { allow, deny, override_deny, failsafe } action = allow;
    loader::Direction direction = loader::Direction::outbound;
    std::uint8_t protocol = 6; // 0 with length 0 and `any_protocol`: any
    std::uint16_t port = 0;
    std::uint8_t length = 16;
    bool any_protocol = false;
    std::uint64_t selectors = 0; // 0: any process
    std::uint64_t ends = 0;      // CLOCK_BOOTTIME; allow only; 0: it stays. One end a port
};

class Lab {
  public:
    static Lab& the(); // made on first use, removed at exit
    ~Lab();

    loader::Datapath& datapath() { return *datapath_; }
    const std::string& cgroup() const { return host_; }

    // Makes the rules the whole policy: peers are `there` (both families), class 1; everybody else
    // is unknown and gets `unknown_rules`.
    void policy(loader::Mode mode, const std::vector<Says>& rules,
                const std::vector<Says>& unknown_rules = {});
    // With another set of rules for the same peers that is only judged beside.
    void policy_and_staged(loader::Mode mode, const std::vector<Says>& rules,
                           const std::vector<Says>& staged);
    std::vector<loader::Impact> impacts() const { return datapath_->impacts(); }
    // Selector n of the present policy: attribute == value. Call before policy().
    void selector(unsigned n, loader::Attribute attribute, std::uint64_t value);
    void clear_selectors();

    // Runs the ingress or egress program on a packet (starting at its IP header).
    // 1 passes, 0 drops. `device` 0: the veth, 1: loopback.
    int run(loader::Direction direction, const std::vector<std::uint8_t>& packet, int device = 0);

    // Runs `work` in a child on the other end (its network namespace, unjudged cgroup); returns
    // the child's exit status when waited for.
    class Other {
      public:
        explicit Other(int pid) : pid_(pid) {}
        Other(Other&& o) noexcept : pid_(std::exchange(o.pid_, -1)) {}
        ~Other();
        int wait();
        int pid() const { return pid_; }

      private:
        int pid_;
    };
    Other there(const std::function<int()>& work);
    // The same on this side, in a cgroup below the judged one ("" = the judged one itself).
    Other here(const std::function<int()>& work, const std::string& unit = "");

    std::vector<loader::Event> events(); // all that wait now
    // Connections that began since the last call and still live; with `all` every other, too.
    std::vector<loader::Event> sweep(loader::Sweep which = loader::Sweep::begun);
    // What the kernel keeps of a socket of this process: in socket storage or in the nursery.
    rw_socket storage(int socket) const;
    bool has_storage(int socket) const;       // socket storage
    rw_slot slot(std::uint64_t cookie) const; // of the nursery, whoever has it
    std::optional<rw_slot> slot_of(int socket) const;
    void fill_nursery(); // with what is somebody else's
    void empty_nursery();
    rw_principal principal(std::uint64_t id) const;

  private:
    Lab();
    void make_wire();
    void make_cgroups();
    int program(const char* name) const;
    void write_nursery(std::uint64_t cookie) const;
    void make();
    void clean();
    std::uint32_t add_rule_set(loader::Delta& delta, const std::vector<Says>& rules,
                               const std::vector<Says>& unknown_rules);
    void apply(loader::Delta delta, loader::Mode mode, std::uint32_t rule_set,
               std::uint32_t staged);
    int spawn(const std::function<int()>& work, const std::string& cgroup, bool other_side);

    std::string top_, host_, peer_, bpffs_;
    int holder_ = -1, ifindex_ = 0;
    std::unique_ptr<loader::Datapath> datapath_;
    std::vector<std::tuple<unsigned, loader::Attribute, std::uint64_t>> selectors_;
    std::uint32_t rule_set_ = 0;
};

} // namespace ringwall::test
