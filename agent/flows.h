// Flow events of the kernel -> flow records with names. Pure: no I/O, no clock; names come from a
// Names object, wall time from an offset that the caller keeps.
//
// A record is small: what repeats (who, which program, which rules) is shared between records, so
// that 10,000 connections a second cost a few look-ups each and text is made only for readers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/ip.h"
#include "loader/datapath.h"

namespace ringwall::agent {

using Labels = std::map<std::string, std::string>;

// Who is at one end, as the policy knows it. All empty: an address nobody claims.
struct Party {
    std::string workload; // several claimants: "a, b"
    Labels labels;
    std::vector<std::string> lists;        // address lists that contain the address
    std::vector<Address> addresses;        // of a subject: stand in where the socket has none yet
    std::vector<std::uint32_t> identities; // numbers of the snapshot; several: claimed by several
    std::string json;                      // ready-made members for the JSON form, set by FlowTable
};

// "Web Server, Payments, Production, UK": role, app, env, loc, then others as key=value; the names
// of the address lists where there are no labels.
std::string context(const Party& party);

// The process at this host's end of a flow.
struct Program {
    std::string path;       // absolute; "[kernel]"; empty when unresolved
    std::string unit;       // cgroup path
    std::string service;    // the unit's short name, "named.service"
    std::string container;  // name
    std::string unresolved; // why there is no path
    bool deleted = false;   // the file was replaced or removed after the start
    std::string json;
};

// Why the verdict is what it is.
struct Decision {
    std::string reason;             // "allow", "no rule" ...
    std::vector<std::string> rules; // "ruleset/rule", the deciding one first
    std::string json;
};

// The service, else the container, else the basename; "" when nothing is known.
std::string shown(const Program& program);
// "/system.slice/named.service/x" -> "named.service"; "" when the path names no service.
std::string unit_name(std::string_view cgroup_path);

// What only the enforcer and the host know.
class Names {
  public:
    virtual ~Names() = default;
    virtual Party subject(std::uint32_t id) const = 0;
    virtual Party peer(std::uint32_t id, const Address& address) const = 0;
    virtual Decision decision(const loader::Event& event) const = 0;
    virtual Program program(const loader::Event& event) const = 0;
    virtual std::string user(std::uint32_t uid) const = 0;
};

// How a connection came to nothing. `reset` also by this end: it was closed while something that
// the peer sent had not been read, or was cut.
enum class Failure : std::uint8_t { none, refused, timed_out, reset };
// Of an end record; none: it ended in order, or is no TCP connection.
Failure failure_of(const loader::Event& event);
const char* name(Failure failure); // "refused", "timed-out", "reset"; "" for none

// The service's port; ICMP: type << 8 | code.
std::uint16_t service_port(const loader::Event& event);

struct Flow {
    std::uint64_t id = 0;
    // The latest event; counts are totals of the flow. Kind is the latest kind.
    loader::Event event;
    std::uint64_t total = 0;   // deny: how many attempts so far
    std::uint64_t version = 0; // policy version at the decision
    std::int64_t wall_ns = 0;  // wall clock of event.time_ns, since 1970
    std::int64_t began_ns = 0; // wall clock of the first event
    std::shared_ptr<const Party> local, peer;
    std::shared_ptr<const Program> program;
    std::shared_ptr<const Decision> decision;
    std::shared_ptr<const std::string> user;

    bool outward() const { return event.direction != loader::Direction::inbound; }
    const Party& source() const { return outward() ? *local : *peer; }
    const Party& destination() const { return outward() ? *peer : *local; }
    const Address& source_address() const { return outward() ? event.local : event.peer; }
    const Address& destination_address() const { return outward() ? event.peer : event.local; }
    std::uint16_t port() const; // the service's
    bool icmp() const { return event.protocol == 1 || event.protocol == 58; }
};

struct FlowStats {
    struct Key {
        loader::Verdict verdict;
        loader::Direction direction;
        std::uint8_t protocol;
        auto operator<=>(const Key&) const = default;
    };
    std::map<Key, std::uint64_t> flows; // started or denied, folded denies counted in full
    std::uint64_t events = 0, ended = 0;
};

// Recent flows: start, update, end and repeated denies of one flow are one record.
class FlowTable {
  public:
    explicit FlowTable(std::size_t capacity);

    // After a new policy: names and rules are asked again, records keep what they had.
    void policy_changed(std::uint64_t version);
    // Merges the event; the reference is valid until the next call.
    const Flow& observe(const loader::Event& event, const Names& names,
                        std::int64_t wall_offset_ns);

    const Flow* find(std::uint64_t id) const;
    // In the order in which the flows began.
    template <typename Visit>
    void each(Visit&& visit) const {
        for (std::size_t i = 0; i < ring_.size(); ++i)
            visit(ring_[(next_ + i) % ring_.size()]);
    }
    std::size_t size() const { return ring_.size(); }
    std::size_t capacity() const { return capacity_; }
    const FlowStats& stats() const { return stats_; }

  private:
    Flow& slot_for(const loader::Event& event, bool& fresh);
    void count(const loader::Event& event, bool fresh);
    void fill_names(Flow& flow, const loader::Event& event, const Names& names);

    std::size_t capacity_;
    std::size_t next_ = 0; // oldest, once the ring is full
    std::uint64_t version_ = 0;
    std::vector<Flow> ring_;
    std::vector<std::uint64_t> keys_; // of the ring's slots
    std::unordered_map<std::uint64_t, std::size_t> index_;
    std::unordered_map<std::uint64_t, std::shared_ptr<const Party>> subjects_, peers_;
    std::unordered_map<std::uint64_t, std::shared_ptr<const Program>> programs_;
    std::unordered_map<std::uint64_t, std::shared_ptr<const Decision>> decisions_;
    std::unordered_map<std::uint64_t, std::shared_ptr<const std::string>> users_;
    FlowStats stats_;
};

} // namespace ringwall::agent
