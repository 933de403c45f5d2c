#include "common/ip.h"

#include <gtest/gtest.h>

using ringwall::Address;
using ringwall::Prefix;

namespace {

Address address(const char* text) {
    return Address::parse(text).value();
}

TEST(Address, PrintsWhatItParsed) {
    for (const char* text : {"10.0.0.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1"})
        EXPECT_EQ(address(text).text(), text);
}

TEST(Address, RefusesWhatIsNotAnAddress) {
    for (const char* text : {"", "10.0.0", "10.0.0.256", "10.0.0.1/8", "fe80::1%eth0", "host"})
        EXPECT_FALSE(Address::parse(text)) << text;
}

TEST(Prefix, RefusesHostBitsAndBadLengths) {
    for (const char* text : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8 ",
                             "2001:db8::/129", "/8"})
        EXPECT_FALSE(Prefix::parse(text)) << text;
}

TEST(Prefix, ContainsItsOwnFamilyOnly) {
    const auto ten = Prefix::parse("10.0.0.0/8").value();
    EXPECT_TRUE(ten.contains(address("10.255.0.1")));
    EXPECT_FALSE(ten.contains(address("11.0.0.1")));
    EXPECT_FALSE(Prefix::parse("::/0").value().contains(address("10.0.0.1")));
    EXPECT_TRUE(Prefix::parse("0.0.0.0/0").value().contains(address("10.0.0.1")));
}

TEST(Cover, SplitsARangeIntoTheFewestPrefixes) {
    const auto parts = ringwall::cover(address("10.0.0.1"), address("10.0.0.6"));
    std::vector<std::string> text;
    for (const auto& p : parts)
        text.push_back(p.text());
    EXPECT_EQ(text,
              (std::vector<std::string>{"10.0.0.1", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6"}));
}

TEST(Cover, IsEmptyForAReversedRange) {
    EXPECT_TRUE(ringwall::cover(address("10.0.0.2"), address("10.0.0.1")).empty());
}

TEST(Cover, KeepsFullIpv4SpaceInIpv4) {
    const auto parts = ringwall::cover(address("0.0.0.0"), address("255.255.255.255"));
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].text(), "0.0.0.0/0");
}

} // namespace
