// A controller's authority and hosts with keys, for the stories about certificates.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "common/pki/request.h"
#include "control/pki/authority.h"

namespace ringwall::pki::test {

inline constexpr std::int64_t noon = 1'800'000'000; // 2027-01-15 08:00:00 UTC
inline constexpr std::int64_t hour = 3600, day = 86400;

// Ends the test where a step that the story needs goes wrong.
template <typename Expected>
auto must(Expected result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

inline Authority new_authority(std::int64_t now = noon) {
    return must(Authority::create(now));
}

// A key that was made on the host, and what the authority gave for it.
struct Holder {
    PrivateKey key;
    Issued issued;

    std::vector<Certificate> chain() const { return must(parse_certificates(issued.chain)); }
};

inline Holder holder(const Authority& authority, const Grant& grant, std::int64_t now = noon) {
    auto key = must(PrivateKey::generate(KeyKind::tls));
    auto request = must(make_request(key, "anything"));
    return {key, must(authority.issue(request, grant, now))};
}

inline Holder agent(const Authority& authority, const std::string& id, std::int64_t now = noon) {
    return holder(authority, {.identity = {Kind::agent, id}, .lifetime = day}, now);
}

inline Holder controller(const Authority& authority, std::int64_t now = noon) {
    return holder(authority,
                  {.identity = {Kind::controller, "main"},
                   .lifetime = 30 * day,
                   .names = {"ringwall.example", "10.0.0.1", "2001:db8::1"}},
                  now);
}

inline Expected as_controller(std::int64_t now = noon) {
    return {Purpose::server, now, "spiffe://ringwall/controller/"};
}

inline Expected as_agent(std::int64_t now = noon) {
    return {Purpose::client, now, "spiffe://ringwall/agent/"};
}

// The code, and every one of the words in the sentence.
template <typename Expected, typename Code>
void expect_refused(const Expected& result, Code code, std::initializer_list<const char*> words) {
    ASSERT_FALSE(result) << "it was accepted";
    EXPECT_EQ(result.error().code, code) << result.error().message;
    for (const char* word : words)
        EXPECT_NE(result.error().message.find(word), std::string::npos)
            << "no \"" << word << "\" in: " << result.error().message;
}

} // namespace ringwall::pki::test
