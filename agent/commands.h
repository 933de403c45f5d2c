// What the controller may tell this host to do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/enforcement.h"
#include "control/proto/session.pb.h"

namespace ringwall::agent {

struct CommandHooks {
    std::function<std::string()> sysdump;              // JSON
    std::function<void()> detach;                      // ends the agent
    std::function<void(const loader::Event&)> observe; // each event of a sweep
    std::function<void()> renew;                       // asks for the next certificate
};

class Commands {
  public:
    Commands(Enforcement& enforcement, CommandHooks hooks)
        : enforcement_(enforcement), hooks_(std::move(hooks)) {}

    // `afterwards` is set to what is to be done when the result has gone out.
    v1::CommandResult run(const v1::Command& command, std::function<void()>& afterwards);

  private:
    std::vector<loader::Event> sweep(); // all live flows, and those that have just ended
    v1::CommandResult pause(std::chrono::seconds duration);
    v1::CommandResult end(const v1::End& end);
    v1::CommandResult find_cuts(const v1::FindCuts& wanted);

    Enforcement& enforcement_;
    CommandHooks hooks_;
};

} // namespace ringwall::agent
