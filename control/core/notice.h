// What somebody ought to hear of: the alert path takes it from here.
#pragma once

#include <map>
#include <string>

namespace ringwall::core {

struct Notice {
    std::string kind; // "agent_silent", "agent_given_up", "agent_back", "policy_refused",
                      // "rollout_taken_back", "duplicate_host", "clock_skew"
    std::string key;  // equal ones are folded: the agent, the version
    std::string sentence;
    std::map<std::string, std::string> fields;
};

} // namespace ringwall::core
