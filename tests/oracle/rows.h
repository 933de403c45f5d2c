// What the kernel holds, in plain memory, and a decision made from it as bpf/abi.h says: for runs
// without a kernel, under sanitizers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "loader/datapath.h"

namespace ringwall::oracle {

// A process in the kernel's numbers; nullopt is unresolved.
struct Owner {
    bool known = true;
    std::optional<std::uint64_t> path, name, unit, digest;
    std::uint64_t cgroup = 0; // its container, if a row explains it
    std::uint32_t user = 0;
    std::vector<std::uint32_t> groups; // the first is the gid
    bool more_groups = false;
};

struct Asked {
    std::uint32_t subject = 0;
    bool inbound = false;
    Address peer;
    std::uint8_t protocol = 0;
    std::uint16_t port = 0; // ICMP: type << 8 | code
    bool no_port = false;
};

struct Answered {
    bool idle = false;
    loader::Verdict verdict = loader::Verdict::none;
    std::uint32_t rule_set = 0, peer = 0, entry = 0;
    std::uint64_t sure = 0, maybe = 0;
};

class Rows {
  public:
    void apply(const loader::Delta& delta);
    // `boot_ns`: CLOCK_BOOTTIME, for rules that end.
    Answered decide(const Asked& asked, const Owner& owner, std::uint64_t boot_ns) const;

    const std::map<std::uint32_t, loader::Subject>& subjects() const { return subjects_; }
    const std::map<Prefix, std::uint32_t>& peers() const { return peers_; }
    // A planted fault: what may hold counts as if it did.
    void take_maybe_for_sure() { maybe_is_sure_ = true; }

  private:
    using EntryKey = std::tuple<std::uint32_t, std::uint32_t, bool, bool, std::uint8_t,
                                std::uint8_t, std::uint16_t>;
    void remove_rule_set(std::uint32_t id);
    void complete(const loader::Delta& delta);
    std::uint32_t peer_of(const Address& address) const;
    loader::ClassRef class_of(const loader::RuleSetRow& set, std::uint32_t peer) const;
    const loader::EntryRow* entry(const Asked& asked, std::uint32_t set,
                                  const loader::ClassRef& cls) const;
    void bits(const loader::RuleSetRow& set, const Owner& owner, Answered& answered) const;
    std::optional<std::uint64_t> attribute(std::uint32_t set, loader::Attribute attribute,
                                           std::uint64_t value) const;

    std::map<std::uint32_t, loader::RuleSetRow> rule_sets_;
    std::map<std::tuple<std::uint32_t, loader::Attribute, std::uint64_t>, std::uint64_t>
        attributes_;
    std::map<EntryKey, loader::EntryRow> entries_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, loader::ClassRef> classes_;
    std::map<Prefix, std::uint32_t> peers_;
    std::map<std::uint32_t, loader::Subject> subjects_;
    bool maybe_is_sure_ = false;
};

} // namespace ringwall::oracle
