// The agent's side of the session with its controller, as a state machine: inputs in, actions out.
// No I/O, no clock, no globals. The driver does the actions in order and reports what came of them.
//
//   idle -Start-> connecting -Connected-> greeting -Welcome-> live
//                     ^                      |                 |
//                     +---- waiting <--------+--- Disconnected-+      (jittered, exponential)
//
// Promises:
//  - Only a policy with a good signature and a version above the held one is ever applied. There is
//    no way to send an older one: rolling back is a new version, or RollBack within the time of
//    commit-confirmed, back to what the agent kept itself.
//  - A version that waits for its Confirm is left again in time, connected or not.
//  - A flow batch is sent until it is acknowledged, at most `flow_window` of them at once.
//  - Every wait has a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/proto/policy.pb.h"
#include "control/proto/session.pb.h"

namespace ringwall::agent {

// Since a fixed point of a clock that never goes back and counts sleep (CLOCK_BOOTTIME).
using Time = std::chrono::milliseconds;

struct HeldPolicy {
    v1::SignedPolicy envelope; // as the controller signed it; what belongs on the disk
    v1::Policy policy;
    v1::Holding holding;
};
struct HeldInventory {
    v1::Inventory inventory;
    v1::Holding holding;
};
using PolicyRef = std::shared_ptr<const HeldPolicy>; // null: none was ever held
using InventoryRef = std::shared_ptr<const HeldInventory>;

// Says whether the signature is good and its key is the pinned one.
using Verifier = std::function<bool(const v1::SignedPolicy&)>;

struct SessionOptions {
    std::string identity, agent_version, boot_id;
    std::uint64_t epoch = 1; // higher than at the last start
    std::vector<std::string> capabilities;
    Verifier verify;
    std::uint64_t seed = 1; // of the jitter
    Time connect_timeout = std::chrono::seconds(10);
    Time hello_timeout = std::chrono::seconds(10);
    Time flow_ack_timeout = std::chrono::seconds(30);
    Time first_retry = std::chrono::seconds(1), longest_retry = std::chrono::seconds(60);
    Time steady_after = std::chrono::seconds(30); // ended by the controller sooner, waits grow on
    int missed_heartbeats = 3;                    // then the controller counts as gone
};

// What the last run left on the disk.
struct SessionStart {
    PolicyRef policy;
    InventoryRef inventory;
    PolicyRef last_confirmed;        // with confirm_by
    std::optional<Time> confirm_by;  // `policy` waits for its Confirm until then
    std::uint64_t rolled_back = 0;   // RollBackTo::left of the last time, 0: none
    std::uint64_t flow_stream = 0;   // of the spool
    std::uint64_t flows_through = 0; // acknowledged
    std::uint64_t trust = 0;         // revision of the trust bundle; 0: unknown
};

namespace input {
struct Start {};
struct Connected {};    // TLS is up, both certificates are good
struct Disconnected {}; // or the attempt failed
struct Received {
    std::string_view bytes; // a chunk of the stream, cut anywhere
};
struct Tick {}; // the time of SetTimer has come; earlier does no harm
// Answers to ApplyPolicy and ApplyInventory: enforced and on the disk; or nothing changed.
struct Applied {
    v1::Half half;
    std::uint64_t version;
};
struct Refused {
    v1::Half half;
    std::uint64_t version;
    std::string sentence;
};
struct FlowsQueued {}; // the spool has something new
struct Flows {         // answer to ReadFlows
    std::uint64_t after;
    std::optional<v1::FlowBatch> batch; // nullopt: nothing behind `after`
};
struct Report {
    v1::HostReport report;
};
struct Impact {
    v1::Impact impact;
};
struct CommandDone {
    v1::CommandResult result;
};
struct Renewed { // there is a new certificate: the next connection shows it, and comes at once
    std::uint64_t trust; // revision of the trust bundle that came with it
};
struct Stop { // says goodbye; no more attempts
    std::string sentence;
};
} // namespace input
using Input =
    std::variant<input::Start, input::Connected, input::Disconnected, input::Received, input::Tick,
                 input::Applied, input::Refused, input::FlowsQueued, input::Flows, input::Report,
                 input::Impact, input::CommandDone, input::Renewed, input::Stop>;

namespace action {
struct Connect {};
struct Send {
    std::string bytes;
};
struct Close { // after what was sent; answer: Disconnected
    std::string sentence;
};
// Enforce and keep; with confirm_within also keep the last confirmed one, and the deadline counted
// from Applied. Answer: Applied or Refused.
struct ApplyPolicy {
    PolicyRef policy;
    std::chrono::seconds confirm_within{}; // 0: final
};
struct ApplyInventory {
    InventoryRef inventory;
};
struct Confirmed { // the version is final: the deadline and the last confirmed one may be forgotten
    std::uint64_t version;
};
// No answer is expected and none of it may be refused: it was enforced before.
struct RollBackTo {
    PolicyRef policy; // null: there was none before
    std::uint64_t left;
};
struct ReadFlows { // the first batch with numbers behind `after`; answer: Flows
    std::uint64_t after;
};
struct ForgetFlows { // stored at the controller up to here
    std::uint64_t through;
};
struct RunCommand { // answer: CommandDone
    v1::Command command;
};
struct SetTimer { // replaces the one before
    Time at;
};
} // namespace action
using Action =
    std::variant<action::Connect, action::Send, action::Close, action::ApplyPolicy,
                 action::ApplyInventory, action::Confirmed, action::RollBackTo, action::ReadFlows,
                 action::ForgetFlows, action::RunCommand, action::SetTimer>;

enum class SessionState { idle, connecting, greeting, live, closing, waiting, stopped };
const char* name(SessionState);

struct SessionStats {
    std::uint64_t connections = 0, unknown_messages = 0, policies = 0, refused_policies = 0;
    std::uint64_t roll_backs = 0, flow_batches = 0;
    std::string last_trouble; // why the last connection ended
};

class Session {
  public:
    Session(SessionOptions options, const SessionStart& start);
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    std::vector<Action> resume(const Input& input, Time now);

    SessionState state() const;
    const SessionStats& stats() const;
    PolicyRef policy() const; // what is enforced
    InventoryRef inventory() const;
    std::optional<Time> confirm_by() const;

  private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

} // namespace ringwall::agent
