// Failed system calls as sentences.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>

#include "loader/datapath.h"

namespace ringwall::loader {

inline std::unexpected<Error> failure(Errc code, std::string sentence) {
    return std::unexpected(Error{code, std::move(sentence)});
}

// "WHAT: the system's reason; CURE". A refusal for lack of rights is Errc::permission.
inline std::unexpected<Error> system_failure(const std::string& what, int error,
                                             const std::string& cure = {}) {
    const Errc code = error == EPERM || error == EACCES ? Errc::permission : Errc::io;
    return failure(code, what + ": " + std::strerror(error) + (cure.empty() ? "" : "; " + cure));
}

} // namespace ringwall::loader
