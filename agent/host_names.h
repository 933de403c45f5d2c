// Names for flow records: from the enforcer (who, which rule), the datapath (which program) and the
// host (users, containers).
#pragma once

#include "agent/enforcement.h"
#include "agent/flows.h"

namespace ringwall::agent {

class HostNames : public Names {
  public:
    explicit HostNames(const Enforcement& enforcement) : enforcement_(enforcement) {}
    Party subject(std::uint32_t id) const override;
    Party peer(std::uint32_t id, const Address& address) const override;
    Decision decision(const loader::Event& event) const override;
    Program program(const loader::Event& event) const override;
    std::string user(std::uint32_t uid) const override;

  private:
    const Enforcement& enforcement_;
};

} // namespace ringwall::agent
