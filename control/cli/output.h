// What goes to the terminal: data on stdout, everything else on stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "control/cli/command.h"

namespace ringwall::cli {

enum class Color { plain, green, yellow, red, dim, bold };

// Wraps text in a colour when that is wanted; plain otherwise.
class Painter {
  public:
    explicit Painter(bool on) : on_(on) {}
    // By --color, NO_COLOR, TERM and whether stdout is a terminal.
    static Painter from(const Arguments& arguments);
    std::string operator()(Color color, std::string_view text) const;
    // allowed green, would-block and unmatched yellow, blocked red
    std::string verdict(std::string_view verdict, std::size_t width = 0) const;

  private:
    bool on_;
};

void print(std::string_view text); // stdout; ends the program quietly when nobody reads
void print_json(const boost::json::value& value);

// Columns padded to their widest cell, two spaces between, nothing after the last.
std::string columns(const std::vector<std::vector<std::string>>& rows);
// Counts code points, colours not; some are wide or nothing on a terminal.
std::size_t width_of(std::string_view text);

} // namespace ringwall::cli
