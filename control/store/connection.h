// SQLite's connection, statements and transactions, wrapped where they are born. Private to the
// store: what fails in here is thrown as a Failure, and becomes a value at the store's interface.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "control/store/digest.h"
#include "control/store/values.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ringwall::store {

struct Failure {
    Error error;
};

[[noreturn]] void fail(Errc code, std::string message);

// The one place where a Failure is caught.
template <typename Work>
auto guarded(Work&& work) -> Result<std::invoke_result_t<Work>> {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (const Failure& failure) {
        return std::unexpected(failure.error);
    }
}

struct CloseDatabase {
    void operator()(sqlite3* database) const;
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Bytes of a BLOB column; a std::string_view is TEXT.
struct Blob {
    std::string_view bytes;
};

class Connection;

// A prepared statement on its way through its rows; goes back to the connection's cache.
class Query {
  public:
    Query(Connection& connection, Statement statement, Statement& home);
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    Query(Query&&) = default;
    Query& operator=(Query&&) = delete;
    ~Query();

    void bind(int index, std::int64_t value);
    void bind(int index, std::string_view value);
    void bind(int index, Blob value);
    void bind(int index, const Digest& value);
    template <std::integral T>
    void bind(int index, T value) {
        bind(index, static_cast<std::int64_t>(value));
    }
    template <typename T>
    void bind(int index, const std::optional<T>& value) {
        if (value)
            bind(index, *value);
    }

    bool step(); // false: no further row
    bool null(int column) const;
    std::int64_t integer(int column) const;
    std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    std::string text(int column) const;
    Digest digest(int column) const;

  private:
    Connection& connection_;
    Statement statement_;
    Statement& home_;
};

enum class Access { read, write, create };

class Connection {
  public:
    Connection(std::string path, Access access);

    // `sql` is a constant of the source; values only ever come as ?1, ?2 ...
    template <typename... Values>
    Query query(std::string_view sql, const Values&... values) {
        auto& home = cached(sql);
        Query query(*this, home ? std::move(home) : prepare(sql), home);
        int index = 0;
        (query.bind(++index, values), ...);
        return query;
    }
    template <typename... Values>
    void run(std::string_view sql, const Values&... values) {
        auto statement = query(sql, values...);
        while (statement.step()) {
        }
    }
    // The first column of the only row.
    std::int64_t integer(std::string_view sql);
    // Several statements, not prepared: schema and pragmas.
    void script(const std::string& sql);

    sqlite3* handle() const { return database_.get(); }
    const std::string& path() const { return path_; }
    [[noreturn]] void raise() const; // what SQLite says last
    [[noreturn]] void damaged(const std::string& detail) const;

  private:
    Statement& cached(std::string_view sql);
    Statement prepare(std::string_view sql);

    std::string path_;
    std::unique_ptr<sqlite3, CloseDatabase> database_;
    std::map<std::string, Statement, std::less<>> statements_;
};

// Undone at its end unless it was committed. A reading one gives several queries one state.
class Transaction {
  public:
    enum class Kind { reading, writing };
    Transaction(Connection& connection, Kind kind);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Transaction(Transaction&&) = delete;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    void commit();

  private:
    Connection& connection_;
};

} // namespace ringwall::store
