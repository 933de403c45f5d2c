// The controller's store: objects, draft and active versions, audit. An interface, so that a
// distributed store can stand behind it. An instance is used by one thread at a time.
//
// Kinds are of two sorts. An immediate object (workload, token ...) acts as soon as it is written.
// A provisioned one (rule_set ...) is written to the draft and acts when it is part of a version.
// Every change and its audit records are one transaction.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/store/audit_record.h"
#include "control/store/values.h"

namespace ringwall::store {

class Store {
  public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    Store(Store&&) = delete;
    Store& operator=(Store&&) = delete;
    virtual ~Store() = default;

    // As written last: of a provisioned kind, the draft. Errors: not_found, invalid (kind).
    virtual Result<Object> object(const ObjectId& id) const = 0;
    virtual Result<Page<Object>> objects(const std::string& kind,
                                         const PageRequest& page) const = 0;

    // Errors: invalid, not_found (removal), exists, stale, reused_key, full, io.
    virtual Result<Receipt> commit(const Change& change) = 0;
    // What commit() would answer, without doing it; revisions are 0. Errors: as commit.
    virtual Result<Receipt> preview(const Change& change) = 0;

    // Errors as commit, and conflict, nothing.
    virtual Result<Version> provision(const Provision& request) = 0;
    virtual Result<Version> rollback(const Rollback& request) = 0;

    // The answer that was given to the same request before (Author::idempotency_key), if any.
    // reused_key.
    virtual Result<std::optional<Receipt>> earlier(const Change& change) const = 0;
    virtual Result<std::optional<Version>> earlier(const Provision& request) const = 0;
    virtual Result<std::optional<Version>> earlier(const Rollback& request) const = 0;

    // Number of the active version; 0: nothing was ever provisioned.
    virtual Result<std::uint64_t> newest() const = 0;
    virtual Result<Version> version(std::uint64_t number) const = 0;
    virtual Result<Page<Version>> versions(const PageRequest& page) const = 0; // newest first
    // Provisioned objects of a version, or of the draft, by kind and name.
    virtual Result<Page<Object>> contents(std::uint64_t version, const PageRequest& page) const = 0;
    // What differs, by kind and name. What is pending: changes(newest, draft).
    virtual Result<std::vector<ObjectChange>> changes(std::uint64_t from,
                                                      std::uint64_t to) const = 0;

    // What the controller itself has to know after a restart: no history, no audit, no revision.
    // All or none; an absent text forgets. Errors: invalid (kind or name), full, io.
    virtual Result<void> remember(const std::vector<Memory>& memories) = 0;
    virtual Result<std::vector<Memory>> memories(const std::string& kind) const = 0; // by name

    virtual Result<Page<AuditRecord>> audit(const AuditFilter& filter,
                                            const PageRequest& page) const = 0;
    // Walks the whole chain. tampered: the sentence names the first broken record.
    virtual Result<AuditProof> verify() const = 0;

    // A consistent copy in one new file. Uses a connection of its own, so it may run in another
    // thread while the store is used. Errors: exists, full, io.
    virtual Result<void> backup(const std::string& file) const = 0;
};

struct Options {
    std::string path; // of the database; "-wal", "-shm" and ".lock" stand beside it
    std::set<std::string> immediate = {"workload", "agent",   "pairing_profile", "pairing_token",
                                       "user",     "token",   "freeze",          "rollout",
                                       "staging",  "command", "authority"};
    std::set<std::string> provisioned = {"service", "address_list", "label_group", "rule_set"};
};

// Creates the database (0600) where there is none, and brings an older one up to date.
// Errors: in_use, newer, corrupt, full, io, invalid (a database of something else).
Result<std::unique_ptr<Store>> open_sqlite(const Options& options);

// Puts a backup in the place of a database that no process holds, after checking the backup's
// integrity, schema and audit chain. What was there stays beside it, with ".before-restore" added.
// Errors: in_use, exists (an earlier ".before-restore"), corrupt, tampered, newer, full, io.
Result<void> restore_sqlite(const std::string& backup, const std::string& path);

} // namespace ringwall::store
