#include "control/store/digest.h"

#include <iterator>

#include <fmt/format.h>
#include <openssl/sha.h>

namespace ringwall::store {

Digest sha256(std::string_view text) {
    Digest out;
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
    return out;
}

std::string hex(const Digest& digest) {
    std::string out;
    for (auto byte : digest)
        fmt::format_to(std::back_inserter(out), "{:02x}", byte);
    return out;
}

} // namespace ringwall::store
