// The one error value of every module: an enum for code, a sentence for a person.
#pragma once

#include <expected>
#include <string>
#include <type_traits>
#include <utility>

namespace ringwall {

// `Code` is the module's own enum. `message` says what is wrong, where, and what to do.
template <typename Code>
struct BasicError {
    Code code;
    std::string message;
};

// What a function that failed returns.
template <typename Code>
    requires std::is_enum_v<Code>
std::unexpected<BasicError<Code>> fail(Code code, std::string message) {
    return std::unexpected(BasicError<Code>{code, std::move(message)});
}

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
