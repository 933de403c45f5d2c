// The narrow door to the kernel: open or adopt pinned maps, attach programs, apply a delta, read
// counters, drain events. Plain C++ types; nothing of libbpf or bpf/abi.h shows through.
//
// All ids (subject, peer, class, rule set, entry, selector) are local to this node.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/ip.h"

namespace ringwall::loader {

enum class Errc {
    unsupported, // this kernel or host lacks something that is needed
    permission,  // a capability is missing
    in_use,      // another agent owns the pins
    load_failed, // the verifier or libbpf refused
    attach_failed,
    too_large,    // the policy does not fit; nothing was changed
    apply_failed, // a map write failed; what was written was taken back
    io,
};
using Error = BasicError<Errc>;
template <typename T>
using Result = std::expected<T, Error>;

// ---- what is written -------------------------------------------------------------------------

enum class Mode : std::uint8_t { idle, visibility, selective, full };
enum class Attribute : std::uint8_t { path, name, unit, container, user, group, digest };
constexpr std::size_t attribute_count = 7;

// What a path selector needs to hold: see bpf/abi.h, rw_subject.
struct Root {
    std::uint32_t user_ns = 0; // inode number of /proc/PID/ns/user
    std::uint32_t device = 0;  // MAJOR<<20|MINOR of the root mount (mountinfo field 3)
    std::uint64_t inode = 0;   // 0 when the mount's root is the file system's root
    bool operator==(const Root&) const = default;
};

struct Subject {
    std::uint32_t id = 0;
    std::string cgroup; // absolute directory, for example /sys/fs/cgroup/system.slice
    Mode mode = Mode::visibility;
    std::uint32_t rule_set = 0;
    std::uint32_t staged = 0; // a rule set that is judged beside and decides nothing; 0: none
    bool loopback_events = false;
    Root root;
    std::vector<Address> local; // own addresses, for packets the kernel makes itself
};

struct ClassRef {
    std::uint32_t id = 0;
    std::uint32_t out_lengths = 0; // bit n: entries with an n-bit port prefix; bit 17: any protocol
    std::uint32_t in_lengths = 0;
};

struct RuleSetRow {
    std::uint32_t id = 0;
    std::array<std::uint64_t, attribute_count> unconstrained; // selectors without that part
    ClassRef unknown;                                         // class of unknown peers
};

struct AttributeRow {
    std::uint32_t rule_set = 0;
    Attribute attribute = Attribute::path;
    std::uint64_t value = 0; // path_id(...), uid, gid, cgroup id, digest id
    std::uint64_t selectors = 0;
};

struct ClassRow {
    std::uint32_t rule_set = 0;
    std::uint32_t peer = 0;
    ClassRef cls;
};

// Until then this is allowed too. CLOCK_BOOTTIME, so that it ends at its time after a sleep.
struct Segment {
    std::uint64_t ends_ns = 0;
    std::uint64_t allow = 0; // selector set
    bool any_allow = false;
    bool operator==(const Segment&) const = default;
};
constexpr std::size_t most_segments = 8;

struct EntryRow {
    std::uint32_t rule_set = 0;
    std::uint32_t cls = 0;
    bool inbound = false;
    bool any_protocol = false;
    std::uint8_t protocol = 0;
    std::uint8_t length = 0; // port prefix length, 0..16
    std::uint16_t port = 0;  // top `length` bits
    std::uint32_t id = 0;
    std::uint64_t override_deny = 0, allow = 0, deny = 0; // selector sets
    bool any_failsafe = false, any_override_deny = false, any_allow = false, any_deny = false;
    std::vector<Segment> segments; // by rising time, at most most_segments
};

struct PeerRow {
    Prefix prefix;
    std::uint32_t peer = 0;
};

// One step from one consistent policy to the next, written in an order that never shows half a
// policy: classes into live rule sets, new rule sets, addresses, subjects (the flip), generation,
// removal of what is no longer used. Fails whole.
struct Delta {
    std::vector<RuleSetRow> rule_sets;    // new ones
    std::vector<AttributeRow> attributes; // of new rule sets, or newly resolved values of live ones
    std::vector<EntryRow> entries;
    std::vector<ClassRow> classes;
    std::vector<PeerRow> peers; // added or replaced
    std::vector<Prefix> removed_peers;
    std::vector<Subject> subjects; // added or replaced; an equal id is replaced by one write
    std::vector<std::uint32_t> removed_subjects;
    bool raise_generation = false;
    bool raise_epoch = false; // attributes of live rule sets were added
    // When set: rule sets outside this list, and peers and subjects that this delta does not name,
    // are removed afterwards (after adopting maps whose history is not known).
    bool complete = false;
    std::vector<std::uint32_t> dead_rule_sets; // removed after the flip
    std::vector<std::uint32_t> dead_peers;     // their class rows are removed from live rule sets
    std::uint64_t policy_version = 0;
};

// ---- what is read ----------------------------------------------------------------------------

enum class EventKind : std::uint8_t { start = 1, update, end, deny, exe };
enum class Sweep : std::uint8_t { begun, all };
enum class Verdict : std::uint8_t { none, allowed, would_block, unmatched, blocked };
enum class Direction : std::uint8_t { none, outbound, inbound };
const char* name(Verdict);
const char* reason_name(std::uint8_t reason);
constexpr std::uint8_t reason_allow = 1; // an allow rule matched
constexpr std::uint8_t reason_idle = 11; // nothing is judged
// Why path, name and digest of an event's process do not hold ("" when they do).
std::string unresolved_reason(std::uint32_t owner_flags);
bool was_replaced(std::uint32_t owner_flags); // its file was deleted or replaced after the start

struct Event {
    EventKind kind = EventKind::start;
    Verdict verdict = Verdict::none;
    Direction direction = Direction::none;
    std::uint8_t reason = 0; // reason_name()
    std::uint8_t protocol = 0;
    bool refused = false;                      // refused at connect or sendmsg
    bool revoked = false;                      // was allowed before
    std::uint64_t time_ns = 0, started_ns = 0; // monotonic
    std::uint64_t cookie = 0;
    Address local, peer;
    std::uint16_t local_port = 0, peer_port = 0; // ICMP: peer_port is type << 8 | code
    std::uint64_t out_bytes = 0, in_bytes = 0;
    std::uint32_t out_packets = 0, in_packets = 0;
    std::uint64_t exe = 0, unit = 0, netns = 0, cgroup = 0, process_start_ns = 0, digest = 0;
    std::uint32_t pid = 0, uid = 0, owner_flags = 0;
    std::uint32_t subject = 0, peer_id = 0, entry = 0, rule_set = 0;
    std::uint64_t sure = 0, maybe = 0;
    std::uint32_t srtt_us = 0, retransmits = 0;
    std::uint32_t count = 1;    // deny: how many this stands for
    std::uint8_t tcp_state = 0; // end of TCP: before CLOSE
    std::uint8_t error = 0;     // end of TCP: errno that the socket's owner is told; 0: none
};

// What a staged rule set would change for connections that agree in everything but address and
// time, counted since it was staged.
struct Impact {
    enum class Change : std::uint8_t { none, blocks, allows }; // none: all that stays as it is
    Change change = Change::none;
    std::uint32_t staged = 0, staged_entry = 0; // rule set and entry that would decide
    std::uint8_t staged_reason = 0;             // reason_name()
    std::uint64_t staged_sure = 0, staged_maybe = 0;
    std::uint64_t principal = 0; // names the process' attributes
    std::uint64_t count = 0;
    Event connection; // as it was decided; the last one's address; time and started: last, first
};

struct ExeText {
    std::string path; // absolute, as its mount namespace sees it; empty when unresolved
    bool deleted = false;
    std::string unresolved; // why, empty when resolved
};

struct MapUse {
    std::string name;
    std::uint64_t entries = 0, limit = 0;
};

struct Counters {
    std::map<std::string, std::uint64_t> hook_slow_runs;                   // by hook
    std::map<std::string, std::uint64_t> offered, submitted, folded, lost; // by event kind
    std::uint64_t delivered = 0; // events handed to drain()'s callback since open
    std::map<std::string, std::uint64_t> verdicts, reasons, faults;
    std::uint64_t dropped_packets = 0, unresolved = 0, refused = 0;
    std::vector<MapUse> maps;
};

struct Attachment {
    std::string hook;
    bool attached = false;
    std::string note; // why not, when not
};

// What somebody else did to what this agent put into the kernel.
struct Tampering {
    enum class What { link_detached, link_unpinned, map_unpinned, map_written, control_written };
    What what;
    std::string where; // hook or map
    bool repaired = false;
    std::string why_not; // when it was not
};
const char* name(Tampering::What);

struct Feature {
    std::string name;
    bool present = false;
    bool required = false;
    std::string note; // what is missing without it, and what to do
};

// What this host offers, before anything is attached or loaded for good.
std::vector<Feature> probe_features();
// The cgroup v2 mount point from /proc/self/mountinfo (hybrid hosts mount it elsewhere).
Result<std::string> cgroup2_mount();
// inode number of the directory = cgroup id.
Result<std::uint64_t> cgroup_id(const std::string& directory);
// Mounts bpffs at `directory` when nothing of that kind is mounted there.
Result<void> ensure_bpffs(const std::string& directory);

struct Limits {
    std::uint32_t peers = 1'000'000; // per address family
    std::uint32_t prefixes = 262'144;
    std::uint32_t classes = 2'000'000;
    std::uint32_t entries = 524'288;
    std::uint32_t subjects = 4'096;
    std::uint32_t ring_bytes = 8u << 20; // power of two
};

struct Options {
    std::string cgroup;  // where programs are attached; a directory of the cgroup v2 tree
    std::string pin_dir; // a directory on bpffs, owned by one agent
    Limits limits;
    bool refuse_connect = true; // refuse in connect/sendmsg (no address translation on this host)
    std::vector<Prefix> service_ranges; // translated addresses: never refused there
};

class Datapath {
  public:
    // Adopts what is pinned in options.pin_dir when its ABI version matches, else starts anew.
    static Result<std::unique_ptr<Datapath>> open(Options options);
    // Destroying detaches nothing: links and maps stay pinned.
    virtual ~Datapath() = default;

    virtual bool adopted() const = 0;
    // Attaches all hooks, or swaps the programs of adopted links without a gap.
    virtual Result<void> attach() = 0;
    virtual std::vector<Attachment> attachments() const = 0;
    virtual bool root_attached() const = 0; // sees packets that the kernel makes itself
    // Removes links, pins and maps.
    virtual Result<void> detach() = 0;
    // Looks for tampering; call it twice a second after attach(). Links, pins and the control block
    // are put back at once. Policy maps are gone over in turn, 65,536 rows a call; a foreign write
    // there is not taken back here: apply() a complete policy then.
    virtual std::vector<Tampering> look_for_tampering() = 0;

    virtual Result<void> apply(const Delta& delta) = 0;
    // Highest ids in adopted maps, so that new ones never collide.
    struct Highest {
        std::uint32_t peer = 0, rule_set = 0, cls = 0, entry = 0, subject = 0;
    };
    virtual Result<Highest> highest() const = 0;
    virtual std::map<std::uint32_t, Subject> live_subjects() const = 0; // cgroup path left empty
    virtual std::map<Prefix, std::uint32_t> live_peers() const = 0;

    // Keyed hash of an absolute path as the kernel computes it ("/usr/sbin/named"; a cgroup path
    // "/system.slice/named.service" likewise). The key is made once per boot and kept with the
    // pins.
    virtual std::uint64_t path_id(std::string_view absolute_path) const = 0;
    virtual std::uint64_t name_id(std::string_view basename) const = 0;

    // A file descriptor that becomes readable when events wait (batched).
    virtual int event_fd() const = 0;
    // Hands every waiting event over; returns how many.
    virtual std::size_t drain(const std::function<void(const Event&)>& sink) = 0;
    // Folded denies since the last call, one Event of kind deny with count each.
    virtual std::size_t drain_folds(const std::function<void(const Event&)>& sink) = 0;
    // Everything that staged rule sets would change, so far.
    virtual std::vector<Impact> impacts() const = 0;
    // TCP connections that began since the last sweep and still live (kind start: the kernel itself
    // sends one record a connection, its end); with Sweep::all also every older flow (kind update)
    // and ended UDP flows (kind end).
    virtual std::size_t sweep(Sweep which, const std::function<void(const Event&)>& sink) = 0;

    virtual ExeText exe(std::uint64_t id) const = 0;
    virtual std::string unit(std::uint64_t id) const = 0; // cgroup path, empty when unknown
    virtual Counters counters() const = 0;
    virtual std::uint32_t generation() const = 0;

    // Everything passes (as would-block) until then, by the kernel's clock; 0 resumes at once.
    virtual Result<void> pause_until(std::uint64_t monotonic_ns) = 0;
    virtual std::uint64_t paused_until() const = 0;

    // Sockets that existed before: writes owner and direction by descriptor, never over a value
    // the kernel wrote. Scans /proc for processes below the attached cgroup. Returns how many.
    virtual Result<std::size_t> backfill() = 0;
    // Ends a revoked TCP connection or connected UDP socket at both ends (needs its owner's netns).
    virtual Result<void> end_socket(const Event& event) = 0;
    // Is this open regular file (O_PATH will do) the one that the event's process was started from,
    // unchanged? By inode, device and change time; false where stat does not say what the kernel
    // knows (overlays over several file systems). May be called on any thread.
    virtual bool is_program(int file, const Event& event) const = 0;
    // Digest of the file behind `exe` event: makes sha256 selectors sure.
    virtual Result<void> set_digest(const Event& exe_event, std::uint64_t digest_id) = 0;
};

} // namespace ringwall::loader
