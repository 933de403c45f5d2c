// A controller without sockets: a real store in a directory, real keys, agents with their real
// state machine on the other end of the hub. Time is a number that the test moves.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/session.h"
#include "control/core/controller.h"
#include "tests/unit/scratch.h"

namespace ringwall::core_test {

using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;

class World;

// A host that was paired.
class Host : public fleet::Output, public std::enable_shared_from_this<Host> {
  public:
    Host(World& world, core::PairAnswer paired);

    void start(); // a new life of its agent, connected
    void stop();  // killed: the connection breaks, what is on its disk stays
    void cut();   // the connection breaks
    void connect();
    void tick();

    bool online() const { return connection_ != 0; }
    const v1::Policy& policy() const { return session_->policy()->policy; }
    bool has_policy() const { return session_ && session_->policy(); }
    const v1::Inventory& inventory() const { return session_->inventory()->inventory; }
    const std::string& name() const { return paired_.agent; }
    const core::PairAnswer& paired() const { return paired_; }
    // "rule id action direction: peers as labels", sorted: what it enforces in words.
    std::vector<std::string> rules() const;
    std::vector<std::string> staged_rules() const; // what it judges beside it
    void send_flows(v1::FlowSummary summary);
    void send_impact(const v1::Impact& impact); // on the wire, past its state machine
    void report(const v1::HostReport& report) { tell(agent::input::Report{report}); }

    bool renews = true;              // when it is told to
    std::string refuses;             // not empty: why it refuses every policy
    std::string refuses_staged;      // not empty: why it refuses those with a draft beside
    std::uint64_t messages = 0;      // policies and inventories it was given
    std::vector<std::string> order;  // "policy", "inventory", as they were applied
    std::vector<std::uint64_t> left; // versions it rolled back from
    v1::Cuts cuts;                   // what it says when it is asked for them
    v1::FindCuts asked_cuts;         // the last question

    void send(std::string bytes) override { incoming_ += bytes; }
    void close(const std::string&) override { closing_ = true; }

  private:
    friend class World;
    std::vector<std::string> rules_of(const v1::Policy& policy) const;
    bool carry(); // true: something moved
    void tell(const agent::Input& input);
    void act(const agent::Action& action, std::deque<agent::Input>& answers);
    void disconnected();
    agent::input::Renewed renew();
    std::string issuer() const; // of its certificate

    World& world_;
    core::PairAnswer paired_;
    pki::PublicKey signer_;
    agent::SessionStart disk_;
    std::unique_ptr<agent::Session> session_;
    std::uint64_t epoch_ = 0;
    fleet::ConnectionId connection_ = 0;
    std::string incoming_, outgoing_;
    bool closing_ = false;
    std::deque<v1::FlowBatch> spool_;
    std::uint64_t next_summary_ = 1;
};

class World : public core::FlowSink {
  public:
    World();

    void close(); // nobody has the store until open()
    void open();  // again: as after a kill of the controller
    core::Controller& controller() { return *controller_; }

    // Documents as one JSON text: an array, or one.
    core::Result<core::Changed> apply(const std::string& documents, bool dry_run = false,
                                      const std::string& key = "");
    core::Result<core::Changed> remove(const std::string& kind, const std::string& name);
    std::uint64_t provision(std::chrono::seconds confirm_within = {}); // must succeed
    std::shared_ptr<Host> pair(const std::string& name, const std::string& labels,
                               const std::string& address);
    store::Author me(const std::string& key = "") const;

    void settle();          // carries everything there is to carry
    void pass(Millis time); // and settles
    agent::Time now() const { return now_; }

    void take(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
              std::uint64_t lost) override;
    std::pair<std::uint64_t, std::uint64_t> through(const std::string& agent) override;

    std::map<std::string, std::shared_ptr<Host>> hosts;
    std::vector<core::Notice> notices;
    int authority_changes = 0; // that the controller told of
    agent::testing::Scratch scratch;
    Millis silent_grace{}; // of the next open()
    fleet::ConnectionId connections = 0;

  private:
    agent::Time now_ = 1h;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> flows_;
    std::unique_ptr<core::Controller> controller_;
};

} // namespace ringwall::core_test
