#include "control/core/enrolment.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "common/pki/digest.h"
#include "common/pki/key_file.h"
#include "common/pki/request.h"
#include "control/pki/pairing_line.h"

namespace ringwall::core {
namespace {

constexpr const char* controller_id = "controller";
constexpr std::int64_t controller_life = 90 * 86400;

Errc code_of(pki::PairingErrc code) {
    switch (code) {
    case pki::PairingErrc::duplicate_host:
    case pki::PairingErrc::duplicate_name:
        return Errc::conflict;
    case pki::PairingErrc::unknown_profile:
        return Errc::not_found;
    case pki::PairingErrc::bad_request:
    case pki::PairingErrc::bad_facts:
        return Errc::invalid;
    case pki::PairingErrc::unknown_token:
    case pki::PairingErrc::revoked:
    case pki::PairingErrc::expired:
    case pki::PairingErrc::used_up:
    case pki::PairingErrc::locked:
        break;
    }
    return Errc::forbidden;
}

Result<pki::PrivateKey> signing_key_at(const std::string& path) {
    if (std::filesystem::exists(path)) {
        auto key = pki::load_key(path);
        if (!key)
            return fail(Errc::io, key.error().message);
        return std::move(*key);
    }
    auto key = pki::PrivateKey::generate(pki::KeyKind::signing);
    if (!key)
        return fail(Errc::io, key.error().message);
    if (auto saved = pki::save_key(path, *key); !saved)
        return fail(Errc::io, saved.error().message);
    return std::move(*key);
}

Result<pki::Authority> authority_at(const std::string& path, std::int64_t now) {
    if (!std::filesystem::exists(path)) {
        auto made = pki::Authority::create(now);
        if (!made)
            return fail(Errc::io, made.error().message);
        return std::move(*made);
    }
    const auto text = pki::load_secret(path);
    if (!text)
        return fail(Errc::io, text.error().message);
    auto state = pki::parse_state(*text);
    if (!state)
        return fail(Errc::io, path + ": " + state.error().message);
    auto loaded = pki::Authority::load(std::move(*state));
    if (!loaded)
        return fail(Errc::io, path + ": " + loaded.error().message);
    return std::move(*loaded);
}

std::string authority_file(const EnrolmentOptions& options) {
    return options.data_dir + "/authority.json";
}

boost::json::object workload_of(const pki::Accepted& accepted) {
    boost::json::object labels;
    for (const auto& [key, value] : accepted.labels)
        labels[key] = value;
    boost::json::array addresses;
    for (const auto& address : accepted.addresses)
        addresses.emplace_back(address.text());
    boost::json::object out{{"addresses", std::move(addresses)},
                            {"mode", model::name(accepted.mode)}};
    if (!labels.empty())
        out["labels"] = std::move(labels);
    return out;
}

} // namespace

Result<Enrolment> Enrolment::open(EnrolmentOptions options, std::int64_t now) {
    auto key = signing_key_at(options.data_dir + "/signing.key");
    if (!key)
        return std::unexpected(key.error());
    auto authority = authority_at(authority_file(options), now);
    if (!authority)
        return std::unexpected(authority.error());
    Enrolment out(std::move(options), std::move(*authority), std::move(*key));
    if (auto saved = out.save(); !saved)
        return std::unexpected(saved.error());
    return out;
}

Result<void> Enrolment::save() const {
    if (auto saved = pki::save_secret(authority_file(options_), to_json(authority_.state()));
        !saved)
        return fail(Errc::io, saved.error().message);
    return {};
}

Result<pki::Issued> Enrolment::controller_certificate(const pki::PrivateKey& key,
                                                      std::int64_t now) const {
    const auto request = pki::make_request(key, controller_id);
    if (!request)
        return fail(Errc::io, request.error().message);
    auto issued = authority_.issue(
        *request, {{pki::Kind::controller, controller_id}, controller_life, options_.names}, now);
    if (!issued)
        return fail(Errc::io, issued.error().message);
    return std::move(*issued);
}

Result<Enrolment::Line> Enrolment::line(const pki::Profile& profile, const std::string& host,
                                        std::uint16_t port) const {
    pki::Pairing pairing{{{profile.name, profile}}, {}};
    const auto token = pki::new_token(pairing, profile.name);
    if (!token)
        return fail(code_of(token.error().code), token.error().message);
    const auto text = pki::format_line(
        {host, port, authority_.issuer().fingerprint, signing_key_.public_key().id(), *token});
    if (const auto good = pki::parse_line(text); !good)
        return fail(Errc::invalid, good.error().message);
    return Line{text, pairing.tokens.begin()->first};
}

Result<std::string> Enrolment::certificate(const pki::Identity& identity,
                                           const std::string& request, AgentRecord& record,
                                           std::int64_t now) const {
    const auto issued = authority_.issue(request, {identity, options_.certificate_life, {}}, now);
    if (!issued)
        return fail(issued.error().code == pki::AuthorityErrc::bad_request ? Errc::invalid
                                                                           : Errc::io,
                    issued.error().message);
    std::erase_if(record.certificates, [&](const auto& one) { return one.second <= now; });
    record.certificates[issued->certificate.serial] = issued->certificate.not_after;
    return issued->chain;
}

Result<Joined> Enrolment::join(const pki::Redemption& given,
                               const std::optional<StoredProfile>& profile,
                               const std::vector<pki::KnownWorkload>& known,
                               const std::map<std::string, AgentRecord>& records,
                               std::int64_t now) {
    pki::Pairing pairing;
    if (profile) {
        pairing.profiles.emplace(profile->profile.name, profile->profile);
        pairing.tokens.emplace(pki::sha256_hex(given.token), profile->profile.name);
    }
    const auto accepted = pki::redeem(pairing, given, known, now);
    if (!accepted)
        return fail(code_of(accepted.error().code), accepted.error().message);
    Joined out{accepted->identity.id, {}, {}};
    const auto before = records.find(out.agent);
    AgentRecord record;
    record.machine_id = given.facts.machine_id;
    record.profile = accepted->profile;
    record.paired_ns = now * 1'000'000'000;
    record.follows_addresses =
        before == records.end() ? !accepted->known : before->second.follows_addresses;
    auto chain = certificate(accepted->identity, given.request, record, now);
    if (!chain)
        return std::unexpected(chain.error());
    out.certificate = std::move(*chain);
    for (const auto& serial : accepted->revoke)
        authority_.revoke(serial, "the host was paired again", now);
    if (!accepted->revoke.empty())
        if (auto saved = save(); !saved)
            return std::unexpected(saved.error());
    out.edits.push_back(
        {{"pairing_profile", accepted->profile},
         to_json(StoredProfile{pairing.profiles.at(accepted->profile), profile->tokens}),
         {}});
    out.edits.push_back({{"agent", out.agent}, boost::json::parse(to_json(record)), {}});
    if (!accepted->known || record.follows_addresses)
        out.edits.push_back({{"workload", out.agent}, workload_of(*accepted), {}});
    return out;
}

Result<std::string> Enrolment::renew(const std::string& agent, const std::string& request,
                                     AgentRecord& record, std::int64_t now) const {
    if (!record.revoked.empty())
        return fail(Errc::forbidden, fmt::format("the agent of \"{}\" was revoked: {}; pair the "
                                                 "host again",
                                                 agent, record.revoked));
    return certificate({pki::Kind::agent, agent}, request, record, now);
}

Result<void> Enrolment::replace(pki::Authority next) {
    std::swap(authority_, next);
    auto saved = save();
    if (!saved)
        std::swap(authority_, next);
    return saved;
}

Result<void> Enrolment::revoke(const std::map<std::string, std::int64_t>& certificates,
                               const std::string& reason, std::int64_t now) {
    for (const auto& [serial, end] : certificates)
        authority_.revoke(serial, reason, now);
    return save();
}

} // namespace ringwall::core
