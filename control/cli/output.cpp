#include "control/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace ringwall::cli {

Painter Painter::from(const Arguments& arguments) {
    const auto when = arguments.get("--color", "auto");
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool capable = isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
                         !(term && std::string_view(term) == "dumb");
    return Painter(when == "always" || (when == "auto" && capable));
}

std::string Painter::operator()(Color color, std::string_view text) const {
    if (!on_ || color == Color::plain)
        return std::string(text);
    const int code = color == Color::green    ? 32
                     : color == Color::yellow ? 33
                     : color == Color::red    ? 31
                     : color == Color::dim    ? 2
                                              : 1;
    return fmt::format("\033[{}m{}\033[0m", code, text);
}

std::string Painter::verdict(std::string_view verdict, std::size_t width) const {
    const auto color = verdict == "allowed"   ? Color::green
                       : verdict == "blocked" ? Color::red
                                              : Color::yellow;
    return (*this)(color, fmt::format("{:<{}}", verdict, width));
}

void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        std::_Exit(0); // the reader of a pipe has gone
}

void print_json(const boost::json::value& value) {
    print(boost::json::serialize(value) + "\n");
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\033') // of a colour, to its "m"
            i = std::min(text.find('m', i), text.size());
        else
            width += (text[i] & 0xc0) != 0x80;
    return width;
}

std::string columns(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 < row.size())
                out.append(widths[i] - width_of(row[i]) + 2, ' ');
        }
        out += '\n';
    }
    return out;
}

} // namespace ringwall::cli
