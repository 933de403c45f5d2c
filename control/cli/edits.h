// What changed, or would: answers of the API as lines.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "control/cli/command.h"
#include "control/cli/output.h"

namespace ringwall::cli {

// "ruleset/payments" of an object with kind and name.
std::string short_name(const boost::json::value& object);

// One line per object: "workload/web-1 created". With `details` its differences below. `objects`:
// edits, changes.
std::string edit_lines(const boost::json::array& objects, const Painter& paint, bool details);

// "  ~ /spec/rules/web-to-app/action: allow -> deny"
std::string difference_lines(const boost::json::value* differences, const Painter& paint);

// Prints {edits, warnings} in the wanted format, warnings on stderr.
struct Shown {
    bool dry = false, details = false;
};
void print_edits(const boost::json::object& answer, const Arguments& arguments, Shown how);

} // namespace ringwall::cli
