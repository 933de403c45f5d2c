// Every agent's session behind one door: which identity has which Session, whose deadline is next,
// what came of it. No I/O and no clock: a driver brings bytes and time, a listener hears the rest.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "control/fleet/session.h"

namespace ringwall::fleet {

// One connection's way out. Lives until Hub::disconnected().
class Output {
  public:
    virtual ~Output() = default;
    virtual void send(std::string bytes) = 0;
    virtual void close(const std::string& sentence) = 0; // after what was sent
};

// What the fleet tells. Called from inside the hub's functions, never two at once; the listener may
// call the hub from in here.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void greeted(const std::string& agent, const v1::Hello& hello) = 0;
    virtual void acked(const std::string& agent, v1::Half half, const v1::Holding& held) = 0;
    virtual void nacked(const std::string& agent, const v1::Nack& nack) = 0;
    virtual void ahead(const std::string& agent, v1::Half half, const v1::Holding& held) = 0;
    virtual void rolled_back(const std::string& agent, const v1::RolledBack& told) = 0;
    // Answer with Hub::flows_stored() or flows_failed(), in order, now or later.
    virtual void store_flows(const std::string& agent, std::uint64_t stream,
                             const v1::FlowBatch& batch, std::uint64_t lost) = 0;
    virtual void reported(const std::string& agent, const v1::HostReport& report) = 0;
    // What the agent saw of a staging, whole; it replaces what it said before.
    virtual void impact(const std::string& agent, const v1::Impact& impact) = 0;
    virtual void command_done(const std::string& agent, const v1::CommandResult& result) = 0;
    virtual void present(const std::string& agent, Presence presence) = 0;
    virtual void duplicate(const std::string& agent, const std::string& sentence) = 0;
};

// What is known of one agent now.
struct AgentState {
    Presence presence = Presence::silent;
    bool live = false;
    std::optional<std::chrono::milliseconds> last_heard; // on the hub's clock
    std::string peer;                                    // address of its connection, or the last
    std::string issuer;                                  // of the certificate that it showed there
    std::string agent_version, boot_id;
    std::uint64_t trust = 0;       // revision of the trust bundle that it holds; 0: unknown
    v1::Holding policy, inventory; // held, as far as is known
    bool unconfirmed = false;
    std::optional<v1::Nack> refused;           // the newest policy refusal, until one is accepted
    std::optional<v1::Nack> refused_inventory; // the same
    std::shared_ptr<const v1::HostReport> report;
    SessionStats stats;
};

class Hub {
  public:
    Hub(SessionOptions common, Listener& listener); // `common.identity` is not looked at
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    Hub(Hub&&) = delete;
    Hub& operator=(Hub&&) = delete;
    ~Hub();

    // Who may have a session. A known identity keeps what it has.
    void add(const std::string& agent, const SessionStart& start);
    // Ends its session and forgets it.
    void remove(const std::string& agent, v1::GoodbyeReason reason, const std::string& sentence);
    bool knows(std::string_view agent) const;
    const AgentState* state(std::string_view agent) const; // null: unknown
    std::map<std::string, const AgentState*> states() const;

    // For one agent; nothing happens where it is unknown.
    void offer_policy(const std::string& agent, ReleaseRef release,
                      std::chrono::seconds confirm_within);
    void offer_inventory(const std::string& agent, ReleaseRef release);
    void offer_both(const std::string& agent, input::OfferBoth offer);
    void confirm(const std::string& agent, std::uint64_t version);
    void roll_back(const std::string& agent, std::uint64_t version);
    void command(const std::string& agent, const v1::Command& command);
    void flows_stored(const std::string& agent, std::uint64_t stream, std::uint64_t through);
    void flows_failed(const std::string& agent, const std::string& sentence);
    void end_session(const std::string& agent, v1::GoodbyeReason reason,
                     const std::string& sentence);
    void stop(const std::string& sentence); // goodbye to all

    // The driver's side. False: nobody of that name is known, close the connection. `issuer`: who
    // issued the certificate that was shown.
    bool connected(const std::string& agent, ConnectionId connection, std::string peer,
                   std::shared_ptr<Output> output, std::string issuer = {});
    void received(const std::string& agent, ConnectionId connection, std::string_view bytes);
    void disconnected(const std::string& agent, ConnectionId connection);
    // Now, on a clock that never goes back: given before any of the other calls and when a deadline
    // is due. The next deadline comes out.
    void at(Time now);
    std::optional<Time> next_deadline() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::fleet
