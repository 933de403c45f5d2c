// The controller's one error channel: code, sentence, and what is wrong field by field.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "control/store/values.h"

namespace ringwall::core {

enum class Errc {
    invalid,    // the request itself; `faults` name the fields
    forbidden,  // this principal may not
    not_found,  // no such object, version, agent
    exists,     // must not exist, but does
    stale,      // an expected revision is not the present one
    conflict,   // contradicts what is there (a named workload is removed, base version is old)
    nothing,    // nothing to provision
    reused_key, // idempotency key with other content
    frozen,     // a maintenance freeze is on
    busy,       // a rollout is under way
    full,       // no space on the disk
    io,         // disk, damage
};

struct Fault {
    store::ObjectId object; // empty: the request as a whole
    std::string pointer;    // RFC 6901, inside the document: "/spec/rules/0/action"
    std::string sentence;   // what is wrong and what to write
    bool warning = false;
    bool operator==(const Fault&) const = default;
};

struct Error {
    Errc code = Errc::invalid;
    std::string message;
    std::vector<Fault> faults;
};
template <typename T>
using Result = std::expected<T, Error>;

std::unexpected<Error> fail(Errc code, std::string message);
Error from(const store::Error& error);

} // namespace ringwall::core
