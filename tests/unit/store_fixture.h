// A store in a directory of its own, and words to use it with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "control/store/store.h"
#include "tests/unit/scratch.h"

namespace ringwall::store::testing {

// The value, or a failed test with the sentence.
template <typename T>
T must(Result<T> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

inline std::unique_ptr<Store> open_at(const std::string& path) {
    return must(open_sqlite({.path = path}));
}

// Alice at her desk; later calls come later.
inline Author alice(const std::string& key = {}) {
    static std::int64_t time = 1'000'000'000;
    return {.actor = "alice", .origin = "192.0.2.7", .time_ns = ++time, .idempotency_key = key};
}

inline Edit put(const ObjectId& id, const std::string& body,
                std::optional<std::uint64_t> expected = {}) {
    return {id, boost::json::parse(body), expected};
}

inline Edit drop(const ObjectId& id, std::optional<std::uint64_t> expected = {}) {
    return {id, std::nullopt, expected};
}

inline const ObjectId dns{"service", "dns"}, web{"service", "web"},
    payments{"rule_set", "payments"}, host{"workload", "app-uk-1"};

template <typename T>
void expect_error(const Result<T>& result, Errc code, const std::string& words) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(static_cast<int>(result.error().code), static_cast<int>(code))
        << result.error().message;
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

class StoreTest : public ::testing::Test {
  protected:
    agent::testing::Scratch scratch_;
    std::string path_ = scratch_.path("policy.db");
    std::unique_ptr<Store> store_ = open_at(path_);

    Receipt commit(std::vector<Edit> edits) {
        return must(store_->commit({alice(), std::move(edits)}));
    }
    Version provision(const std::string& note = "") {
        return must(store_->provision({.by = alice(), .note = note}));
    }
    void reopen() {
        store_.reset();
        store_ = open_at(path_);
    }
    std::string body(const ObjectId& id) { return must(store_->object(id)).body; }
    std::vector<Object> contents(std::uint64_t at) {
        return must(store_->contents(at, {.limit = 0})).items;
    }
    std::vector<std::string> names(std::uint64_t at) {
        std::vector<std::string> out;
        for (const auto& object : contents(at))
            out.push_back(object.id.text());
        return out;
    }
    std::vector<AuditRecord> audit(const AuditFilter& filter = {.oldest_first = true}) {
        return must(store_->audit(filter, {.limit = 0})).items;
    }
};

// Somebody who writes into the file past the store. Returns what SQLite says.
inline std::string meddle(const std::string& path, const std::string& sql) {
    sqlite3* database = nullptr;
    sqlite3_open(path.c_str(), &database);
    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    std::string said = sqlite3_errmsg(database);
    sqlite3_close(database);
    return said;
}

} // namespace ringwall::store::testing
