#include <gtest/gtest.h>

#include "common/address_bytes.h"

namespace ringwall {
namespace {

TEST(AddressBytes, FourForIpv4SixteenForIpv6AndBack) {
    for (const auto& [text, size] :
         {std::pair{"10.0.1.5", 4U}, std::pair{"0.0.0.0", 4U}, std::pair{"2001:db8::5", 16U}}) {
        const auto address = Address::parse(text).value();
        EXPECT_EQ(address_bytes(address).size(), size) << text;
        EXPECT_EQ(address_from_bytes(address_bytes(address)), address) << text;
    }
    EXPECT_EQ(address_bytes(Address::parse("10.0.1.5").value()),
              std::string("\x0a\x00\x01\x05", 4));
}

TEST(AddressBytes, AMappedAddressOfSixteenBytesIsTheShortOne) {
    const std::string mapped =
        std::string(10, '\0') + "\xff\xff" + std::string("\x0a\x00\x01\x05", 4);
    EXPECT_EQ(address_from_bytes(mapped), Address::parse("10.0.1.5"));
}

TEST(AddressBytes, OtherLengthsAreNone) {
    for (const std::size_t size : {0U, 3U, 5U, 15U, 17U})
        EXPECT_FALSE(address_from_bytes(std::string(size, 'x'))) << size;
}

} // namespace
} // namespace ringwall
