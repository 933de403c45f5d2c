// JSON values as the tree that the readers of policy documents read.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "control/policy/node.h"

namespace ringwall::policy {

// JSON has no lines: `line` of a node is its place in `pointers`, from 1, and `column` is 0.
struct JsonTree {
    Node root;
    std::vector<std::string> pointers; // RFC 6901
};

// The value's nesting is bounded by whoever parsed it.
JsonTree from_json(const boost::json::value& value);

// "/spec/rules/0" and "a/b" -> "/spec/rules/0/a~1b"
std::string pointer_to(const std::string& parent, std::string_view token);

} // namespace ringwall::policy
