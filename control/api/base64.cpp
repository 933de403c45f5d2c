#include "control/api/base64.h"

#include <algorithm>

#include <openssl/evp.h>

namespace ringwall::api {

std::string base64(std::string_view bytes) {
    std::string out(((bytes.size() + 2) / 3 * 4) + 1, '\0'); // it writes a zero behind
    const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                      reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string base64url(std::string_view bytes) {
    auto out = base64(bytes);
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    out.erase(out.find_last_not_of('=') + 1);
    return out;
}

} // namespace ringwall::api
