// An agent without a host: the real state machine, what it is told to enforce is enforced at once.
// Who drives it carries the bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/session.h"

namespace ringwall::session_test {

class TestAgent {
  public:
    // `verify`: who may sign policy; null: whoever session_words.h signs as.
    explicit TestAgent(const std::string& identity, std::uint64_t epoch = 1,
                       const std::string& boot_id = "boot", const agent::Verifier& verify = {});

    void connected(agent::Time now); // also begins: there is no waiting for a retry
    void received(std::string_view bytes, agent::Time now);
    void disconnected(agent::Time now);
    void tell(const agent::Input& input, agent::Time now);

    std::string take_output() { return std::exchange(output_, {}); }
    bool closed() const { return closed_; } // it wants the connection closed
    bool live() const { return session_.state() == agent::SessionState::live; }
    std::uint64_t policy() const { // version, 0: none
        return session_.policy() ? session_.policy()->holding.version() : 0;
    }
    std::uint64_t inventory() const {
        return session_.inventory() ? session_.inventory()->holding.version() : 0;
    }
    const agent::Session& session() const { return session_; }

    std::string refuses;                // not empty: why it refuses every policy
    std::uint64_t applied = 0;          // policies and inventories
    std::vector<v1::Command> commands;  // not answered by itself
    std::vector<std::uint64_t> stored;  // FlowAck, as they came
    std::vector<v1::FlowBatch> batches; // its spool

  private:
    void act(const agent::action::Connect&, std::vector<agent::Input>&) {}
    void act(const agent::action::Send& it, std::vector<agent::Input>&) { output_ += it.bytes; }
    void act(const agent::action::Close&, std::vector<agent::Input>&) { closed_ = true; }
    void act(const agent::action::ApplyPolicy& it, std::vector<agent::Input>& answers);
    void act(const agent::action::ApplyInventory& it, std::vector<agent::Input>& answers);
    void act(const agent::action::Confirmed&, std::vector<agent::Input>&) {}
    void act(const agent::action::RollBackTo&, std::vector<agent::Input>&) {}
    void act(const agent::action::ReadFlows& it, std::vector<agent::Input>& answers);
    void act(const agent::action::ForgetFlows& it, std::vector<agent::Input>&) {
        stored.push_back(it.through);
    }
    void act(const agent::action::RunCommand& it, std::vector<agent::Input>&) {
        commands.push_back(it.command);
    }
    void act(const agent::action::SetTimer&, std::vector<agent::Input>&) {}

    agent::Session session_;
    std::string output_;
    bool closed_ = false;
};

} // namespace ringwall::session_test
