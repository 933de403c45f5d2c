// The agent under a controller: what is enforced comes from there, flows and the host report go
// there. On the agent's event loop; what reads much of the host runs on its worker.
#pragma once

#include <functional>
#include <memory>

#include "agent/commands.h"
#include "agent/controller_state.h"
#include "agent/enforcement.h"
#include "agent/flows.h"
#include "agent/host_names.h"
#include "agent/impacts.h"
#include "agent/link.h"
#include "agent/paired.h"
#include "agent/renewal.h"
#include "agent/report.h"
#include "agent/summaries.h"

namespace boost::asio {
class io_context;
class thread_pool;
} // namespace boost::asio

namespace ringwall::agent {

class Uplink : private LinkHost {
  public:
    struct Hooks {
        CommandHooks commands;
        std::function<void()> policy_changed; // also when the new one was refused
    };
    // All of them outlive it; the worker has ended when it dies.
    Uplink(boost::asio::io_context& loop, boost::asio::thread_pool& worker,
           Enforcement& enforcement, Paired& paired, Hooks hooks);

    void start();
    void observe(const Flow& flow); // after each event
    void tick();                    // four times a second
    void look();                    // at the host; twice a minute
    // Keeps what is gathered, says goodbye, then calls `stopped` from the loop, in two seconds at
    // most.
    void stop(std::function<void()> stopped);
    ControllerState state() const;

  private:
    std::expected<void, std::string> enforce(const v1::Snapshot& snapshot) override;
    void enforce_nothing() override;
    v1::CommandResult run(const v1::Command& command, std::function<void()>& afterwards) override;

    CommandHooks with_renewal(CommandHooks hooks);
    ReportScope scope() const;
    void queue(bool all);
    void tell_impact();
    void report(v1::HostReport report);

    boost::asio::io_context& loop_;
    boost::asio::thread_pool& worker_;
    Enforcement& enforcement_;
    Paired& paired_;
    std::function<void()> policy_changed_;
    Commands commands_;
    Summaries summaries_;
    HostNames names_;
    Impacts impacts_;
    int ticks_ = 0;
    Reporter reporter_; // the worker's while `looking_`
    bool looking_ = false, stopping_ = false;
    v1::HostReport last_report_;
    Link link_;
    Renewal renewal_;
};

} // namespace ringwall::agent
