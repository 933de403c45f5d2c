// The session with the controller on this host: a thin driver of agent::Session. Bytes come from a
// Connection, time from CLOCK_BOOTTIME, what is held goes to Held, flows come from the Spool, and
// the rest is asked of a LinkHost. One event loop; what it does on the disk blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/connection.h"
#include "agent/credentials.h"
#include "agent/halves.h"
#include "agent/held.h"
#include "agent/session.h"
#include "agent/spool.h"

namespace ringwall::agent {

// What the link asks of the host it runs on.
class LinkHost {
  public:
    virtual ~LinkHost() = default;
    // On an error what was enforced stays; the sentence goes to the controller.
    virtual std::expected<void, std::string> enforce(const v1::Snapshot& snapshot) = 0;
    virtual void enforce_nothing() = 0;
    // Fills ok, sentence and content. The result has gone out before `afterwards` is called.
    virtual v1::CommandResult run(const v1::Command& command,
                                  std::function<void()>& afterwards) = 0;
};

// For status and metrics. Times are wall clock, ns since 1970; 0: never, none.
struct LinkState {
    SessionState session = SessionState::idle;
    std::int64_t since_ns = 0; // of that
    std::string endpoint;      // connected to, or connected to last
    std::string trouble;       // why there is no session, or why the last one ended
    std::string refused;       // why the host did not take what came last; empty: it did
    v1::Holding policy, inventory;
    std::int64_t confirm_by_ns = 0;
    SessionStats stats;
};

class Link {
  public:
    struct Options {
        std::string agent_version, boot_id;
        std::uint64_t seed = 1; // of the waits between attempts
        std::chrono::milliseconds patience = std::chrono::seconds(5); // per endpoint
        Time first_retry = std::chrono::seconds(1), longest_retry = std::chrono::seconds(60);
    };
    // All of them outlive the link.
    Link(boost::asio::io_context& loop, Credentials credentials, Held& held, Spool& spool,
         LinkHost& host, Options options);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    Link(Link&&) = delete;
    Link& operator=(Link&&) = delete;
    ~Link();

    void start();
    void flows_queued(); // the spool has something new
    void report(v1::HostReport report);
    void impact(v1::Impact impact);
    void renewed(Credentials credentials); // connects again with them
    const Credentials& credentials() const { return credentials_; }
    // Says goodbye; `stopped` is called from the loop within two seconds.
    void stop(const std::string& sentence, std::function<void()> stopped);
    LinkState state() const;

  private:
    void feed(const Input& input);
    void perform(const action::Connect& action);
    void perform(const action::Send& action);
    void perform(const action::Close& action);
    void perform(const action::ApplyPolicy& action);
    void perform(const action::ApplyInventory& action);
    void perform(const action::Confirmed& action);
    void perform(const action::RollBackTo& action);
    void perform(const action::ReadFlows& action);
    void perform(const action::ForgetFlows& action);
    void perform(const action::RunCommand& action);
    void perform(const action::SetTimer& action);

    SessionOptions with_verifier(SessionOptions options) const;
    void connected(const Endpoint& endpoint, const Address& peer);
    void ended(const std::string& why);
    void end_stop();
    void came();
    void settle(bool last_call);
    std::expected<void, std::string> take(const Choice& choice);
    void answer(const Choice& choice, const std::expected<void, std::string>& outcome);
    void enforce_held();
    void keep(std::expected<void, HeldError> outcome) const;
    void note_state();

    class Clock;
    boost::asio::io_context& loop_;
    Credentials credentials_;
    Held& held_;
    Spool& spool_;
    LinkHost& host_;
    Options options_;
    Session session_;
    std::unique_ptr<Clock> clock_;
    std::shared_ptr<Connection> connection_;
    std::deque<Input> answers_;        // to actions; fed when all of them are done
    std::function<void()> afterwards_; // of a command
    Halves came_;
    std::chrono::seconds confirm_within_{}; // of came_.policy
    std::size_t first_endpoint_ = 0;        // of the next attempt
    LinkState state_;
    std::string logged_; // the trouble that was logged last
    std::function<void()> stopped_;
};

} // namespace ringwall::agent
