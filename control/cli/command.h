// The command line as a table: help, completion and parsing all read it.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace ringwall::cli {

// Documented in ringwall(1).
enum class Exit : int {
    ok = 0,
    failed = 1,
    usage = 2,
    not_found = 3,
    forbidden = 5,
    unreachable = 6,
    invalid = 7,
};
using Error = BasicError<Exit>;
template <typename T>
using Result = std::expected<T, Error>;

struct Flag {
    std::string_view names; // "--policy" or "-f,--follow"
    std::string_view value; // what it takes; empty: a switch
    std::string_view help;
    bool list = false; // may be repeated
    std::string_view long_name() const { return names.substr(names.find("--")); }
};

class Arguments {
  public:
    void put(std::string_view long_name, std::vector<std::string> values);
    bool has(std::string_view long_name) const { return values_.contains(long_name); }
    const std::vector<std::string>& all(std::string_view long_name) const;
    std::string get(std::string_view long_name, std::string_view otherwise = "") const;
    bool json() const; // -o json or jsonl

    std::string operand; // the first of `operands`
    std::vector<std::string> operands;

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Whom a command asks: decides which of the common flags it has, and where help lists it.
enum class Peer { nobody, agent, controller, both };

struct Command {
    std::string_view name; // "status", "policy check"
    std::string_view summary;
    std::string_view details; // examples and what is worth knowing
    // "PATH", "[FILE]", "KIND [NAME...]": optional in brackets, "..." for any number; empty: none
    std::string_view operand;
    std::span<const Flag> flags;
    Result<void> (*run)(const Arguments& arguments);
    Peer peer = Peer::agent;
    std::span<const std::string_view> more_formats; // of --output
};

std::span<const Command> commands();
// "policy" of "policy check": what help says of the group. A group without a second word is its
// first command.
std::string_view group_summary(std::string_view group);
// Of every command with this peer, table by table.
std::vector<std::span<const Flag>> common_flags(Peer peer);
// Its own and the common ones.
std::vector<std::span<const Flag>> flags_of(const Command& command);

struct Parsed {
    const Command* command = nullptr; // null: help or version was printed, or the usage is wrong
    Arguments arguments;
    int exit = 0;
};
// A bare call is `status`.
Parsed parse(int argc, const char* const* argv);

// "10m", "90s", "2h", "1d" -> seconds
Result<std::uint32_t> parse_duration(std::string_view text);

} // namespace ringwall::cli
