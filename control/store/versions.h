// Numbered contents of the provisioned kinds. Private to the store; throws Failure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/store/connection.h"
#include "control/store/objects.h"

namespace ringwall::store {

class Versions {
  public:
    using Content = std::map<ObjectId, Slot>;

    Versions(Connection& connection, const std::set<std::string>& kinds);

    std::uint64_t newest();
    Version get(std::uint64_t number);
    Page<Version> list(const PageRequest& page);
    Page<Object> contents(std::uint64_t at, const PageRequest& page);
    std::vector<ObjectChange> changes(std::uint64_t from, std::uint64_t to);

    // Under the caller's transaction.
    Version provision(const Provision& request);
    Version rollback(const Rollback& request);

  private:
    Version take_back(const Rollback& request);
    void require(std::uint64_t number);
    void check_base(const std::optional<std::uint64_t>& base);
    const char* source(std::uint64_t at);
    Content content(std::uint64_t at);
    std::vector<ObjectId> pending_of(const Provision& request, const Content& active,
                                     const Content& wanted);
    Version make(Version version, const Author& by, const std::vector<ObjectId>& ids,
                 const Content& active, const Content& wanted);
    void record(const Author& by, const Version& version, const std::vector<ObjectId>& ids);

    Connection& connection_;
    std::string kinds_; // JSON array, for SQL
};

} // namespace ringwall::store
