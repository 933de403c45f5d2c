// The fleet's active policy, kept compiled: each change answers which agents it concerns and how.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/compute/compute.h"
#include "control/compute/fleet_change.h"
#include "control/compute/identity_key.h"

namespace ringwall::compute {

// What an agent is told of the others.
enum class Inventory {
    all,     // every identity and address, as compute::snapshot() does
    visible, // those that a rule of its subjects names, its subjects' own, and every other claim on
             // the same addresses (an allow must hold for each): the same verdicts from less
};

// Pure: no I/O, no clock. Whatever the order of changes, policy() and inventory() are those of
// compute::snapshot() from scratch, up to the numbers of identities. A refused change changes
// nothing, with the error that compute::snapshot() gives. Not for use by two threads at once; what
// it returns may go anywhere.
class Fleet {
  public:
    explicit Fleet(Inventory inventory, Numbering numbering = {});
    Fleet(Fleet&&) noexcept;
    Fleet& operator=(Fleet&&) noexcept;
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;
    ~Fleet();

    // A fleet with all of `policy` at once, for start-up: every agent is to be given a snapshot.
    static std::expected<Fleet, Error> load(Inventory inventory, const model::Policy& policy,
                                            std::uint64_t version, std::uint64_t revision,
                                            Numbering numbering = {});

    // Rule sets, services, lists and groups of `policy` become the active ones. Its workloads are
    // not looked at. Rule sets that mean the same as before are kept as they are.
    std::expected<Change, Error> provision(const model::Policy& policy, std::uint64_t version);
    // Workloads that have an identity of their own although no rule here names them: a rule of
    // another fleet does, and its numbers are to mean the same here. Decides nothing by itself.
    // These are all of them; those before that are not among them are like others again.
    Change name_also(std::set<std::string> workloads);
    std::set<std::string> named() const; // by rules

    // Adds the workload, or replaces the one of that name: labels, addresses, mode and all.
    std::expected<Change, Error> put(const model::Workload& workload);
    // unknown_workload when there is none; invalid_policy while a rule or an inner workload names
    // it.
    std::expected<Change, Error> remove(std::string_view workload);
    // Several at once, as one change: either all of them or none. For start-up and bulk edits.
    std::expected<Change, Error> put_all(const std::vector<model::Workload>& workloads);
    // Both in one change.
    std::expected<Change, Error> edit(const std::vector<model::Workload>& puts,
                                      const std::vector<std::string>& removed);

    // The halves of one agent's snapshot now. Errors: unknown_workload, not_a_host.
    std::expected<v1::Policy, Error> policy(std::string_view host) const;
    std::expected<v1::Inventory, Error> inventory(std::string_view host) const;

    // Numbers that went to rest at or before `revision` may be given to others: no agent holds an
    // older inventory any more. Nothing happens where a Numbering gave the numbers.
    void release(std::uint64_t revision);

    std::uint64_t version() const;
    std::uint64_t revision() const;

  private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace ringwall::compute
