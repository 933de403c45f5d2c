// From rows to pages. Private to the store; throws Failure.
#pragma once

#include <charconv>
#include <string>
#include <type_traits>

#include "control/store/connection.h"

namespace ringwall::store {

// One row more than asked for shows whether something follows. -1: all, in SQLite's LIMIT.
inline std::int64_t rows_for(const PageRequest& page) {
    return page.limit == 0 ? -1 : static_cast<std::int64_t>(page.limit) + 1;
}

// `item` makes a T from a row, `cursor` the text from which the page after that T goes on.
template <typename Item, typename Cursor>
auto page_of(Query& rows, const PageRequest& request, Item item, Cursor cursor) {
    Page<std::invoke_result_t<Item, Query&>> page;
    while (rows.step()) {
        if (request.limit != 0 && page.items.size() == request.limit) {
            page.next = cursor(page.items.back());
            break;
        }
        page.items.push_back(item(rows));
    }
    return page;
}

[[noreturn]] inline void fail_cursor(const std::string& cursor) {
    fail(Errc::invalid,
         "'" + cursor + "' is no place to go on from; use what the page before gave as next");
}

// Of lists in the order of a number.
inline std::int64_t number_cursor(const std::string& cursor, std::int64_t start) {
    if (cursor.empty())
        return start;
    std::int64_t number = 0;
    const auto* end = cursor.data() + cursor.size();
    const auto [stop, error] = std::from_chars(cursor.data(), end, number);
    if (error != std::errc() || stop != end || number < 0)
        fail_cursor(cursor);
    return number;
}

// Of lists in the order of kind and name: "kind/name".
inline ObjectId id_cursor(const std::string& cursor) {
    if (cursor.empty())
        return {};
    const auto slash = cursor.find('/');
    if (slash == std::string::npos)
        fail_cursor(cursor);
    return {cursor.substr(0, slash), cursor.substr(slash + 1)};
}

} // namespace ringwall::store
