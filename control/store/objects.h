// Objects as they were written last: immediate ones and the draft. Private to the store; throws
// Failure.
#pragma once

#include <optional>
#include <string>

#include "control/store/audit_log.h"
#include "control/store/bodies.h"
#include "control/store/connection.h"

namespace ringwall::store {

// All of an object but its id and text.
struct Slot {
    std::int64_t body = 0; // in table body
    std::uint64_t revision = 0;
    std::int64_t created_ns = 0, changed_ns = 0;
};

class Objects {
  public:
    explicit Objects(Connection& connection)
        : connection_(connection), bodies_(connection), audit_(connection) {}

    Object get(const ObjectId& id);
    Page<Object> list(const std::string& kind, const PageRequest& page);

    // Writing is recorded, under the caller's transaction.
    Applied apply(const Author& by, const Edit& edit, const std::optional<std::string>& text);
    // Makes the object what `wanted` is, whatever it was.
    void reset(const Author& by, const ObjectId& id, const std::optional<Slot>& wanted);

  private:
    std::optional<Slot> find(const ObjectId& id);
    std::optional<Body> body_of(const std::optional<Slot>& slot);
    void put(const ObjectId& id, const Slot& slot);
    void remove(const ObjectId& id);

    Connection& connection_;
    Bodies bodies_;
    AuditLog audit_;
};

// An object from a row of kind, name, revision, created, changed, text, digest.
Object object_of(const Connection& connection, const Query& row);

} // namespace ringwall::store
