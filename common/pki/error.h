// The one error of everything in common/pki.
#pragma once

#include <expected>

#include "common/error.h"

namespace ringwall::pki {

enum class Errc {
    malformed,      // not PEM, not DER, a bad name
    too_big,        // over a stated limit; nothing was parsed
    weak_key,       // another kind of key than Ringwall uses
    bad_signature,  // altered, or signed by somebody else
    io,             // the file system said no
    untrusted_file, // a secret that others may read or own
    expired,
    not_yet_valid,
    unknown_ca,
    wrong_purpose,  // a client's certificate where a server's is needed, or the reverse
    wrong_identity, // its URI is missing or of another kind
    revoked,        // for PeerCheck: common/pki itself knows no revocations
    unknown_key,    // signed by a key that is not pinned
    wrong_context,  // signed for something else, or in another version of the format
    library,        // OpenSSL failed where it should not; the message has its words
};
using Error = BasicError<Errc>;

template <typename T>
using Result = std::expected<T, Error>;

} // namespace ringwall::pki
