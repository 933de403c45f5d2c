// The policy of this host in the kernel: load, plan, apply, keep. Blocking, no event loop; the one
// place where snapshot, enforcer and datapath meet.
#pragma once

#include <chrono>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/digest.h"
#include "agent/enforcer.h"
#include "agent/host.h"
#include "agent/metrics.h"
#include "agent/options.h"
#include "agent/policy_source.h"
#include "loader/datapath.h"

namespace ringwall::agent {

enum class EnforcementErrc { host, policy, datapath };
using EnforcementError = BasicError<EnforcementErrc>;

struct SubjectState {
    std::string workload, mode, cgroup; // cgroup: as in the policy, empty for the host
    std::size_t rules = 0;
    Labels labels;
    std::vector<Address> addresses;
    bool missing = false; // its cgroup does not exist (yet)
};

struct PolicyState {
    std::string source;
    std::uint64_t version = 0, revision = 0; // version: the one that people know
    std::int64_t applied_ns = 0;             // wall clock; 0: never
    bool from_last_good = false;             // the source could not be read at the start
    std::string error;                       // of the newest load, empty when it was good
    std::int64_t error_ns = 0;
    std::vector<std::string> warnings;
    std::uint64_t loads = 0, failed_loads = 0;
    std::vector<SubjectState> subjects;
};

struct SeenTampering {
    loader::Tampering what;
    std::int64_t seen_ns = 0; // wall clock
};

struct TamperState {
    std::map<std::string, std::uint64_t> counts; // by loader::name()
    std::deque<SeenTampering> last;              // the newest few, oldest first
};

class Enforcement {
  public:
    // Everything up to "enforced": checks the host, opens or adopts, applies, attaches.
    static std::expected<std::unique_ptr<Enforcement>, EnforcementError>
    start(Options options, std::unique_ptr<PolicySource> source);

    // What the source has now. On error the running policy stays, and state().error says why.
    std::expected<void, EnforcementError> reload();
    // What somebody has for us; likewise.
    std::expected<void, EnforcementError> enforce(const v1::Snapshot& snapshot);
    // What only time brings: containers, subjects whose cgroup or namespaces appeared or changed.
    // True when names may have changed.
    bool refresh();
    // Looks for what somebody else changed in the kernel, puts it back and returns it; call it
    // twice a second.
    std::vector<SeenTampering> guard();
    // True, once, when a selector asks for containers and this cgroup has not been seen.
    bool is_new_cgroup(std::uint64_t cgroup);

    std::expected<void, EnforcementError> pause(std::chrono::seconds duration); // 0: resume
    std::expected<void, EnforcementError> detach();
    // What to hash for an event of kind exe; nullopt: not now. The file is open when its process
    // still runs; else it has to be found by its path, which is empty when that is not this host's.
    struct Program {
        loader::Event event;
        Fd file;
        std::string path;
    };
    using Digest = std::expected<std::string, DigestError>;
    std::optional<Program> program_of(const loader::Event& event);
    // Reads the whole file; the one function here that any thread may call.
    Digest hash(Program& program, const std::stop_token& stop) const;
    void learn(const Program& program, const Digest& digest);
    // After losing events: programs whose digest is not known are asked for again.
    void ask_again();
    bool end_socket(const loader::Event& event); // false: it lives on

    const PolicyState& state() const { return state_; }
    const Options& options() const { return options_; }
    const Enforcer& enforcer() const { return *enforcer_; }
    loader::Datapath& datapath() const { return *datapath_; }
    v1::Snapshot snapshot() const; // what is enforced
    const ApplyTimes& apply_times() const { return apply_times_; }
    const TamperState& tampering() const { return tampering_; }
    std::uint64_t ended_sockets() const { return ended_sockets_; }
    std::uint64_t digests() const { return digests_; }
    bool refuses() const { return refuses_; }
    const std::vector<std::string>& notes() const { return notes_; } // what this host cannot do
    std::string unit_root() const;
    const std::string& cgroup_mount() const { return mount_; } // of cgroup v2

  private:
    Enforcement(Options options, std::unique_ptr<PolicySource> source);
    using Done = std::expected<void, EnforcementError>;
    Done check_host();
    Done open();
    Done first_policy();
    Done attach();
    Done load_and_apply();
    Done accept(const v1::Snapshot& snapshot);
    Done apply(const v1::Snapshot& snapshot);
    void remember(const v1::Snapshot& snapshot);
    void refuse(const std::string& why);
    NodeContext node();
    std::optional<std::string> directory_of(const std::string& cgroup);
    loader::Root root_for(const std::string& directory);
    IsProgram is_program(const loader::Event& event) const;
    void rewrite(std::vector<loader::Tampering>& found);
    bool refresh_containers();
    bool refresh_subjects();
    bool refresh_clock();

    struct Place {
        loader::Root root;
        std::uint64_t cgroup = 0;
    };
    Options options_;
    std::unique_ptr<PolicySource> source_;
    std::string mount_; // of cgroup v2
    std::unique_ptr<loader::Datapath> datapath_;
    std::optional<Enforcer> enforcer_;
    std::string running_; // framed snapshot: parsed again when asked for, which is rare
    PolicyState state_;
    TamperState tampering_;
    ApplyTimes apply_times_;
    std::vector<std::string> notes_;
    std::map<std::string, Place> places_; // of the subjects' directories, as planned
    std::string hidden_;                  // a directory that was made anew: planned away first
    std::map<std::uint64_t, std::string> containers_;
    std::set<std::uint64_t> asked_; // cgroups of events that are not below ours, or gone
    bool wants_containers_ = false, refuses_ = true;
    Questions questions_;
    std::uint64_t ended_sockets_ = 0, digests_ = 0;
    std::int64_t clock_offset_ns_ = wall_minus_boot_ns(); // as rules that end were compiled with
};

} // namespace ringwall::agent
