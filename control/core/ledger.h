// Numbers that must never mean two things, also after a restart: those of identities, and the
// counter of what is sent to agents. What was given out is in the store before anybody hears of it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "control/compute/identity_key.h"
#include "control/core/error.h"
#include "control/store/store.h"

namespace ringwall::core {

class Ledger {
  public:
    static Result<Ledger> load(store::Store& store);

    std::uint32_t number(const compute::IdentityKey& key);
    const compute::IdentityKey* key(std::uint32_t number) const; // null: never given out
    // Higher than every one before, also before the last restart.
    std::uint64_t revision() const { return revision_; } // the newest
    std::uint64_t next_revision() { return ++revision_; }
    // An agent holds more than this controller ever gave out: its store is from a backup.
    void raise_above(std::uint64_t revision);

    // Call before anything with new numbers leaves this process.
    Result<void> save();

  private:
    explicit Ledger(store::Store& store) : store_(&store) {}

    store::Store* store_;
    std::map<compute::IdentityKey, std::uint32_t> numbers_;
    std::vector<const compute::IdentityKey*> keys_{nullptr}; // index: number
    std::vector<const compute::IdentityKey*> unsaved_;
    std::uint64_t revision_ = 0;
    std::uint64_t reserved_ = 0; // the store has it that revisions up to here may be out
};

} // namespace ringwall::core
