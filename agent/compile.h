// One subject's policy -> the rows the kernel decides with (bpf/abi.h says how it reads them).
//
//   Definition  what a subject's policy says, in interned numbers: compared to see what changed
//   RuleSet     a Definition under one rule-set id: classes and entries, created on first sight
//
// A live rule set is append-only: classify() adds rows and never changes any.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/membership.h"
#include "agent/node.h"
#include "control/proto/policy.pb.h"
#include "loader/datapath.h"

namespace ringwall::agent {

enum class RuleAction : std::uint8_t { failsafe, override_deny, allow, deny }; // by precedence
const char* name(RuleAction);

// A process selector in the kernel's values; all set parts must hold. Containers hold the number
// of their name in Definition::containers.
struct ProcessParts {
    std::array<std::optional<std::uint64_t>, loader::attribute_count> values;
    auto operator<=>(const ProcessParts&) const = default;
};

// One (protocol, port prefix, selector) of one rule.
struct Atom {
    std::uint32_t rule = 0;
    std::uint16_t port = 0;
    std::uint8_t protocol = 0;
    std::uint8_t length = 0;
    bool any_protocol = false;
    std::int16_t selector = -1; // number of the process selector; -1: any process
    auto operator<=>(const Atom&) const = default;
};

struct Rule {
    std::string id; // "ruleset/rule"; failsafe rules: "failsafe"
    RuleAction action = RuleAction::allow;
    bool inbound = false;
    bool any = false, all_workloads = false;
    std::vector<std::uint32_t> identities, lists; // interned, sorted
    std::vector<Atom> atoms;
    std::uint64_t ends = 0; // CLOCK_BOOTTIME; allow only; 0: it stays
    bool operator==(const Rule&) const = default;
};

// Which rules match a peer, per identity of its address (one view, unless it is claimed by
// several).
using View = std::vector<std::uint32_t>; // indices into Definition::rules, sorted
using Signature = std::vector<View>;     // sorted, unique, never empty

// A snapshot's own numbers and names in interned numbers.
struct Interned {
    std::unordered_map<std::uint32_t, std::uint32_t> identities;
    std::map<std::string, std::uint32_t, std::less<>> lists;
    std::vector<std::uint32_t> failsafe; // list of each NodeContext::failsafe; 0: every address
};

class Definition {
  public:
    // Refuses what this node cannot judge; nothing is left out or widened.
    static Result<std::shared_ptr<const Definition>>
    make(const v1::Subject& subject, const Interned& interned, const NodeContext& node);

    std::span<const Rule> rules() const { return rules_; }
    std::span<const ProcessParts> selectors() const { return selectors_; }
    std::span<const std::string> containers() const { return containers_; }
    std::span<const std::uint64_t> ends() const { return ends_; } // of rules, rising, each once
    Signature signature(const Membership& membership) const;
    // True when both say the same about every address except those of identities that only one of
    // the two inventories has: then a live rule set can go on with this definition.
    bool continues(const Definition& old, std::span<const std::uint32_t> old_identities,
                   std::span<const std::uint32_t> new_identities) const;

  private:
    friend class DefinitionBuilder;
    View view(std::uint32_t identity, std::span<const std::uint32_t> lists) const;
    void index();

    std::vector<Rule> rules_;
    std::vector<ProcessParts> selectors_;
    std::vector<std::string> containers_;
    std::vector<std::uint64_t> ends_;
    View any_, all_workloads_;
    std::unordered_map<std::uint32_t, View> by_identity_, by_list_;
};

// Node-wide counters: the last number given. None is given twice.
struct Ids {
    std::uint32_t peer = 0, rule_set = 0, cls = 0, entry = 0;
};

struct Match {
    std::string rule;
    RuleAction action = RuleAction::allow;
    bool operator==(const Match&) const = default;
};

class RuleSet {
  public:
    // `claimed`: signatures of addresses with several identities, for which combinations of
    // selectors are numbered too (an allow for each claim may need both at once).
    RuleSet(std::uint32_t id, std::shared_ptr<const Definition> definition, Ids& ids,
            std::span<const Signature> claimed = {});

    std::uint32_t id() const { return id_; }
    const Definition& definition() const { return *definition_; }
    std::shared_ptr<const Definition> shared_definition() const { return definition_; }
    // Only with a definition that continues() the present one, or the one before on roll-back.
    void continue_with(std::shared_ptr<const Definition> definition);

    // The class of a peer, created on first sight. Equal signatures have equal classes.
    loader::ClassRef classify(const Signature& signature, Ids& ids);
    loader::ClassRef classify(const Membership& membership, Ids& ids) {
        return classify(definition_->signature(membership), ids);
    }
    const loader::ClassRef& unknown() const { return unknown_; }
    // False: an allow for this peer needs a combination of selectors that has no number here; what
    // classify() gives is then stricter than the policy until the rule set is made anew.
    bool exact_for(const Signature& signature) const;

    loader::RuleSetRow row() const;
    std::vector<loader::AttributeRow> attributes() const; // all but containers
    // By cgroup id, the name of the container it belongs to; empty: to none.
    std::vector<loader::AttributeRow>
    container_rows(const std::map<std::uint64_t, std::string>& containers) const;
    std::vector<loader::EntryRow> take_entries(); // made since the last call

    // Every rule that matches under this entry for a socket with these selector bits, by
    // precedence, then by id: the first is the deciding one. Empty for an entry of another rule
    // set. `timed`: rules that end count, as they do where the kernel said "allow".
    std::vector<Match> explain(std::uint32_t entry, std::uint64_t sure, std::uint64_t maybe,
                               bool timed) const;

    // What was added after mark() is forgotten by rollback().
    struct Mark {
        std::size_t classes = 0, entries = 0;
    };
    Mark mark() const { return {class_order_.size(), entries_.size()}; }
    void rollback(const Mark& mark);

  private:
    // Which packets an entry is for.
    struct Key {
        bool any_protocol = false;
        std::uint8_t protocol = 0;
        std::uint16_t port = 0;
        std::uint8_t length = 0;
        auto operator<=>(const Key&) const = default; // a covering prefix comes first
        bool covers(const Key& other) const;
        static Key of(const Atom& atom);
    };
    // What the atoms that cover a key say together.
    struct Bits {
        std::uint64_t override_deny = 0, allow = 0, deny = 0;
        bool any_failsafe = false, any_override_deny = false, any_allow = false, any_deny = false;
        void add(RuleAction action, std::int16_t selector);
    };
    struct Entry {
        std::uint32_t id = 0, class_index = 0;
        Key key;
        bool inbound = false;
    };
    class ViewSweep;

    // What holds until `until`: of rules that end, those whose end is not before it.
    template <typename F>
    void for_each_key(const Signature& signature, bool inbound, std::uint64_t until, F&& use) const;
    std::vector<std::uint64_t> moments() const; // all that differ, `for_good` last
    void add_segments(const Signature& signature, bool inbound,
                      std::span<loader::EntryRow> rows) const;
    std::uint32_t add_entries(const Signature& signature, bool inbound, std::uint32_t cls,
                              Ids& ids);
    loader::EntryRow combine(std::span<const Bits> views) const;
    std::optional<ProcessParts> merged(unsigned one, unsigned other) const;
    std::uint64_t both(std::uint64_t one, std::uint64_t other) const;
    bool allow_is_exact(std::span<const Bits> views) const;
    void number_combinations(const Signature& signature);

    std::uint32_t id_ = 0;
    std::shared_ptr<const Definition> definition_;
    std::vector<ProcessParts> selectors_; // the definition's, then combinations
    loader::ClassRef unknown_;
    std::map<Signature, loader::ClassRef> classes_;
    std::vector<const Signature*> class_order_;
    std::vector<Entry> entries_; // by id
    std::vector<loader::EntryRow> new_entries_;
};

// True when everything that `old` lets through for peers of class `before` passes under `now` for
// peers of class `after` too. Says false when unsure.
bool widens(const Definition& old, const Signature& before, const Definition& now,
            const Signature& after);

} // namespace ringwall::agent
