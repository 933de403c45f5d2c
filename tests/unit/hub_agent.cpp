#include "tests/unit/hub_agent.h"

#include <algorithm>
#include <deque>

#include "tests/unit/session_words.h"

namespace ringwall::session_test {
namespace {

agent::Session session_of(const std::string& identity, std::uint64_t epoch,
                          const std::string& boot_id, const agent::Verifier& verify) {
    agent::SessionOptions options;
    options.identity = identity;
    options.agent_version = "0.1.0";
    options.boot_id = boot_id;
    options.epoch = epoch;
    options.verify = verify ? verify : pinned;
    agent::SessionStart start;
    start.flow_stream = 7;
    return {std::move(options), std::move(start)};
}

} // namespace

TestAgent::TestAgent(const std::string& identity, std::uint64_t epoch, const std::string& boot_id,
                     const agent::Verifier& verify)
    : session_(session_of(identity, epoch, boot_id, verify)) {}

void TestAgent::connected(agent::Time now) {
    closed_ = false;
    output_.clear();
    tell(agent::input::Start{}, now);
    if (session_.state() == agent::SessionState::waiting)
        tell(agent::input::Tick{}, now + std::chrono::hours(1)); // its retry is due
    tell(agent::input::Connected{}, now);
}

void TestAgent::received(std::string_view bytes, agent::Time now) {
    tell(agent::input::Received{bytes}, now);
}

void TestAgent::disconnected(agent::Time now) {
    tell(agent::input::Disconnected{}, now);
}

void TestAgent::tell(const agent::Input& input, agent::Time now) {
    std::deque<agent::Input> inputs{input};
    for (; !inputs.empty(); inputs.pop_front()) {
        std::vector<agent::Input> answers;
        for (const auto& it : session_.resume(inputs.front(), now))
            std::visit([&](const auto& action) { act(action, answers); }, it);
        inputs.insert(inputs.end(), answers.begin(), answers.end());
    }
}

void TestAgent::act(const agent::action::ApplyPolicy& it, std::vector<agent::Input>& answers) {
    const auto version = it.policy->policy.version();
    applied += refuses.empty() ? 1 : 0;
    if (refuses.empty())
        answers.emplace_back(agent::input::Applied{v1::POLICY, version});
    else
        answers.emplace_back(agent::input::Refused{v1::POLICY, version, refuses});
}

void TestAgent::act(const agent::action::ApplyInventory& it, std::vector<agent::Input>& answers) {
    ++applied;
    answers.emplace_back(agent::input::Applied{v1::INVENTORY, it.inventory->inventory.revision()});
}

void TestAgent::act(const agent::action::ReadFlows& it, std::vector<agent::Input>& answers) {
    const auto found = std::ranges::find_if(
        batches, [&](const v1::FlowBatch& batch) { return batch.last() > it.after; });
    answers.emplace_back(agent::input::Flows{
        it.after, found == batches.end() ? std::nullopt : std::optional(*found)});
}

} // namespace ringwall::session_test
