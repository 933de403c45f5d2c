// The file and the failures of the store of flows. Private to it.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "control/flows/row.h"
#include "control/store/connection.h"

namespace ringwall::flows {

class ChunkWriter;

// Makes the tables in an empty file, and those of an older version into those of this one; refuses
// a file of something else or of a newer schema.
void prepare_schema(store::Connection& connection);

inline constexpr std::uint64_t largest_chunk = 1000; // rows
// Into the table `chunk`; finishes it.
void insert_chunk(store::Connection& connection, ChunkWriter& chunk);

// The policy store's advice for a damaged file is a backup; there is none of flows.
Error from(const store::Error& error, const std::string& path);

// Where failures become values.
template <typename Work>
auto guarded(const std::string& path, Work&& work) -> Result<std::invoke_result_t<Work>> {
    auto result = store::guarded(std::forward<Work>(work));
    if (!result)
        return std::unexpected(from(result.error(), path));
    if constexpr (std::is_void_v<std::invoke_result_t<Work>>)
        return {};
    else
        return std::move(*result);
}

// A place between rows: the one behind it is older, or as old and of a lower id.
struct Cursor {
    std::int64_t at, id;

    static Cursor newest();
    static Cursor parse(const std::string& text); // throws store::Failure
    std::string text() const;
};

} // namespace ringwall::flows
