// The one error value of every module: an enum for code, a sentence for a person.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace ringwall {

// `Code` is the module's own enum. `message` says what is wrong, where, and what to do.
template <typename Code>
struct BasicError {
    Code code;
    std::string message;
};

// Where in the user's input something stands; line and column are 1-based, 0 = unknown.
struct Place {
    std::string file;
    int line = 0;
    int column = 0;

    std::string text() const {
        if (line == 0)
            return file;
        return file + ":" + std::to_string(line) + (column ? ":" + std::to_string(column) : "");
    }
    bool operator==(const Place&) const = default;
};

} // namespace ringwall
