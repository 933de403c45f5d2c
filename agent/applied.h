// What the datapath enforces, as the enforcer knows it. One value; planning makes the next one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/addresses.h"
#include "agent/compile.h"

namespace ringwall::agent {

// Workload names by address, packed.
class OwnerNames {
  public:
    // In any order, also several names for one address.
    explicit OwnerNames(std::vector<std::pair<Address, std::string>> owners = {});
    std::vector<std::string> of(const Address& address) const;

  private:
    struct Row {
        Address address;
        std::uint32_t offset = 0;
        std::uint32_t length = 0;
    };
    std::vector<Row> rows_;
    std::string text_;
};

// Of the inventory: interned, as the snapshot numbers it; sorted.
using IdentityNumbers = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

struct EnforcedSubject {
    loader::Subject row;
    std::uint32_t identity = 0; // interned
    std::shared_ptr<RuleSet> rules;
    std::shared_ptr<RuleSet> staged; // null: nothing is staged for it
};

// What a snapshot asks for, in interned numbers, before anything has ids of the datapath.
struct Desired {
    struct Subject {
        std::string workload;
        std::uint32_t identity = 0;
        loader::Subject row; // without id and rule set
        std::shared_ptr<const Definition> definition;
        std::shared_ptr<const Definition> staged; // null: nothing is
    };
    std::vector<Subject> subjects;
    std::vector<std::string> missing; // subjects whose cgroup does not exist
    AddressTable table;
    std::vector<std::uint32_t> identities; // of the inventory, sorted
    IdentityNumbers numbers;
    std::map<std::uint32_t, std::set<std::string>> list_names;
    std::shared_ptr<const OwnerNames> owners;
    std::uint64_t version = 0;
    std::uint64_t staging = 0;   // number of what is staged; 0: nothing is
    std::string staging_trouble; // why this node cannot judge it; then none of it is
};
Result<Desired> read_snapshot(const v1::Snapshot& snapshot, Interner& interner,
                              const NodeContext& node);

struct Applied {
    std::map<std::string, EnforcedSubject> subjects; // by workload
    AddressTable table;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> peers; // peer, membership; sorted
    std::vector<std::uint32_t> identities;
    IdentityNumbers numbers;
    std::map<std::uint32_t, std::set<std::string>> list_names;
    std::shared_ptr<const OwnerNames> owners = std::make_shared<OwnerNames>();
    std::vector<std::string> missing;
    std::uint64_t version = 0;
    std::uint64_t staging = 0;
    std::string staging_trouble;
    // Maps whose whole content is not known: every peer and rule set is written anew.
    bool unsure = true;
    std::vector<std::uint32_t> orphans;            // live subjects that nobody could name
    std::vector<std::shared_ptr<RuleSet>> retired; // of the step before, for late events
};

struct Step {
    loader::Delta delta;
    Applied next;
    // How to take back what planning added to live rule sets.
    struct Touched {
        std::shared_ptr<RuleSet> rules;
        RuleSet::Mark mark;
        std::shared_ptr<const Definition> definition;
    };
    std::vector<Touched> touched;
};

// The subject id of a workload: made from its name, so that it is the same after a restart.
std::uint32_t subject_id(std::string_view workload, const std::set<std::uint32_t>& taken);

Step plan_step(const Applied& now, Desired desired, Interner& interner, Ids& ids,
               const std::map<std::uint64_t, std::string>& containers);

} // namespace ringwall::agent
