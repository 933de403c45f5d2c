#include "common/pki/signature.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/pki/openssl.h"

namespace ringwall::pki {
namespace {

using namespace std::string_view_literals;

constexpr auto domain = "ringwall signature\0"sv;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t longest_context = 255;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Result<std::string> signed_bytes(std::string_view context, std::string_view payload) {
    if (context.empty() || context.size() > longest_context)
        return fail(Errc::malformed,
                    fmt::format("a signature's context has 1 to {} bytes, this one "
                                "has {}; name the use",
                                longest_context, context.size()));
    std::string out(domain);
    out.reserve(domain.size() + 5 + context.size() + payload.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(signature_version >> shift & 0xff);
    out += static_cast<char>(context.size());
    out += context;
    out += payload;
    return out;
}

std::unexpected<Error> not_a_signing_key() {
    return fail(Errc::weak_key, "this is a TLS key; signatures are made with an Ed25519 key");
}

std::string ids_of(std::span<const PublicKey> keys) {
    std::string out;
    for (const auto& key : keys)
        out += (out.empty() ? "" : ", ") + key.id();
    return out.empty() ? "none" : out;
}

} // namespace

Result<std::string> sign(const PrivateKey& key, std::string_view context,
                         std::string_view payload) {
    if (key.kind() != KeyKind::signing)
        return not_a_signing_key();
    const auto message = signed_bytes(context, payload);
    if (!message)
        return message;
    const ErrorScope scope;
    const Owned<EVP_MD_CTX> digest(EVP_MD_CTX_new());
    std::string out(signature_bytes, '\0');
    std::size_t size = out.size();
    if (!digest || EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key.native()) != 1 ||
        EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                       bytes_of(*message), message->size()) != 1 ||
        size != signature_bytes)
        return library_failed("signing");
    return out;
}

Result<void> check_signature(const PublicKey& key, std::string_view context,
                             std::string_view payload, std::string_view signature) {
    if (key.kind != KeyKind::signing)
        return not_a_signing_key();
    const auto message = signed_bytes(context, payload);
    if (!message)
        return std::unexpected(message.error());
    const ErrorScope scope;
    const auto* at = bytes_of(key.spki);
    const Owned<EVP_PKEY> native(d2i_PUBKEY(nullptr, &at, static_cast<long>(key.spki.size())));
    const Owned<EVP_MD_CTX> digest(EVP_MD_CTX_new());
    if (!native || !digest ||
        EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, native.get()) != 1)
        return library_failed("checking a signature");
    if (EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(*message),
                         message->size()) != 1)
        return fail(Errc::bad_signature,
                    fmt::format("the signature of key {} does not fit the content ({}): it was "
                                "altered on its way; fetch it again",
                                key.id(), context));
    return {};
}

Result<Envelope> seal(const PrivateKey& key, std::string_view context, std::string payload) {
    auto signature = sign(key, context, payload);
    if (!signature)
        return std::unexpected(signature.error());
    return Envelope{.key_id = key.public_key().id(),
                    .context = std::string(context),
                    .payload = std::move(payload),
                    .signature = std::move(*signature)};
}

Result<void> check(const Envelope& envelope, std::string_view context,
                   std::span<const PublicKey> pinned) {
    if (envelope.version != signature_version)
        return fail(
            Errc::wrong_context,
            fmt::format("signed in version {} of the format, this program knows version {}; "
                        "update the older side",
                        envelope.version, signature_version));
    if (envelope.context != context)
        return fail(Errc::wrong_context,
                    fmt::format("signed as \"{}\", but \"{}\" is needed here; something is being "
                                "passed off as what it is not",
                                envelope.context, context));
    const auto key = std::ranges::find(pinned, envelope.key_id, &PublicKey::id);
    if (key == pinned.end())
        return fail(Errc::unknown_key,
                    fmt::format("signed by key {}, but pinned here are: {}; another controller's "
                                "policy, or its signing key was changed without telling this host: "
                                "pair again",
                                envelope.key_id, ids_of(pinned)));
    return check_signature(*key, context, envelope.payload, envelope.signature);
}

} // namespace ringwall::pki
