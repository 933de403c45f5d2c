#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/pki/certificate.h"
#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

constexpr int longest_path = 3; // CAs above the leaf

std::string clock_text(std::int64_t time) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(time)));
}

std::string span_text(std::int64_t seconds) {
    if (seconds >= 48 * 3600)
        return fmt::format("{} days", seconds / 86400);
    if (seconds >= 3600)
        return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
    if (seconds >= 60)
        return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return fmt::format("{} s", seconds);
}

std::string who(const Certificate& certificate) {
    return fmt::format("the certificate of \"{}\"",
                       certificate.uri.empty() ? certificate.subject : certificate.uri);
}

std::string short_print(const Certificate& certificate) {
    return certificate.fingerprint.substr(0, 16);
}

std::string list_of(const std::vector<Certificate>& roots) {
    std::string out;
    for (const auto& root : roots)
        out += fmt::format("{}\"{}\" (sha256 {}...)", out.empty() ? "" : ", ", root.subject,
                           short_print(root));
    return out.empty() ? "none" : out;
}

std::unexpected<Error> expired(const Certificate& certificate, std::int64_t now) {
    return fail(Errc::expired,
                fmt::format("{} expired {} ago, at {}, by this host's clock ({}); check the clock, "
                            "and if it is right, renew the certificate or pair again",
                            who(certificate), span_text(now - certificate.not_after),
                            clock_text(certificate.not_after), clock_text(now)));
}

std::unexpected<Error> not_yet_valid(const Certificate& certificate, std::int64_t now) {
    return fail(Errc::not_yet_valid,
                fmt::format("{} is valid from {}, which is {} ahead of this host's clock ({}); "
                            "check the clock of this host and of the controller",
                            who(certificate), clock_text(certificate.not_before),
                            span_text(certificate.not_before - now), clock_text(now)));
}

std::unexpected<Error> unknown_ca(const Certificate& certificate,
                                  const std::vector<Certificate>& roots) {
    return fail(Errc::unknown_ca,
                fmt::format("{} was issued by \"{}\", but trusted here are: {}; this is another "
                            "controller's, or a CA that this side has not learnt: check the "
                            "controller's address, or pair again with the right controller",
                            who(certificate), certificate.issuer, list_of(roots)));
}

Result<void> check_identity(const Certificate& leaf, const Expected& expected) {
    const bool client = expected.purpose == Purpose::client;
    if (leaf.is_ca || !(client ? leaf.for_client : leaf.for_server))
        return fail(Errc::wrong_purpose,
                    fmt::format("{} is not for a {}{}; the peer was given the certificate of "
                                "another part of Ringwall: pair it again or issue the right one",
                                who(leaf), client ? "client" : "server",
                                leaf.is_ca ? " but for a CA" : ""));
    if (!leaf.uri.starts_with(expected.uri_prefix) || leaf.uri.size() == expected.uri_prefix.size())
        return fail(Errc::wrong_identity,
                    fmt::format("{} names {}, but {}NAME is expected here; connect to the right "
                                "port, or use the certificate that was made for this",
                                who(leaf), leaf.uri.empty() ? "no single URI" : leaf.uri,
                                expected.uri_prefix));
    return {};
}

Owned<STACK_OF(X509)> stack_of(const std::vector<Certificate>& all, std::size_t from) {
    Owned<STACK_OF(X509)> out(sk_X509_new_null());
    for (std::size_t i = from; out && i < all.size(); ++i) {
        X509* given = x509_of(all[i].der).release(); // to the stack
        if (!given || sk_X509_push(out.get(), given) <= 0)
            X509_free(given);
    }
    return out;
}

Owned<X509_STORE> store_of(const std::vector<Certificate>& roots, const Expected& expected) {
    Owned<X509_STORE> store(X509_STORE_new());
    for (const auto& root : roots)
        if (const auto x509 = x509_of(root.der); store && x509)
            X509_STORE_add_cert(store.get(), x509.get());
    if (!store)
        return store;
    X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store.get());
    X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(expected.now));
    X509_VERIFY_PARAM_set_depth(rules, longest_path);
    X509_VERIFY_PARAM_set_auth_level(rules, 2);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(rules, expected.purpose == Purpose::client
                                             ? X509_PURPOSE_SSL_CLIENT
                                             : X509_PURPOSE_SSL_SERVER);
    return store;
}

// The certificate of the path at which OpenSSL stopped.
Certificate stopped_at(X509_STORE_CTX* context, const Certificate& leaf) {
    X509* current = X509_STORE_CTX_get_current_cert(context);
    auto facts = current ? certificate_from(der_of(current, i2d_X509)) : leaf;
    return facts.value_or(leaf);
}

std::unexpected<Error> explain(int code, const Certificate& at, const Certificate& leaf,
                               const std::vector<Certificate>& roots, const Expected& expected) {
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return expired(at, expected.now);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return not_yet_valid(at, expected.now);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return unknown_ca(leaf, roots);
    case X509_V_ERR_INVALID_PURPOSE:
        if (auto checked = check_identity(leaf, expected); !checked)
            return std::unexpected(checked.error());
        [[fallthrough]];
    default:
        return fail(Errc::bad_signature,
                    fmt::format("{} cannot be trusted: {}; ask the controller for a new one",
                                who(at), X509_verify_cert_error_string(code)));
    }
}

} // namespace

Result<void> verify(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots,
                    const Expected& expected) {
    if (chain.empty())
        return fail(Errc::malformed,
                    "the peer sent no certificate; every part of Ringwall has one: "
                    "pair the host first");
    const ErrorScope scope;
    const auto& leaf = chain.front();
    const auto store = store_of(roots, expected);
    const auto untrusted = stack_of(chain, 1);
    const auto x509 = x509_of(leaf.der);
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    if (!store || !untrusted || !x509 || !context ||
        X509_STORE_CTX_init(context.get(), store.get(), x509.get(), untrusted.get()) != 1)
        return library_failed("checking a certificate");
    if (X509_verify_cert(context.get()) != 1)
        return explain(X509_STORE_CTX_get_error(context.get()), stopped_at(context.get(), leaf),
                       leaf, roots, expected);
    return check_identity(leaf, expected);
}

Result<Certificate> pinned_root(const std::vector<Certificate>& chain,
                                std::string_view fingerprint) {
    const auto found = std::ranges::find(chain, fingerprint, &Certificate::fingerprint);
    if (found != chain.end() && found->is_ca)
        return *found;
    return fail(Errc::unknown_ca,
                fmt::format("the controller's CA is {}, but the pairing line names the CA with "
                            "sha256 {}; this is another controller, or something between answers "
                            "in its place: print a new line with 'ringwall pair' on the right one",
                            chain.empty() ? "not given" : list_of({chain.back()}), fingerprint));
}

} // namespace ringwall::pki
