#include "agent/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/fd.h"
#include "agent/json_fields.h"
#include "common/pki/key_file.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Done = std::expected<void, CredentialsError>;

constexpr std::string_view end_of_key = "-----END PUBLIC KEY-----";

std::unexpected<CredentialsError> damaged(const std::string& what) {
    return fail(CredentialsErrc::damaged,
                what + "; pair this host again: ringwall-agent pair --replace LINE");
}

std::unexpected<CredentialsError> io_failed(const std::string& path, std::string_view step) {
    return fail(CredentialsErrc::io, fmt::format("{}: {}: {}", path, step, std::strerror(errno)));
}

std::string directory_of(const std::string& state_dir) {
    return state_dir + "/identity";
}

std::string to_json(const Credentials& credentials) {
    json::array endpoints, addresses;
    for (const auto& endpoint : credentials.endpoints)
        endpoints.emplace_back(endpoint.text());
    for (const auto& address : credentials.addresses)
        addresses.emplace_back(address.text());
    return json::serialize(json::object{{"agent", credentials.agent},
                                        {"machine_id", credentials.machine_id},
                                        {"endpoints", std::move(endpoints)},
                                        {"addresses", std::move(addresses)},
                                        {"paired_ns", credentials.paired_ns},
                                        {"bundle", credentials.bundle}}) +
           "\n";
}

struct Facts {
    std::string agent, machine_id;
    std::vector<Endpoint> endpoints;
    std::vector<Address> addresses;
    std::int64_t paired_ns = 0;
    std::uint64_t bundle = 0;
};

// `parse`: text -> optional<T>. False: one of them is none.
template <typename T, typename Parse>
bool read_list(const json::object& object, std::string_view key, std::vector<T>& out,
               Parse&& parse) {
    const auto* value = object.if_contains(key);
    if (!value || !value->is_array())
        return false;
    for (const auto& each : value->get_array()) {
        const auto parsed =
            each.is_string() ? parse(std::string_view(each.get_string())) : std::optional<T>();
        if (!parsed)
            return false;
        out.push_back(*parsed);
    }
    return true;
}

std::optional<Facts> facts_from(const std::string& text) {
    json::error_code error;
    const auto value = json::parse(text, error);
    if (error || !value.is_object())
        return std::nullopt;
    const auto& object = value.get_object();
    Facts facts{.agent = text_at(object, "agent"), .machine_id = text_at(object, "machine_id")};
    if (const auto* paired = object.if_contains("paired_ns"); paired && paired->is_int64())
        facts.paired_ns = paired->get_int64();
    facts.bundle = bundle_in(object);
    if (facts.agent.empty() || !read_list(object, "endpoints", facts.endpoints, Endpoint::parse) ||
        !read_list(object, "addresses", facts.addresses, Address::parse) || facts.endpoints.empty())
        return std::nullopt;
    return facts;
}

Done write_files(const std::string& directory, const Credentials& credentials) {
    std::string signers;
    for (const auto& key : credentials.signers)
        signers += key.pem();
    const std::pair<const char*, std::string> files[] = {
        {"key.pem", credentials.key.pem()},
        {"chain.pem", pki::pem_of(credentials.chain)},
        {"trust.pem", pki::pem_of(credentials.trust)},
        {"signing.pem", std::move(signers)},
        {"identity.json", to_json(credentials)},
    };
    for (const auto& [name, content] : files)
        if (auto saved = pki::save_secret(directory + "/" + name, content); !saved)
            return fail(CredentialsErrc::io, saved.error().message);
    return {};
}

Done sync_directory(const std::string& path) {
    const Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || fsync(directory.get()) < 0)
        return io_failed(path, "cannot be made durable");
    return {};
}

// `made` takes the place of `place` in one step; what was there is then in `made`.
Done exchange(const std::string& made, const std::string& place) {
    const bool anew = access(place.c_str(), F_OK) < 0;
    const int moved =
        anew ? rename(made.c_str(), place.c_str())
             : renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE);
    if (moved < 0)
        return io_failed(place, "cannot be replaced");
    return {};
}

} // namespace

bool is_paired(const std::string& state_dir) {
    return access((directory_of(state_dir) + "/identity.json").c_str(), F_OK) == 0;
}

std::expected<Credentials, CredentialsError> load_credentials(const std::string& state_dir) {
    const auto directory = directory_of(state_dir);
    if (!is_paired(state_dir))
        return fail(CredentialsErrc::not_paired,
                    fmt::format("{}: this host is not paired with a controller; print a line there "
                                "with 'ringwall pair' and run here: ringwall-agent pair LINE",
                                directory));
    auto key = pki::load_key(directory + "/key.pem");
    if (!key)
        return damaged(key.error().message);
    std::string content[4];
    constexpr const char* names[] = {"chain.pem", "trust.pem", "signing.pem", "identity.json"};
    for (std::size_t i = 0; i < std::size(names); ++i) {
        auto read = pki::load_secret(directory + "/" + names[i]);
        if (!read)
            return damaged(read.error().message);
        content[i] = std::move(*read);
    }
    auto chain = pki::parse_certificates(content[0]);
    auto trust = pki::parse_certificates(content[1]);
    auto signers = parse_public_keys(content[2]);
    auto facts = facts_from(content[3]);
    if (!chain || !trust || !signers || !facts)
        return damaged(directory + ": " +
                       (!chain     ? "chain.pem: " + chain.error().message
                        : !trust   ? "trust.pem: " + trust.error().message
                        : !signers ? "signing.pem: " + signers.error().message
                                   : "identity.json is not what pairing writes"));
    return Credentials{std::move(facts->agent),
                       std::move(facts->machine_id),
                       std::move(facts->endpoints),
                       std::move(facts->addresses),
                       facts->paired_ns,
                       std::move(*chain),
                       std::move(*trust),
                       facts->bundle,
                       std::move(*signers),
                       std::move(*key)};
}

Done save_credentials(const std::string& state_dir, const Credentials& credentials) {
    const auto place = directory_of(state_dir);
    const auto made = place + ".new";
    std::error_code error;
    fs::remove_all(made, error); // of a writer that was killed
    fs::create_directories(state_dir, error);
    if (mkdir(made.c_str(), 0700) < 0)
        return io_failed(made, "cannot be made");
    auto saved = write_files(made, credentials);
    if (saved)
        saved = exchange(made, place);
    fs::remove_all(made, error);
    return saved ? sync_directory(state_dir) : saved;
}

std::uint64_t bundle_in(const json::object& object) {
    const auto* value = object.if_contains("bundle");
    json::error_code bad;
    const auto number = value ? value->to_number<std::uint64_t>(bad) : 0;
    return bad ? 0 : number;
}

pki::Result<std::vector<pki::PublicKey>> parse_public_keys(std::string_view pem) {
    std::vector<pki::PublicKey> out;
    while (pem.find_first_not_of(" \t\r\n") != pem.npos) {
        const auto end = pem.find(end_of_key);
        const auto size = end == pem.npos ? pem.size() : end + end_of_key.size();
        auto key = pki::PublicKey::parse(std::string(pem.substr(0, size)) + "\n");
        if (!key)
            return std::unexpected(key.error());
        out.push_back(std::move(*key));
        pem.remove_prefix(size);
        if (const auto next = pem.find_first_not_of(" \t\r\n"); next != pem.npos)
            pem.remove_prefix(next);
    }
    if (out.empty())
        return std::unexpected(pki::Error{pki::Errc::malformed, "there is no public key in it"});
    return out;
}

pki::TlsSetup tls_setup(const Credentials& credentials) {
    return {.chain = pki::pem_of(credentials.chain),
            .key = credentials.key,
            .check = [trust = credentials.trust](const std::vector<pki::Certificate>& chain) {
                return pki::verify(chain, trust,
                                   {.purpose = pki::Purpose::server,
                                    .now = std::time(nullptr),
                                    .uri_prefix = std::string(pki::identity_root) + "controller/"});
            }};
}

} // namespace ringwall::agent
