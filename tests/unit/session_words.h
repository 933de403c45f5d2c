// What the session's tests speak of: policies, releases, signatures, batches, random ones too.
#pragma once

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "agent/session.h"
#include "control/fleet/session.h"

namespace ringwall::session_test {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::uint64_t below(std::uint64_t end) {
        return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random_);
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

  private:
    std::mt19937_64 random_;
};

// One subject with one rule for each id.
v1::Policy policy(std::uint64_t version, const std::vector<std::string>& rules);
v1::Inventory inventory(std::uint64_t revision, std::uint32_t identities);

// Adds, removes, changes, moves and doubles items; the version or revision rises.
void mutate(v1::Policy& policy, Dice& dice);
void mutate(v1::Inventory& inventory, Dice& dice);

// Signed by "key-1", as far as pinned() cares.
std::string signature_of(const std::string& payload);
bool pinned(const v1::SignedPolicy& signed_policy);
v1::SignedPolicy sign(const v1::Policy& policy);

fleet::ReleaseRef release(const v1::Policy& policy);
fleet::ReleaseRef release(const v1::Inventory& inventory);

// Numbers are left to the spool; each summary has its own `count`.
v1::FlowBatch batch(std::uint64_t first_id, std::uint64_t summaries);

template <typename Wanted, typename Actions>
std::vector<Wanted> all(const Actions& actions) {
    std::vector<Wanted> out;
    for (const auto& it : actions)
        if (const auto* wanted = std::get_if<Wanted>(&it))
            out.push_back(*wanted);
    return out;
}

// Messages in the frames that were sent.
std::vector<v1::ToController> messages(const std::vector<agent::Action>& actions);
std::vector<v1::ToAgent> messages(const std::vector<fleet::Action>& actions);
std::string frame(const google::protobuf::MessageLite& message);

} // namespace ringwall::session_test
