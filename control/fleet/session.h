// The controller's side of the session with one agent, as a state machine: inputs in, actions out.
// No I/O, no clock, no globals. One object for each agent identity; it outlives connections, so
// what the agent holds, which flows are stored and when it was last heard are known across them.
//
// Promises:
//  - Each half has one version outstanding. What is offered meanwhile replaces what was offered
//    before: after the answer the newest goes out, as a delta when what the agent holds is still
//    known here and the delta is smaller, else as a snapshot.
//  - What was offered together goes out together, and what was offered earlier in one half goes out
//    before what was offered later in the other.
//  - A version that the agent refused, or left because no Confirm came, is not sent again.
//  - Each flow summary is handed to StoreFlows once, whatever is cut and sent again.
//  - Of two connections of one identity the one with the higher epoch lives.
//  - What waits here is bounded: one message a half, flow_window batches, max_commands commands.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/proto/session.pb.h"

namespace ringwall::fleet {

// Since a fixed point of a clock that never goes back.
using Time = std::chrono::milliseconds;
using ConnectionId = std::uint64_t; // the driver's, never used twice

// One state of one half.
struct Release {
    std::uint64_t version = 0;     // Policy.version or Inventory.revision
    std::string content;           // wire::canonical() of it
    std::string hash;              // wire::content_hash(content)
    std::string key_id, signature; // policy only
};
using ReleaseRef = std::shared_ptr<const Release>; // agents share equal ones

enum class Presence { silent, late, online };
const char* name(Presence);

struct SessionOptions {
    std::string identity; // of the agent, as in its certificate
    std::string controller_version;
    std::vector<std::string> capabilities;
    std::chrono::seconds heartbeat{10};
    Time late_after = std::chrono::seconds(25), silent_after = std::chrono::seconds(60);
    Time hello_timeout = std::chrono::seconds(10), ack_timeout = std::chrono::seconds(60);
    Time command_timeout = std::chrono::seconds(60);
    Time question_timeout = std::chrono::seconds(5); // of those that somebody waits for: FindCuts
    std::uint32_t flow_window = 8;
    std::size_t history = 4; // releases of a half kept for deltas, the newest included
    std::size_t max_commands = 16;
    // Who listens offers anew at each Greeted: what was offered before may have been overtaken
    // while the agent was away, and is not sent.
    bool offers_lapse = false;
};

// What the store remembers of this agent.
struct SessionStart {
    v1::Holding policy, inventory; // last acknowledged
    std::uint64_t confirmed = 0;   // highest version that was confirmed
    std::uint64_t flow_stream = 0, flows_through = 0;
};

namespace input {
struct Connected { // TLS is up, the certificate is this agent's
    ConnectionId connection;
};
struct Disconnected {
    ConnectionId connection;
};
struct Received {
    ConnectionId connection;
    std::string_view bytes; // a chunk of the stream, cut anywhere
};
struct Tick {};
struct OfferPolicy { // of a version above those before
    ReleaseRef release;
    std::chrono::seconds confirm_within{}; // 0: final
};
struct OfferInventory {
    ReleaseRef release;
};
struct OfferBoth { // that belong together
    ReleaseRef policy;
    std::chrono::seconds confirm_within{};
    ReleaseRef inventory;
    bool inventory_first = false; // on the wire
};
struct Confirm { // the version is good: agents keep it. Also when they come back later
    std::uint64_t version;
};
struct RollBack { // the version is withdrawn; agents that wait for its Confirm leave it now
    std::uint64_t version;
};
struct FlowsStored { // durable
    std::uint64_t stream, through;
};
struct FlowsFailed { // not stored, and nothing behind it: the agent sends again later
    std::string sentence;
};
struct SendCommand { // answer: CommandDone
    v1::Command command;
};
struct End { // goodbye to every connection
    v1::GoodbyeReason reason;
    std::string sentence;
};
} // namespace input
using Input = std::variant<input::Connected, input::Disconnected, input::Received, input::Tick,
                           input::OfferPolicy, input::OfferInventory, input::OfferBoth,
                           input::Confirm, input::RollBack, input::FlowsStored, input::FlowsFailed,
                           input::SendCommand, input::End>;

namespace action {
struct Send {
    ConnectionId connection;
    std::string bytes;
};
struct Close { // after what was sent; answer: Disconnected
    ConnectionId connection;
    std::string sentence;
};
struct Greeted { // the agent is live, and this is what it said of itself
    v1::Hello hello;
};
struct Acked { // what the agent holds now
    v1::Half half;
    v1::Holding held;
};
struct Nacked { // `held` is still what it was
    v1::Nack nack;
};
// The agent holds a higher version than the newest that was offered: the store is from a backup, or
// what came in an earlier session was applied in this one. Raise the counter above it, and offer.
struct Ahead {
    v1::Half half;
    v1::Holding held;
};
struct RolledBack {
    v1::RolledBack told;
};
struct StoreFlows { // answer: FlowsStored or FlowsFailed, in order
    std::uint64_t stream;
    v1::FlowBatch batch;
    std::uint64_t lost; // summaries that the agent lost before this batch
};
struct Reported {
    v1::HostReport report;
};
struct ImpactSeen { // of any staging: whether it is the present one is the listener's to know
    v1::Impact impact;
};
struct CommandDone {
    v1::CommandResult result; // also: not sent, cut off, timed out
};
struct Present {
    Presence presence;
};
struct Duplicate { // two hosts use this identity (a cloned image)
    std::string sentence;
};
struct SetTimer { // replaces the one before
    Time at;
};
} // namespace action
using Action = std::variant<action::Send, action::Close, action::Greeted, action::Acked,
                            action::Nacked, action::Ahead, action::RolledBack, action::StoreFlows,
                            action::Reported, action::ImpactSeen, action::CommandDone,
                            action::Present, action::Duplicate, action::SetTimer>;

struct SessionStats {
    std::uint64_t connections = 0, unknown_messages = 0, snapshots = 0, deltas = 0, nacks = 0;
    std::uint64_t flow_summaries = 0, flow_duplicates = 0, flows_folded = 0, flows_lost = 0;
    std::uint64_t flow_overlaps = 0; // batches of which a part had come before
};

class Session {
  public:
    Session(SessionOptions options, SessionStart start);
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    std::vector<Action> resume(const Input& input, Time now);

    bool live() const;
    Presence presence() const;
    const SessionStats& stats() const;
    const v1::Holding& held(v1::Half half) const; // last known
    bool unconfirmed() const;                     // the held policy waits for its Confirm

  private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

} // namespace ringwall::fleet
