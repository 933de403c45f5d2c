// What can go wrong between a person's command and the controller.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace ringwall::client {

enum class Errc {
    bad_request, // this side's own: no URL, a header with line ends
    unreachable, // no connection
    untrusted,   // its certificate is not one of the controller that is meant
    timeout,     // connected, but no answer in time
    lost,        // the connection ended before the answer did
    malformed,   // the answer is no HTTP, or no JSON where it must be
    too_big,     // the answer is larger than what is kept
    problem,     // the controller refused: `problem` says why
};

// One thing that is wrong with one object.
struct Fault {
    std::string kind, name; // as the controller wrote them; empty: the request as a whole
    std::string pointer;    // RFC 6901, inside the document
    std::string sentence;
    bool warning = false;
    bool operator==(const Fault&) const = default;
};

// application/problem+json (RFC 9457).
struct Problem {
    unsigned status = 0;
    std::string code, title, detail;
    std::vector<Fault> faults;
    std::optional<std::chrono::seconds> retry_after;
};

struct Error {
    Errc code = Errc::bad_request;
    std::string message; // one sentence
    std::optional<Problem> problem;
};
template <typename T>
using Result = std::expected<T, Error>;

} // namespace ringwall::client
