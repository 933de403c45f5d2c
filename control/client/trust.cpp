#include "control/client/trust.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "common/pki/digest.h"

namespace ringwall::client {
namespace {

constexpr std::size_t largest_bundle = 64 * 1024; // what parse_certificates() takes

std::string as_fingerprint(std::string_view text) {
    if (text.starts_with("sha256:"))
        text.remove_prefix(7);
    std::string out;
    for (const unsigned char c : text)
        if (c != ':')
            out += static_cast<char>(std::tolower(c));
    return pki::is_hex(out, 64) ? out : std::string();
}

Result<std::string> content_of(const std::string& path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string out(largest_bundle + 1, '\0');
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
    if (!in.is_open() || in.bad())
        return std::unexpected(Error{
            Errc::bad_request, fmt::format("{}: cannot be read ({}); --ca takes the PEM file of "
                                           "the controller's CA, or its SHA-256 fingerprint",
                                           path, std::strerror(errno))});
    out.resize(static_cast<std::size_t>(in.gcount()));
    return out;
}

} // namespace

Result<Trust> load_trust(const std::string& ca) {
    if (auto fingerprint = as_fingerprint(ca); !fingerprint.empty())
        return Trust{{}, std::move(fingerprint)};
    auto pem = content_of(ca);
    if (!pem)
        return std::unexpected(pem.error());
    auto roots = pki::parse_certificates(*pem);
    if (!roots)
        return std::unexpected(Error{Errc::bad_request, ca + ": " + roots.error().message});
    return Trust{std::move(*roots), {}};
}

pki::Result<void> judge(const Trust& trust, const std::vector<pki::Certificate>& chain,
                        std::int64_t now) {
    const pki::Expected controller{pki::Purpose::server, now,
                                   std::string(pki::identity_root) + "controller/"};
    if (trust.fingerprint.empty())
        return pki::verify(chain, trust.roots, controller);
    const auto root = pki::pinned_root(chain, trust.fingerprint);
    if (!root)
        return std::unexpected(root.error());
    return pki::verify(chain, {*root}, controller);
}

} // namespace ringwall::client
