// What the store keeps and what is asked of it, as plain values. Times are nanoseconds since 1970
// and come from the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "common/error.h"

namespace ringwall::store {

enum class Errc {
    invalid,    // the request itself is wrong
    not_found,  // no such object or version
    exists,     // the edit said that the object must not exist
    stale,      // an expected revision is not the present one
    conflict,   // the version a change was based on is no longer the newest
    nothing,    // there is nothing to provision or to roll back
    reused_key, // an idempotency key came again with other content
    in_use,     // another process holds the database
    newer,      // written by a newer Ringwall
    corrupt,    // damaged: a backup has to be restored
    tampered,   // the audit chain is broken
    full,       // no space left: nothing was changed, reading goes on
    io,         // the disk or the file's rights
};
using Error = BasicError<Errc>;
template <typename T>
using Result = std::expected<T, Error>;

struct ObjectId {
    std::string kind, name;
    std::string text() const { return kind + " " + name; } // for messages
    auto operator<=>(const ObjectId&) const = default;
};

struct Object {
    ObjectId id;
    std::string body;           // canonical JSON: no spaces, keys sorted
    std::uint64_t revision = 0; // sequence of the audit record of its last change; never used twice
    std::int64_t created_ns = 0, changed_ns = 0;
    bool operator==(const Object&) const = default;
};

// Who asks, from where, when.
struct Author {
    std::string actor;  // "alice", "token ci"
    std::string origin; // "192.0.2.7", "cli on host-1"
    std::int64_t time_ns = 0;
    // Same actor, key and content within a day: the earlier answer, and nothing is done again.
    std::string idempotency_key; // empty: none
};

// Writes `body`, a JSON object, or removes where there is none. A body equal to the present one
// changes nothing.
struct Edit {
    ObjectId id;
    std::optional<boost::json::value> body;
    std::optional<std::uint64_t> expected; // revision (If-Match); 0: must not exist
};

// One transaction: all edits or none.
struct Change {
    Author by;
    std::vector<Edit> edits;
};

enum class Outcome { created, changed, removed, unchanged };
const char* name(Outcome outcome); // "created"

struct Applied {
    ObjectId id;
    Outcome outcome = Outcome::unchanged;
    std::uint64_t revision = 0; // of the object now; removed: of the removal
    bool operator==(const Applied&) const = default;
};

struct Receipt {
    std::vector<Applied> edits; // in the order of the change
    bool operator==(const Receipt&) const = default;
};

struct Selected {
    ObjectId id;
    std::optional<std::uint64_t> revision; // of the draft that was reviewed; 0: its removal
};

// Makes the next version: the active content with the selected draft edits and removals.
struct Provision {
    Author by;
    std::optional<std::vector<Selected>> selection; // none: everything that is pending
    std::string note;
    std::optional<std::uint64_t> base; // the newest version the author saw; 0: none yet
    // The request as it was made, which a repeat with the same idempotency key has to be equal to;
    // empty: what stands above.
    std::string asked;
};

// Makes the next version with the content of version `to`; the draft becomes the same.
struct Rollback {
    Author by;
    std::uint64_t to = 0;
    std::string note;
    std::optional<std::uint64_t> base;
    // A version is taken back, what people were writing stays. Then `to` may be 0: no content.
    bool keep_draft = false;
};

struct Version {
    std::uint64_t number = 0; // 1, 2, 3 ...
    std::int64_t time_ns = 0;
    std::string actor, origin, note;
    std::uint64_t rollback_to = 0; // 0: made by provisioning
    std::uint64_t changes = 0;     // objects that differ from the version before
    bool operator==(const Version&) const = default;
};

struct Memory {
    std::string kind, name;
    std::optional<std::string> text;
    bool operator==(const Memory&) const = default;
};

// Stands for the draft where a version number is asked for; 0 stands for no content at all.
inline constexpr std::uint64_t draft = std::numeric_limits<std::int64_t>::max();

// One object that differs between two contents; an absent side: not there.
struct ObjectChange {
    ObjectId id;
    std::optional<std::string> before, after; // bodies
    std::uint64_t revision = 0;               // on the after side; 0: removed
    bool operator==(const ObjectChange&) const = default;
};

struct PageRequest {
    std::string after;       // Page::next of the page before; empty: from the start
    std::size_t limit = 500; // 0: everything that follows
};

// Rows that exist while all pages are read come exactly once, whatever is added meanwhile.
template <typename T>
struct Page {
    std::vector<T> items;
    std::string next;        // empty: nothing follows
    std::uint64_t total = 0; // on all pages, at the moment of this one
};

} // namespace ringwall::store
