// Fields of JSON that somebody else wrote.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace ringwall::agent {

// "" where there is no such text.
inline std::string text_at(const boost::json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found && found->is_string() ? std::string(found->get_string()) : std::string{};
}
inline std::string text_at(const boost::json::value& value, std::string_view key) {
    const auto* object = value.if_object();
    return object ? text_at(*object, key) : std::string{};
}

} // namespace ringwall::agent
