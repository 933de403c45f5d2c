// What the session with the controller leaves on the disk for the next start: both halves of the
// snapshot, the version that waits for its Confirm and what to go back to. Blocking file I/O.
//
// Contents stand in files named by version and hash, one small file says which of them count, and
// that file is replaced in one step: at every moment the disk has the state before or after.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "agent/session.h"
#include "common/error.h"
#include "common/pki/keys.h"

namespace ringwall::agent {

enum class HeldErrc { io };
using HeldError = BasicError<HeldErrc>;

// One snapshot of both. A rule that names an identity which the inventory does not have matches
// nobody by it, so it is left out: halves of different times go together.
v1::Snapshot join(const v1::Policy& policy, const v1::Inventory& inventory);
// The first identity that `policy` names and `inventory` lacks.
std::optional<std::uint32_t> missing_identity(const v1::Policy& policy,
                                              const v1::Inventory& inventory);

// The number of it that people know.
std::uint64_t shown_version(const v1::Policy& policy);

// Accepts what one of these keys signed.
Verifier verifier(std::vector<pki::PublicKey> pinned);

class Held {
  public:
    struct Options {
        std::string directory; // made when it is not there, 0700
        Verifier verify;
        std::string boot_id;
        Time now{};
        std::int64_t wall_ns = 0; // makes the first epoch of a host without a past
    };
    // What is damaged or signed by somebody else counts as not held, with a note. A wait for a
    // Confirm that ended meanwhile, or with another boot, is over: the last confirmed version is
    // held then. Raises the epoch; that the disk does not take that is only a note on a host
    // with a past: what it has is enforced all the same.
    static std::expected<Held, HeldError> open(Options options);

    SessionStart start() const; // flows are the spool's
    std::uint64_t epoch() const { return state_.epoch; }
    const PolicyRef& policy() const { return policy_; }
    const InventoryRef& inventory() const { return inventory_; }
    // The policy with the inventory that goes with it; nullopt: a half is missing.
    std::optional<v1::Snapshot> snapshot() const;
    // The newest; but where that lacks what the rules name and the one from before the wait for a
    // Confirm does not, that one: a version that was left had the identities numbered anew.
    const InventoryRef& inventory_for(const v1::Policy& policy) const;
    const std::vector<std::string>& notes() const { return notes_; }

    // Durable on return; after an error nothing has changed.
    using Done = std::expected<void, HeldError>;
    // `former`: the inventory that was in force with the policy before.
    Done keep_policy(PolicyRef policy, std::chrono::seconds confirm_within, Time now,
                     const InventoryRef& former = nullptr);
    Done keep_inventory(InventoryRef inventory);
    Done confirm();
    Done roll_back(PolicyRef policy, std::uint64_t left);

  private:
    struct Wait {
        Time until;
        std::string boot_id;
    };
    struct State {
        std::uint64_t epoch = 0, rolled_back = 0;
        std::string policy, inventory, confirmed, former; // names of files; empty: none
        std::optional<Wait> wait;
    };
    explicit Held(Options options) : options_(std::move(options)) {}

    void read_state();
    std::optional<State> state_from(const std::string& json) const;
    void load();
    PolicyRef load_policy(const std::string& name);
    InventoryRef load_inventory(const std::string& name);
    void end_old_wait();
    Done write(const State& state);
    Done write_content(const std::string& name, const std::string& bytes) const;
    void remove_unused() const;
    std::string path(const std::string& name) const { return options_.directory + "/" + name; }

    Options options_;
    State state_;
    PolicyRef policy_, confirmed_;
    InventoryRef inventory_, former_; // former: from before the last wait for a Confirm
    std::vector<std::string> notes_;
};

} // namespace ringwall::agent
