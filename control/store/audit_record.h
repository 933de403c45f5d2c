// A record of the audit log and how its hash is made. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "control/store/digest.h"
#include "control/store/values.h"

namespace ringwall::store {

struct AuditRecord {
    std::uint64_t sequence = 0; // 1, 2, 3 ... without gaps
    std::int64_t time_ns = 0;
    std::string actor, origin;
    std::string action; // create, change, remove, provision, rollback, reset (draft, by a rollback)
    ObjectId object;    // of a provision or rollback: kind "version", name the number
    std::optional<std::string> before, after; // JSON
    std::string hash;                         // SHA-256, hexadecimal
    bool operator==(const AuditRecord&) const = default;
};

// SHA-256 over the hash before (zeros for the first) and the JSON array [sequence, time, actor,
// origin, action, kind, name, SHA-256 of before or null, SHA-256 of after or null].
Digest chained(const Digest& previous, const AuditRecord& record);

// All given parts hold.
struct AuditFilter {
    std::optional<std::string> kind, name, actor;
    std::optional<std::int64_t> from_ns, until_ns; // from <= time < until
    bool oldest_first = false;
};

// What a whole chain ends in. Kept elsewhere, it proves later that the log was not rewritten.
struct AuditProof {
    std::uint64_t records = 0;
    std::string head; // hash of the last record; empty when there is none
};

} // namespace ringwall::store
