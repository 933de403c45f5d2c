// What the API answers when it cannot do what was asked: RFC 9457, with a code for programs.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "control/core/error.h"
#include "control/http/message.h"

namespace ringwall::api {

struct Problem {
    unsigned status = 400;
    std::string code;   // "stale"; the OpenAPI document lists them
    std::string detail; // what is wrong and what to do
    std::vector<core::Fault> faults;
    std::vector<std::pair<std::string, std::string>> headers;
};
template <typename T>
using Result = std::expected<T, Problem>;

Problem from(const core::Error& error);
Problem from(const store::Error& error);

// Of reading a page: a bad cursor is a bad parameter.
Problem of_page(core::Error error);

std::unexpected<Problem> malformed(std::string detail);
std::unexpected<Problem> forbidden(std::string detail);
std::unexpected<Problem> not_found(std::string detail);
std::unexpected<Problem> conflict(std::string detail);
// The first fault's sentence is the detail.
std::unexpected<Problem> invalid(std::vector<core::Fault> faults);

http::Response response(const Problem& problem);

} // namespace ringwall::api
