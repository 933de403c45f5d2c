#include "control/core/rotation.h"

#include <algorithm>
#include <array>

namespace ringwall::core {
namespace {

constexpr std::array steps{RotationStep::announce, RotationStep::switch_issuer,
                           RotationStep::retire};

// Before the first rotation there is one bundle only, which came with the pairing.
bool knows_the_bundle(const pki::Authority& authority, const TrustHeld& held) {
    constexpr std::uint64_t first_bundle = 1;
    const auto newest = authority.state().bundle;
    return newest == first_bundle || held.bundle >= newest;
}

bool shows_the_old_ca(const pki::Authority& authority, const TrustHeld& held) {
    const auto& all = authority.state().authorities;
    return std::ranges::find(all, pki::Phase::retiring, &pki::CaRecord::phase) != all.end() &&
           held.issuer != authority.issuer().subject;
}

void add(Stragglers& to, const std::string& agent, const TrustHeld& held) {
    to.agents.push_back(agent);
    to.connected += held.connected ? 1 : 0;
}

pki::AuthorityResult<void> switched(pki::Authority& authority, const TrustByAgent& agents) {
    std::map<std::string, std::uint64_t> acknowledged;
    for (const auto& [agent, held] : agents)
        acknowledged[agent] = held.bundle;
    return authority.switch_issuer(acknowledged);
}

pki::AuthorityResult<void> retired(pki::Authority& authority, const TrustByAgent& agents) {
    std::map<std::string, std::string> issuers;
    for (const auto& [agent, held] : agents)
        issuers[agent] = held.issuer;
    return authority.retire(issuers);
}

pki::AuthorityResult<void> stepped(pki::Authority& authority, RotationStep step,
                                   const TrustByAgent& agents, std::int64_t now) {
    switch (step) {
    case RotationStep::announce:
        return authority.announce(now);
    case RotationStep::switch_issuer:
        return switched(authority, agents);
    case RotationStep::retire:
        break;
    }
    return retired(authority, agents);
}

Errc code_of(pki::AuthorityErrc code) {
    const bool refused =
        code == pki::AuthorityErrc::too_early || code == pki::AuthorityErrc::out_of_order;
    return refused ? Errc::conflict : Errc::io;
}

} // namespace

const char* name(RotationStep step) {
    switch (step) {
    case RotationStep::announce:
        return "announce";
    case RotationStep::switch_issuer:
        return "switch";
    case RotationStep::retire:
        break;
    }
    return "retire";
}

std::optional<RotationStep> parse_rotation_step(std::string_view text) {
    const auto found = std::ranges::find(
        steps, text, [](RotationStep step) { return std::string_view(name(step)); });
    return found == steps.end() ? std::nullopt : std::optional(*found);
}

const char* name(pki::Phase phase) {
    switch (phase) {
    case pki::Phase::announced:
        return "announced";
    case pki::Phase::issuing:
        return "issuing";
    case pki::Phase::retiring:
        break;
    }
    return "retiring";
}

bool lags(const pki::Authority& authority, const TrustHeld& held) {
    return !knows_the_bundle(authority, held) || shows_the_old_ca(authority, held);
}

Rotation rotation_of(const pki::Authority& authority, const TrustByAgent& agents,
                     std::int64_t now) {
    Rotation out;
    const auto& records = authority.state().authorities;
    for (std::size_t i = 0; i < records.size(); ++i)
        out.authorities.push_back({authority.roots()[i], records[i].phase, records[i].since});
    out.bundle = authority.state().bundle;
    out.due = authority.rotation_due(now);
    out.agents = agents.size();
    for (const auto& [agent, held] : agents) {
        if (!knows_the_bundle(authority, held))
            add(out.unacknowledged, agent, held);
        if (shows_the_old_ca(authority, held))
            add(out.old_certificate, agent, held);
    }
    return out;
}

Result<void> take_step(pki::Authority& authority, RotationStep step, const TrustByAgent& agents,
                       std::int64_t now) {
    if (auto done = stepped(authority, step, agents, now); !done)
        return std::unexpected(Error{code_of(done.error().code), done.error().message, {}});
    return {};
}

} // namespace ringwall::core
