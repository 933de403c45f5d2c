// What a provision or a staging would make, in words. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "control/cli/output.h"

namespace ringwall::cli {

// Members of a list in the answer; 0 where there is none.
std::size_t list_size(const boost::json::object& answer, const char* list);
std::string counted(std::size_t number, std::string_view what); // "2 agents"
// The changes, and what comes along; nothing of whom it concerns.
std::string changes_text(const boost::json::object& plan, const Painter& paint);

} // namespace ringwall::cli
