// The target of a request taken apart, and its query parameters read strictly. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/api/problem.h"

namespace ringwall::api {

struct Target {
    std::vector<std::string> path;            // segments, percent-decoded
    std::map<std::string, std::string> query; // percent-decoded, "+" is a space
};
// Refused: what is no origin-form target, bad percent-encoding, bytes that are no UTF-8, control
// characters, a parameter given twice.
Result<Target> parse_target(std::string_view target);

bool is_utf8(std::string_view text);

// Reads the parameters of one endpoint. Each function remembers the first thing that is wrong;
// check() tells it.
class Params {
  public:
    explicit Params(std::map<std::string, std::string> query) : query_(std::move(query)) {}

    // A parameter that is not among these is an error.
    void allow(std::initializer_list<std::string_view> known);
    std::optional<std::string> text(const std::string& name) const;
    bool flag(const std::string& name); // true, false; left out: false
    std::optional<std::uint64_t> number(const std::string& name, std::uint64_t least,
                                        std::uint64_t most);
    std::optional<std::int64_t> time_ns(const std::string& name); // RFC 3339

    void fail(std::string sentence);
    Result<void> check() const;

  private:
    std::map<std::string, std::string> query_;
    std::optional<std::string> wrong_;
};

} // namespace ringwall::api
