// The line that a person pastes: read exactly, or refused with the reason.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/ip.h"
#include "common/pki/digest.h"
#include "control/pki/pairing_line.h"
#include "tests/unit/pki_world.h"

namespace ringwall::pki {
namespace {

using test::expect_refused;
using test::must;

PairingLine line() {
    return {.host = "10.0.0.1",
            .port = 8443,
            .ca = sha256_hex("ca"),
            .signer = sha256_hex("signer"),
            .token = sha256_hex("token")};
}

// As if a program with a fault had printed it: the check digits fit.
std::string checked(const std::string& before) {
    return before + ",check=" + sha256_hex(before).substr(0, 8);
}

std::string with(const std::string& from, const std::string& to) {
    auto text = format_line(line());
    text.resize(text.rfind(','));
    const auto at = text.find(from);
    if (at == std::string::npos)
        throw std::logic_error("no " + from);
    return checked(text.replace(at, from.size(), to));
}

std::string random_host() {
    switch (*rc::gen::inRange(0, 3)) {
    case 0:
        return Address::v4(*rc::gen::arbitrary<std::uint32_t>()).text();
    case 1: {
        Address address;
        for (auto& byte : address.bytes)
            byte = *rc::gen::arbitrary<std::uint8_t>();
        return address.text();
    }
    default:
        return *rc::gen::container<std::string>(1 + *rc::gen::inRange<std::size_t>(0, 60),
                                                rc::gen::inRange('a', 'z')) +
               ".example";
    }
}

PairingLine random_line() {
    const auto digest = [] { return sha256_hex(*rc::gen::arbitrary<std::string>()); };
    return {.host = random_host(),
            .port = static_cast<std::uint16_t>(*rc::gen::inRange(1, 65536)),
            .ca = digest(),
            .signer = digest(),
            .token = digest()};
}

TEST(PkiLine, LooksAsItIsDocumented) {
    EXPECT_EQ(format_line(line()),
              checked(fmt::format("rwpair1,host=10.0.0.1,port=8443,ca={},signer={},token={}",
                                  sha256_hex("ca"), sha256_hex("signer"), sha256_hex("token"))));
}

TEST(PkiLine, NeedsNoQuotesInAShell) {
    auto given = line();
    given.host = "2001:db8::1";
    EXPECT_EQ(format_line(given).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789,=:.-"),
              std::string::npos);
}

TEST(PkiLine, WhatIsNoPairingLineIsSaidToBeNone) {
    for (const char* text : {"", "hello", "https://10.0.0.1", "RWPAIR1,host=10.0.0.1"})
        expect_refused(parse_line(text), LineErrc::not_a_line, {"begins with \"rwpair1,\""});
    expect_refused(parse_line(std::string(2000, 'x')), LineErrc::not_a_line, {"2000 bytes"});
}

TEST(PkiLine, OfAnotherVersionAsksForTheRightAgent) {
    expect_refused(parse_line("rwpair2,host=10.0.0.1"), LineErrc::version,
                   {"version \"2\"", "knows version 1", "install the agent"});
}

TEST(PkiLine, WithASpaceOrABreakInsideIsRefusedWithThePlace) {
    const auto text = format_line(line());
    expect_refused(parse_line(text + "\n"), LineErrc::field, {"line break"});
    expect_refused(parse_line("rwpair1, host=10.0.0.1"), LineErrc::field, {"character 9"});
    expect_refused(parse_line(std::string("rwpair1,\0", 9)), LineErrc::field, {"character 9"});
}

TEST(PkiLine, CutAnywhereIsRefused) {
    const auto text = format_line(line());
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_FALSE(parse_line(text.substr(0, length))) << length;
    expect_refused(parse_line(text.substr(0, text.find(",token"))), LineErrc::cut,
                   {"ends before \"token=\"", "paste the whole line"});
    expect_refused(parse_line(text.substr(0, text.size() - 1)), LineErrc::cut,
                   {"\"check=\"", "7 characters"});
}

TEST(PkiLine, FieldsHaveTheirOrderAndNoOthersAreTaken) {
    expect_refused(parse_line(with("port=", "prot=")), LineErrc::field,
                   {"\"prot\"", "\"port=\" belongs"});
    expect_refused(parse_line(with("host=10.0.0.1,", "")), LineErrc::field,
                   {"\"port\"", "\"host=\" belongs"});
    expect_refused(parse_line(with("port=8443", "port=8443,port=8443")), LineErrc::field,
                   {"\"ca=\" belongs"});
    expect_refused(parse_line(format_line(line()) + ",more=1"), LineErrc::field, {"check="});
}

TEST(PkiLine, ABadHostOrPortIsNamed) {
    for (const char* host :
         {"", "a_b", "UPPER", "[::1]", "010.0.0.1", "::ffff:10.0.0.1", "2001:DB8::1", "a..b"})
        expect_refused(parse_line(with("host=10.0.0.1", fmt::format("host={}", host))),
                       LineErrc::field, {"controller", host});
    for (const char* port : {"", "0", "65536", "8443x", "-1", "+1", "08443"})
        expect_refused(parse_line(with("port=8443", fmt::format("port={}", port))), LineErrc::field,
                       {"port", "1 to 65535"});
}

TEST(PkiLine, AFingerprintOrTokenOfAnotherFormIsNamedButNotRepeated) {
    const auto token = sha256_hex("token");
    for (const auto& [field, value] :
         {std::pair{"ca", sha256_hex("ca")}, {"signer", sha256_hex("signer")}, {"token", token}}) {
        const auto name = fmt::format("\"{}=\"", field);
        expect_refused(parse_line(with(value, value.substr(1))), LineErrc::field,
                       {name.c_str(), "63 characters"});
        expect_refused(parse_line(with(value, value + "0")), LineErrc::field, {name.c_str()});
        expect_refused(parse_line(with(value, "G" + value.substr(1))), LineErrc::field,
                       {name.c_str()});
    }
    EXPECT_EQ(parse_line(with(token, token.substr(1))).error().message.find(token.substr(1)),
              std::string::npos);
}

TEST(PkiLine, AnAlteredTokenIsSeenByTheCheckDigits) {
    auto text = format_line(line());
    auto& digit = text[text.find("token=") + 6];
    digit = digit == '0' ? '1' : '0';
    expect_refused(parse_line(text), LineErrc::damaged, {"check digits", "altered in copying"});
}

RC_GTEST_PROP(PkiLine, EveryLineIsReadBack, ()) {
    const auto given = random_line();
    RC_ASSERT(must(parse_line(format_line(given))) == given);
}

RC_GTEST_PROP(PkiLine, AnyChangedCharacterIsRefused, ()) {
    auto text = format_line(random_line());
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    text[at] = *rc::gen::distinctFrom(rc::gen::arbitrary<char>(), text[at]);
    RC_ASSERT(!parse_line(text));
}

RC_GTEST_PROP(PkiLine, AnyInsertedRemovedOrRepeatedPartIsRefused, ()) {
    const auto text = format_line(random_line());
    const auto from = *rc::gen::inRange<std::size_t>(0, text.size());
    const auto size = *rc::gen::inRange<std::size_t>(1, text.size() - from + 1);
    auto removed = text;
    removed.erase(from, size);
    RC_ASSERT(!parse_line(removed));
    auto repeated = text;
    repeated.insert(from, text.substr(from, size));
    RC_ASSERT(!parse_line(repeated));
    auto inserted = text;
    inserted.insert(from, 1, *rc::gen::arbitrary<char>());
    RC_ASSERT(!parse_line(inserted));
}

RC_GTEST_PROP(PkiLine, AnyTextIsAnsweredWithoutHarm, (const std::string& text)) {
    RC_ASSERT(!parse_line(text));
    RC_ASSERT(!parse_line("rwpair1," + text));
}

} // namespace
} // namespace ringwall::pki
