#include "agent/pairing.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/files.h"
#include "agent/host.h"
#include "common/pki/request.h"
#include "control/pki/pairing_line.h"

namespace ringwall::agent {
namespace {

std::optional<Address> address_of(const sockaddr* raw) {
    Address out = Address::v4(0);
    if (raw->sa_family == AF_INET)
        std::memcpy(out.bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(raw)->sin_addr, 4);
    else if (raw->sa_family == AF_INET6)
        std::memcpy(out.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(raw)->sin6_addr, 16);
    else
        return std::nullopt;
    return out;
}

bool is_link_local(const Address& address) {
    static const auto v4 = Prefix::parse("169.254.0.0/16"), v6 = Prefix::parse("fe80::/10");
    return v4->contains(address) || v6->contains(address);
}

bool named(const pki::Certificate& certificate, const std::string& host) {
    const auto address = Address::parse(host);
    return std::ranges::any_of(certificate.names, [&](const std::string& name) {
        return name == host || (address && Address::parse(name) == address);
    });
}

// The first contact: all that is known of the controller is its CA's fingerprint and its address.
pki::Result<void> judge(const std::vector<pki::Certificate>& chain, const std::string& host,
                        const std::string& ca) {
    auto root = pki::pinned_root(chain, ca);
    if (!root)
        return std::unexpected(root.error());
    const auto good = pki::verify(chain, {*root},
                                  {.purpose = pki::Purpose::server,
                                   .now = std::time(nullptr),
                                   .uri_prefix = std::string(pki::identity_root) + "controller/"});
    if (good && !named(chain.front(), host))
        return std::unexpected(
            pki::Error{pki::Errc::wrong_identity,
                       fmt::format("its certificate is for {}, not for {}; print a new line with "
                                   "'ringwall pair' for the name that this host reaches it by",
                                   fmt::join(chain.front().names, ", "), host)});
    return good;
}

// What can be said before anything is asked of the network.
std::expected<pki::PairingLine, std::string> check(const PairOptions& options) {
    auto line = pki::parse_line(options.line);
    if (!line)
        return std::unexpected(line.error().message);
    if (is_paired(options.state_dir) && !options.wish.replace) {
        const auto known = load_credentials(options.state_dir);
        return std::unexpected(fmt::format(
            "this host is paired already{}; --replace pairs it anew, if the profile allows it",
            known ? fmt::format(" as {} with {}", known->agent, known->endpoints.front().text())
                  : ""));
    }
    // Before the token is used up.
    std::error_code error;
    std::filesystem::create_directories(options.state_dir, error);
    if (access(options.state_dir.c_str(), W_OK) < 0)
        return std::unexpected(fmt::format("{} cannot be written: {}; run this as root",
                                           options.state_dir, std::strerror(errno)));
    return std::move(*line);
}

std::expected<HttpsAnswer, std::string> ask(const pki::PairingLine& line, std::string body) {
    boost::asio::io_context loop(1);
    std::expected<HttpsAnswer, std::string> out = std::unexpected("no answer came");
    HttpsRequest request{.endpoint = {line.host, line.port},
                         .path = "/api/v1/pair",
                         .body = std::move(body),
                         .tls = {.chain = {},
                                 .key = {},
                                 .check = [host = line.host, ca = line.ca](const auto& chain) {
                                     return judge(chain, host, ca);
                                 }}};
    post(loop, std::move(request), [&out, &loop](HttpsResult result) {
        if (result)
            out = std::move(*result);
        else
            out = std::unexpected(std::move(result.error().message));
        loop.stop();
    });
    loop.run();
    return out;
}

} // namespace

HostFacts host_facts() {
    HostFacts facts;
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    facts.hostname = name;
    facts.machine_id = read_file("/etc/machine-id").value_or("");
    facts.machine_id = facts.machine_id.substr(0, facts.machine_id.find('\n'));
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) < 0)
        return facts;
    for (const auto* each = all; each; each = each->ifa_next)
        if (each->ifa_addr && (each->ifa_flags & IFF_UP) && !(each->ifa_flags & IFF_LOOPBACK))
            if (const auto address = address_of(each->ifa_addr);
                address && !is_link_local(*address))
                facts.addresses.push_back(*address);
    freeifaddrs(all);
    return facts;
}

std::expected<Credentials, std::string> pair(const PairOptions& options, const HostFacts& facts) {
    const auto line = check(options);
    if (!line)
        return std::unexpected(line.error());
    if (facts.machine_id.empty())
        return std::unexpected("/etc/machine-id cannot be read, so the controller could not tell "
                               "this host from a copy of it; run 'systemd-machine-id-setup'");
    const auto key = pki::PrivateKey::generate(pki::KeyKind::tls);
    const auto request =
        key ? pki::make_request(*key, facts.hostname.substr(0, 64)) : std::unexpected(key.error());
    if (!request)
        return std::unexpected(request.error().message);
    const auto answer = ask(*line, pair_body(line->token, *request, facts, options.wish));
    if (!answer)
        return std::unexpected(answer.error());
    auto got = credentials_from(*answer, *key, std::time(nullptr));
    if (!got)
        return std::unexpected(got.error().message);
    if (std::ranges::none_of(got->signers, [&](const auto& k) { return k.id() == line->signer; }))
        return std::unexpected(
            fmt::format("the controller signs policy with another key than the line names (sha256 "
                        "{}...); print a new line with 'ringwall pair'",
                        line->signer.substr(0, 16)));
    if (got->endpoints.empty())
        got->endpoints.push_back({line->host, line->port});
    got->machine_id = facts.machine_id;
    got->paired_ns = wall_ns();
    if (auto saved = save_credentials(options.state_dir, *got); !saved)
        return std::unexpected(saved.error().message);
    return std::move(*got);
}

} // namespace ringwall::agent
