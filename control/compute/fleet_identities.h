// The numbers of identities over a fleet's life, and who a selector means among the living.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "control/compute/fleet_bitmap.h"
#include "control/compute/fleet_moves.h"
#include "control/compute/identity_key.h"
#include "control/model/model.h"

namespace ringwall::compute {

// A number lives while workloads have it, then rests until release(); a resting one returns to life
// when its key does.
class IdentityTable {
  public:
    explicit IdentityTable(Numbering numbering) : numbering_(std::move(numbering)) {}

    std::uint32_t reserve(const IdentityKey& key); // the key's number, 1..; a new one rests
    const IdentityKey& key(std::uint32_t number) const { return *rows_[number].key; }
    bool lives(std::uint32_t number) const { return live_.contains(number); }
    void rise(std::uint32_t number);
    void rest(std::uint32_t number, std::uint64_t revision);
    // Frees what went to rest in this revision or an earlier one. With a numbering of the caller's,
    // nothing is freed.
    void release(std::uint64_t revision);

    const Bitmap& live() const { return live_; }
    const Moves& moves() const { return moves_; } // of the living, since settled()
    void settled() { moves_ = {}; }
    const Bitmap& managed() const { return managed_; }
    // Living ones; `any` means everybody here too, a list nobody. Groups are those of `policy`.
    Bitmap select(const model::Selector& selector, const model::Scope* scope,
                  const model::Policy& policy) const;
    const Bitmap& having(const std::string& key, const std::string& value) const;

  private:
    struct Row {
        const IdentityKey* key = nullptr;
        std::uint64_t rests_since = 0;
    };
    Bitmap matching(const model::LabelSelector& selector, const model::Policy& policy) const;
    Bitmap members(const model::LabelGroup& group, const model::Policy& policy) const;
    std::uint32_t new_number(const IdentityKey& key);

    Numbering numbering_; // empty: counted here
    std::map<IdentityKey, std::uint32_t> numbers_;
    std::deque<Row> rows_{Row{}}; // index: number
    std::vector<std::uint32_t> free_;
    Bitmap live_, managed_, resting_;
    Moves moves_;
    std::map<std::string, std::map<std::string, Bitmap>> by_label_;
    std::map<std::string, std::uint32_t> by_name_;
};

} // namespace ringwall::compute
