// Members of JSON objects, read strictly: every problem becomes a fault with its pointer. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "control/core/error.h"
#include "control/model/model.h"

namespace ringwall::api {

using Faults = std::vector<core::Fault>;

// One object. Members that are not `known` are faults that name the nearest known one.
class Fields {
  public:
    Fields(const boost::json::value& value, std::string pointer, Faults& faults,
           std::initializer_list<std::string_view> known);

    // Null: left out, or given as null.
    const boost::json::value* find(std::string_view key) const;
    std::string pointer(std::string_view key) const;
    void fault(std::string_view key, std::string sentence);
    void require(std::string_view key);

    // Absent, or reported as a fault: nothing.
    std::optional<std::string> text(std::string_view key, std::size_t longest = 255);
    std::optional<std::string> name(std::string_view key); // of an object
    std::optional<std::uint64_t> number(std::string_view key, std::uint64_t least,
                                        std::uint64_t most);
    std::optional<bool> flag(std::string_view key);
    std::optional<std::vector<std::string>> texts(std::string_view key);
    std::optional<model::Labels> labels(std::string_view key);
    std::optional<model::Mode> mode(std::string_view key);
    const boost::json::array* array(std::string_view key);

  private:
    const boost::json::object* object_ = nullptr;
    std::string pointer_;
    Faults& faults_;
};

// RFC 6901: the pointer with one more token.
std::string pointer_to(const std::string& parent, std::string_view token);
// In double quotes, cut between two characters when it is long: for sentences.
std::string in_quotes(std::string_view text);
// Letters, digits, ".", "_", "-", beginning with a letter or digit, at most 255.
bool is_name(std::string_view text);

} // namespace ringwall::api
