#include "control/pki/pairing.h"

#include <fmt/format.h>

#include "common/pki/digest.h"

namespace ringwall::pki {
namespace {

PairingResult<Profile*> find(Pairing& pairing, std::string_view name) {
    const auto found = pairing.profiles.find(std::string(name));
    if (found != pairing.profiles.end())
        return &found->second;
    return std::unexpected(PairingError{
        PairingErrc::unknown_profile,
        fmt::format("there is no pairing profile \"{}\"; make it first, or list those there are "
                    "with 'ringwall get pairing-profiles'",
                    name)});
}

} // namespace

PairingResult<void> add_profile(Pairing& pairing, const Profile& profile) {
    if (pairing.profiles.try_emplace(profile.name, profile).second)
        return {};
    return std::unexpected(PairingError{
        PairingErrc::duplicate_name,
        fmt::format("a pairing profile \"{}\" exists; choose another name", profile.name)});
}

PairingResult<std::string> new_token(Pairing& pairing, std::string_view profile) {
    const auto found = find(pairing, profile);
    if (!found)
        return std::unexpected(found.error());
    if ((*found)->revoked)
        return std::unexpected(PairingError{
            PairingErrc::revoked,
            fmt::format("the pairing profile \"{}\" is revoked; use or make another", profile)});
    auto token = hex(random_bytes(32));
    pairing.tokens.emplace(sha256_hex(token), profile);
    return token;
}

PairingResult<void> revoke_profile(Pairing& pairing, std::string_view profile) {
    const auto found = find(pairing, profile);
    if (!found)
        return std::unexpected(found.error());
    (*found)->revoked = true;
    return {};
}

} // namespace ringwall::pki
