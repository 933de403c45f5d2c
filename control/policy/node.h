// YAML (and JSON) as a tree that keeps what strict reading needs: places, quotes, duplicate keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/model/problem.h"

namespace ringwall::policy {

using model::Problem;

struct Node {
    enum class Kind { null, text, sequence, mapping, broken }; // broken: already reported
    Kind kind = Kind::null;
    bool plain = false; // text without quotes
    int line = 0;       // 1-based
    int column = 0;
    std::string text;
    std::vector<Node> keys; // of a mapping: text nodes, unique, beside `items`
    std::vector<Node> items;

    const Node* find(std::string_view key) const;
};

// Nesting deeper than this is refused; the policy form itself needs about 12.
inline constexpr int deepest_nesting = 32;

// One tree per document. Problems: not UTF-8, control characters, YAML syntax, anchors, aliases,
// tags, duplicate and non-text keys, deep nesting. A document with a syntax error ends the file.
std::vector<Node> parse(std::string_view text, const std::string& file,
                        std::vector<Problem>& problems);

} // namespace ringwall::policy
