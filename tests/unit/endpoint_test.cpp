#include "common/endpoint.h"

#include <gtest/gtest.h>

using ringwall::Endpoint;

namespace {

TEST(Endpoints, AreAHostAndAPort) {
    EXPECT_EQ(Endpoint::parse("10.0.0.1:8443"), (Endpoint{"10.0.0.1", 8443}));
    EXPECT_EQ(Endpoint::parse("[2001:db8::1]:443"), (Endpoint{"2001:db8::1", 443}));
    EXPECT_EQ(Endpoint::parse("ringwall.example:1"), (Endpoint{"ringwall.example", 1}));
    for (const auto* wrong :
         {"", ":1", "a", "a:", "a:0", "a:65536", "a:1x", "2001:db8::1:443", "[x]:1", "[10.0.0.1:1"})
        EXPECT_FALSE(Endpoint::parse(wrong)) << wrong;
    EXPECT_EQ((Endpoint{"2001:db8::1", 443}).text(), "[2001:db8::1]:443");
}

} // namespace
