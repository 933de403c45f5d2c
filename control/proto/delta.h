// What changed between two states of one half of the snapshot, by key. Pure.
//
// A half is compared and hashed in its canonical form: protobuf's deterministic serialization,
// fields that are not known last. `apply(diff(a, b), a)` has the canonical form of b.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

#include "common/error.h"
#include "control/proto/policy.pb.h"
#include "control/proto/session.pb.h"

namespace ringwall::wire {

enum class DeltaErrc {
    base_mismatch, // the delta starts from something else than what is held
    malformed,     // places that do not exist, in no order, or too few
    drift,         // the result is not what the sender meant
};
using DeltaError = BasicError<DeltaErrc>;

// Equal messages give equal bytes (maps are sorted).
std::string canonical(const google::protobuf::MessageLite& message);
// SHA-256, 32 bytes.
std::string content_hash(std::string_view content);

v1::Holding holding(const v1::Policy& policy);
v1::Holding holding(const v1::Inventory& inventory);
bool same(const v1::Holding& one, const v1::Holding& other);

// Key id, signature and confirm_within_seconds are left for the caller.
v1::PolicyDelta diff(const v1::Policy& base, const v1::Policy& target);
v1::InventoryDelta diff(const v1::Inventory& base, const v1::Inventory& target);

// A half as it travels and what holding() says of it, for whoever keeps both.
struct State {
    std::string_view content; // its canonical form
    v1::Holding holding;
};
v1::PolicyDelta diff_policies(const State& base, const State& target);
v1::InventoryDelta diff_inventories(const State& base, const State& target);

template <typename Half>
struct Applied {
    Half half;
    std::string content; // its canonical form
};

// `held` is holding(base), which a caller keeps anyway.
std::expected<Applied<v1::Policy>, DeltaError>
apply(const v1::PolicyDelta& delta, const v1::Policy& base, const v1::Holding& held);
std::expected<Applied<v1::Inventory>, DeltaError>
apply(const v1::InventoryDelta& delta, const v1::Inventory& base, const v1::Holding& held);

} // namespace ringwall::wire
