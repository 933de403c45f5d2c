// Comma-separated values (RFC 4180) with the places of their cells. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "control/model/problem.h"

namespace ringwall::cli {

struct Cell {
    std::string text;         // without quotes and surrounding spaces
    int line = 0, column = 0; // 1-based; of the first character
};
using CsvRow = std::vector<Cell>;

// Rows with at least one cell that is not empty. A cell in quotes may hold commas, line ends and
// doubled quotes. The problem: an open quote, text behind a closing one.
std::expected<std::vector<CsvRow>, model::Problem> parse_csv(std::string_view text,
                                                             const std::string& file);

} // namespace ringwall::cli
