#include "control/model/nearest.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace ringwall::model {
namespace {

constexpr std::size_t longest_word = 64; // longer words are not typing mistakes
constexpr int edit = 2;

int substitution(char a, char b) {
    if (a == b)
        return 0;
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return lower(a) == lower(b) ? 1 : edit;
}

// Damerau-Levenshtein (adjacent transpositions) with case changes at half price.
int distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<int>> cost(a.size() + 1, std::vector<int>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        cost[i][0] = static_cast<int>(i) * edit;
    for (std::size_t j = 0; j <= b.size(); ++j)
        cost[0][j] = static_cast<int>(j) * edit;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            cost[i][j] = std::min({cost[i - 1][j] + edit, cost[i][j - 1] + edit,
                                   cost[i - 1][j - 1] + substitution(a[i - 1], b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + edit);
        }
    }
    return cost[a.size()][b.size()];
}

} // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
    if (word.empty() || word.size() > longest_word)
        return {};
    std::string best;
    int best_cost = edit * std::max<int>(1, static_cast<int>(word.size()) / 4) + 1;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > longest_word)
            continue;
        const int cost = distance(word, candidate);
        if (cost < best_cost) {
            best = candidate;
            best_cost = cost;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates,
                         const std::string& otherwise) {
    const std::string best = nearest(word, candidates);
    return best.empty() ? otherwise : "did you mean \"" + best + "\"?";
}

} // namespace ringwall::model
