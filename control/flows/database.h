// The file and the failures of the store of flows. Private to it.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "control/flows/row.h"
#include "control/store/connection.h"

namespace ringwall::flows {

// Makes the tables in an empty file; refuses a file of something else or of a newer schema.
void prepare_schema(store::Connection& connection);

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
