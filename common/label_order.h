// In which order people read labels.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringwall {

inline constexpr std::array<std::string_view, 4> usual_labels{"role", "app", "env", "loc"};

inline bool is_usual_label(std::string_view key) {
    return std::ranges::find(usual_labels, key) != usual_labels.end();
}

// The usual ones first, then the others by key.
template <typename Value>
std::vector<std::pair<std::string, Value>>
in_usual_order(const std::map<std::string, Value>& labels) {
    std::vector<std::pair<std::string, Value>> out;
    for (const auto key : usual_labels)
        if (const auto found = labels.find(std::string(key)); found != labels.end())
            out.push_back(*found);
    for (const auto& label : labels)
        if (!is_usual_label(label.first))
            out.push_back(label);
    return out;
}

} // namespace ringwall
