#include "control/core/error.h"

#include <utility>

namespace ringwall::core {
namespace {

Errc code_of(store::Errc code) {
    switch (code) {
    case store::Errc::invalid:
        return Errc::invalid;
    case store::Errc::not_found:
        return Errc::not_found;
    case store::Errc::exists:
        return Errc::exists;
    case store::Errc::stale:
        return Errc::stale;
    case store::Errc::conflict:
        return Errc::conflict;
    case store::Errc::nothing:
        return Errc::nothing;
    case store::Errc::reused_key:
        return Errc::reused_key;
    case store::Errc::full:
        return Errc::full;
    case store::Errc::in_use:
    case store::Errc::newer:
    case store::Errc::corrupt:
    case store::Errc::tampered:
    case store::Errc::io:
        break;
    }
    return Errc::io;
}

} // namespace

std::unexpected<Error> fail(Errc code, std::string message) {
    return std::unexpected(Error{code, std::move(message), {}});
}

Error from(const store::Error& error) {
    return {code_of(error.code), error.message, {}};
}

} // namespace ringwall::core
