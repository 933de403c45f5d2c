#include "common/address_bytes.h"

#include <cstring>

namespace ringwall {

std::string address_bytes(const Address& address) {
    const auto* all = reinterpret_cast<const char*>(address.bytes.data());
    return address.is_v4() ? std::string(all + 12, 4) : std::string(all, 16);
}

std::optional<Address> address_from_bytes(std::string_view bytes) {
    if (bytes.size() != 4 && bytes.size() != 16)
        return std::nullopt;
    Address out = Address::v4(0); // the head of a mapped address
    std::memcpy(out.bytes.data() + (16 - bytes.size()), bytes.data(), bytes.size());
    return out;
}

} // namespace ringwall
