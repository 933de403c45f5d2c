// The maps as plain containers and the decision as bpf/abi.h words it, for tests of what is
// written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "loader/datapath.h"

namespace ringwall::test {

// What the kernel knows of a process: values of attributes; nullopt: unresolved.
struct ProcessFacts {
    std::array<std::optional<std::uint64_t>, loader::attribute_count> values;
    std::optional<std::vector<std::uint64_t>> groups; // instead of values[group]
};

struct Packet {
    std::uint32_t subject = 0;
    bool inbound = false;
    Address peer;
    std::uint8_t protocol = 6;
    std::optional<std::uint16_t> port; // nullopt: a raw fragment
    ProcessFacts process;
    bool staged = false; // by the rule set that is only judged beside
};

enum class Outcome { none, failsafe, override_deny, allow, deny };

struct Judgement {
    std::optional<loader::Mode> mode; // nullopt: no such subject
    Outcome outcome = Outcome::none;
    std::uint32_t entry = 0, rule_set = 0, peer = 0;
    std::uint64_t sure = 0, maybe = 0;
    loader::Verdict verdict() const;
};

class KernelTwin {
  public:
    // Writes in the datapath's order, calling `after_write` between any two writes.
    void apply(const loader::Delta& delta, const std::function<void()>& after_write = [] {});
    Judgement judge(const Packet& packet) const;

    loader::Datapath::Highest highest() const;
    std::map<std::uint32_t, loader::Subject> subjects;
    std::map<Prefix, std::uint32_t> peers;
    std::map<std::uint32_t, loader::RuleSetRow> rule_sets;
    std::map<std::pair<std::uint32_t, std::uint32_t>, loader::ClassRef> classes;
    using EntryKey = std::tuple<std::uint32_t, std::uint32_t, bool, bool, std::uint8_t, int,
                                std::uint16_t>; // rule set, class, in, any, protocol, length, port
    std::map<EntryKey, loader::EntryRow> entries;
    std::map<std::tuple<std::uint32_t, loader::Attribute, std::uint64_t>, std::uint64_t> attributes;
    std::uint32_t generation = 0;
    std::uint64_t now = 0; // CLOCK_BOOTTIME

  private:
    std::uint32_t peer_of(const Address& address) const;
    const loader::EntryRow* entry_for(const loader::RuleSetRow& rules, const loader::ClassRef& cls,
                                      const Packet& packet) const;
    std::pair<std::uint64_t, std::uint64_t> bits(const loader::RuleSetRow& rules,
                                                 const ProcessFacts& process) const;
    bool allowed_for_now(const loader::EntryRow& entry, std::uint64_t sure) const;
    void drop_rule_set(std::uint32_t id);
};

} // namespace ringwall::test
