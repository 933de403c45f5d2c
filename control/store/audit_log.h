// The audit log in the database. Private to the store; throws Failure.
#pragma once

#include <string>

#include "control/store/audit_record.h"
#include "control/store/bodies.h"
#include "control/store/connection.h"

namespace ringwall::store {

// What is recorded of one thing that happened; an absent side: nothing was or is there.
struct Event {
    const char* action;
    const ObjectId& object;
    std::optional<Body> before, after;
};

class AuditLog {
  public:
    explicit AuditLog(Connection& connection) : connection_(connection) {}

    // Returns the sequence of the new record. Inside the caller's transaction.
    std::uint64_t append(const Author& by, const Event& event);

    Page<AuditRecord> list(const AuditFilter& filter, const PageRequest& page);
    AuditProof verify();

  private:
    Connection& connection_;
};

} // namespace ringwall::store
