// What differs between two JSON bodies, field by field. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace ringwall::store {

struct Difference {
    enum class Kind { added, removed, changed, reordered };
    // RFC 6901. In an array of named elements (all objects, each with a "name" of its own) the
    // token is the name: "/rules/web-to-app/action". Elsewhere it is the index: of what was added,
    // the one after the change; else the one before it.
    std::string pointer;
    Kind kind = Kind::changed;
    // An absent side: not there. Of `reordered`: the array's names in their order.
    std::optional<boost::json::value> before, after;
    bool operator==(const Difference&) const = default;
};

// Nothing differs: empty. Members come by key; the elements of an array: removed, changed, added,
// and then the order where it is another.
std::vector<Difference> diff(const boost::json::value& before, const boost::json::value& after);

// Is every element an object with a string "name" that no other one has? So is an empty array.
bool has_named_elements(const boost::json::array& array);

} // namespace ringwall::store
