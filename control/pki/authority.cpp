#include "control/pki/authority.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/ip.h"
#include "common/pki/digest.h"
#include "common/pki/request.h"
#include "control/pki/builder.h"

namespace ringwall::pki {
namespace {

constexpr std::int64_t ca_lifetime = 3650LL * 86400;
constexpr std::size_t named_at_most = 5;

std::unexpected<AuthorityError> refuse(AuthorityErrc code, std::string message) {
    return std::unexpected(AuthorityError{code, std::move(message)});
}

std::string some_of(const std::vector<std::string>& all) {
    std::string out;
    for (std::size_t i = 0; i < all.size() && i < named_at_most; ++i)
        out += (i ? ", " : "") + all[i];
    if (all.size() > named_at_most)
        out += fmt::format(" and {} more", all.size() - named_at_most);
    return out;
}

AuthorityResult<void> check_names(const Grant& grant) {
    if (!grant.names.empty() && grant.identity.kind != Kind::controller)
        return refuse(AuthorityErrc::bad_grant,
                      fmt::format("the certificate of {} \"{}\" would carry server names; only a "
                                  "controller's has them: leave them out",
                                  name(grant.identity.kind), grant.identity.id));
    for (const auto& text : grant.names)
        if (!Address::parse(text) && !is_dns_name(text))
            return refuse(AuthorityErrc::bad_grant,
                          fmt::format("\"{}\" is neither an IP address nor a DNS name in lower "
                                      "case; correct the controller's names",
                                      text));
    return {};
}

AuthorityResult<void> check_grant(const Grant& grant) {
    if (!is_identity_name(grant.identity.id))
        return refuse(AuthorityErrc::bad_grant,
                      fmt::format("\"{}\" cannot be an identity: it has 1 to 64 letters, digits, "
                                  "dots, underscores or hyphens; choose another name",
                                  grant.identity.id));
    if (grant.lifetime < shortest_lifetime || grant.lifetime > longest_lifetime)
        return refuse(AuthorityErrc::bad_grant,
                      fmt::format("a certificate lives {} to {} seconds, not {}; change the "
                                  "lifetime",
                                  shortest_lifetime, longest_lifetime, grant.lifetime));
    return check_names(grant);
}

AuthorityResult<void> check_clock(const Certificate& ca, std::int64_t now) {
    if (now < ca.not_before)
        return refuse(AuthorityErrc::clock,
                      fmt::format("the controller's clock is {} s before the beginning of its own "
                                  "CA \"{}\"; set the clock",
                                  ca.not_before - now, ca.subject));
    if (now >= ca.not_after)
        return refuse(AuthorityErrc::clock,
                      fmt::format("the CA \"{}\" expired {} s ago by the controller's clock; check "
                                  "the clock, else make a new CA and pair again",
                                  ca.subject, now - ca.not_after));
    return {};
}

} // namespace

AuthorityResult<Authority> Authority::create(std::int64_t now) {
    Authority out;
    if (auto added = out.add(Phase::issuing, now); !added)
        return std::unexpected(added.error());
    return out;
}

// The name is random too: two controllers' CAs are never taken for each other.
AuthorityResult<void> Authority::add(Phase phase, std::int64_t now) {
    const Draft draft{.subject = "Ringwall CA " + hex(random_bytes(4)),
                      .not_before = now - clock_tolerance,
                      .not_after = now + ca_lifetime};
    auto key = PrivateKey::generate(KeyKind::tls);
    auto made = key ? build(draft, key->public_key(), nullptr, *key) : std::unexpected(key.error());
    if (!made)
        return refuse(AuthorityErrc::failed, made.error().message);
    ++state_.bundle;
    state_.authorities.push_back({made->pem(), key->pem(), phase, state_.bundle});
    roots_.push_back(std::move(*made));
    keys_.push_back(std::move(*key));
    return {};
}

std::size_t Authority::at(Phase phase) const {
    const auto found = std::ranges::find(state_.authorities, phase, &CaRecord::phase);
    return static_cast<std::size_t>(found - state_.authorities.begin());
}

std::string Authority::trust_bundle() const {
    return pem_of(roots_);
}

const Certificate& Authority::issuer() const {
    return roots_[at(Phase::issuing)];
}

AuthorityResult<Issued> Authority::issue(std::string_view request, const Grant& grant,
                                         std::int64_t now) const {
    const Certificate& ca = issuer();
    if (auto checked = check_grant(grant); !checked)
        return std::unexpected(checked.error());
    if (auto checked = check_clock(ca, now); !checked)
        return std::unexpected(checked.error());
    const auto parsed = parse_request(request);
    if (!parsed)
        return refuse(AuthorityErrc::bad_request, parsed.error().message);
    const Draft draft{.subject = grant.identity.id,
                      .uri = grant.identity.uri(),
                      .names = grant.names,
                      .usage =
                          grant.identity.kind == Kind::controller ? "serverAuth" : "clientAuth",
                      .not_before = now - clock_tolerance,
                      .not_after = std::min(now + grant.lifetime, ca.not_after)};
    auto made = build(draft, parsed->key, &ca, keys_[at(Phase::issuing)]);
    if (!made)
        return refuse(AuthorityErrc::failed, made.error().message);
    auto chain = made->pem() + ca.pem();
    return Issued{std::move(*made), std::move(chain)};
}

AuthorityResult<void> Authority::announce(std::int64_t now) {
    if (state_.authorities.size() != 1)
        return refuse(AuthorityErrc::out_of_order,
                      fmt::format("a rotation to the CA \"{}\" is under way; finish it (switch, "
                                  "then retire the old) before the next begins",
                                  roots_.back().subject));
    return add(Phase::announced, now);
}

AuthorityResult<void>
Authority::switch_issuer(const std::map<std::string, std::uint64_t>& acknowledged) {
    const auto next = at(Phase::announced);
    if (next == roots_.size())
        return refuse(AuthorityErrc::out_of_order,
                      "no new CA is announced, so there is none to switch to; announce one first");
    std::vector<std::string> missing;
    for (const auto& [agent, revision] : acknowledged)
        if (revision < state_.authorities[next].since)
            missing.push_back(agent);
    if (!missing.empty())
        return refuse(AuthorityErrc::too_early,
                      fmt::format("{} of {} agents do not know the CA \"{}\" yet and would refuse "
                                  "the controller: {}; wait until they have acknowledged the trust "
                                  "bundle, or retire those workloads",
                                  missing.size(), acknowledged.size(), roots_[next].subject,
                                  some_of(missing)));
    state_.authorities[at(Phase::issuing)].phase = Phase::retiring;
    state_.authorities[next].phase = Phase::issuing;
    return {};
}

AuthorityResult<void> Authority::retire(const std::map<std::string, std::string>& issuers) {
    const auto old = at(Phase::retiring);
    if (old == roots_.size())
        return refuse(AuthorityErrc::out_of_order,
                      "no CA is on its way out; announce a new one and switch to it first");
    std::vector<std::string> holders;
    for (const auto& [holder, issuer] : issuers)
        if (issuer != this->issuer().subject)
            holders.push_back(holder);
    if (!holders.empty())
        return refuse(AuthorityErrc::too_early,
                      fmt::format("{} of {} certificates are still of the CA \"{}\" and would be "
                                  "refused: {}; wait until they are renewed, or retire those "
                                  "workloads",
                                  holders.size(), issuers.size(), roots_[old].subject,
                                  some_of(holders)));
    const auto index = static_cast<std::ptrdiff_t>(old);
    state_.authorities.erase(state_.authorities.begin() + index);
    roots_.erase(roots_.begin() + index);
    keys_.erase(keys_.begin() + index);
    ++state_.bundle;
    return {};
}

bool Authority::rotation_due(std::int64_t now) const {
    return now >= renew_at(issuer());
}

void Authority::revoke(const std::string& serial, const std::string& reason, std::int64_t time) {
    std::erase_if(state_.revoked, [&](const Revocation& one) {
        return one.time + longest_lifetime + clock_tolerance < time;
    });
    const auto place = std::ranges::lower_bound(state_.revoked, serial, {}, &Revocation::serial);
    if (place == state_.revoked.end() || place->serial != serial)
        state_.revoked.insert(place, {serial, reason, time});
}

const Revocation* Authority::revocation(std::string_view serial) const {
    const auto place = std::ranges::lower_bound(state_.revoked, serial, {}, &Revocation::serial);
    return place != state_.revoked.end() && place->serial == serial ? &*place : nullptr;
}

Result<Identity> Authority::admit(const std::vector<Certificate>& chain, Kind kind,
                                  std::int64_t now) const {
    if (auto verified = verify(chain, roots_, {Purpose::client, now, Identity{kind, {}}.uri()});
        !verified)
        return std::unexpected(verified.error());
    const auto& leaf = chain.front();
    const auto identity = Identity::parse(leaf.uri);
    if (!identity)
        return std::unexpected(
            Error{Errc::wrong_identity,
                  fmt::format("\"{}\" is no identity of this controller; pair the host again",
                              leaf.uri)});
    if (const auto* entry = revocation(leaf.serial))
        return std::unexpected(Error{
            Errc::revoked,
            fmt::format("the certificate of \"{}\" was revoked {} s ago ({}); pair the host again "
                        "if it still belongs here",
                        leaf.uri, now - entry->time, entry->reason)});
    return *identity;
}

} // namespace ringwall::pki
