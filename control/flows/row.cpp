#include "control/flows/row.h"

#include <cstring>

namespace ringwall::flows {

std::optional<Address> address_of(const std::string& bytes) {
    Address out;
    if (bytes.size() == 4) {
        out = Address::v4(0); // v4-mapped; the last four bytes are the address
        std::memcpy(&out.bytes[12], bytes.data(), 4);
    } else if (bytes.size() == 16) {
        std::memcpy(out.bytes.data(), bytes.data(), 16);
    } else {
        return std::nullopt;
    }
    return out;
}

} // namespace ringwall::flows
