#include <algorithm>

#include <fmt/format.h>

#include "common/pki/digest.h"
#include "control/pki/pairing.h"

namespace ringwall::pki {
namespace {

constexpr std::size_t most_addresses = 256;
constexpr const char* new_machine_id =
    "run 'rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup' on the copy, "
    "reboot it and pair it again";

std::unexpected<PairingError> refuse(PairingErrc code, std::string message) {
    return std::unexpected(PairingError{code, std::move(message)});
}

PairingResult<Profile*> profile_of(Pairing& pairing, const std::string& token, std::int64_t now) {
    const auto found = pairing.tokens.find(sha256_hex(token));
    const auto profile = found == pairing.tokens.end() ? pairing.profiles.end()
                                                       : pairing.profiles.find(found->second);
    if (profile == pairing.profiles.end())
        return refuse(PairingErrc::unknown_token,
                      "the controller does not know this pairing token; print a new line with "
                      "'ringwall pair' on that controller");
    Profile& out = profile->second;
    if (out.revoked)
        return refuse(PairingErrc::revoked,
                      fmt::format("the pairing profile \"{}\" was revoked; ask for a line of "
                                  "another one",
                                  out.name));
    if (out.expires && now >= *out.expires)
        return refuse(PairingErrc::expired,
                      fmt::format("the pairing profile \"{}\" expired {} s ago by the controller's "
                                  "clock; print a line of a newer one with 'ringwall pair'",
                                  out.name, now - *out.expires));
    if (out.uses_left == 0)
        return refuse(PairingErrc::used_up,
                      fmt::format("the pairing profile \"{}\" has no uses left; print a line of "
                                  "another one with 'ringwall pair'",
                                  out.name));
    return &out;
}

PairingResult<void> check_name(const std::string& name) {
    if (is_identity_name(name) && name != "localhost")
        return {};
    return refuse(
        PairingErrc::bad_facts,
        fmt::format("\"{}\" cannot name a workload: it has 1 to 64 letters, digits, dots, "
                    "underscores or hyphens and is not localhost; set the host name, or "
                    "pair with --name",
                    name));
}

PairingResult<void> check_facts(const HostFacts& facts) {
    if (!is_hex(facts.machine_id, 32) ||
        facts.machine_id.find_first_not_of('0') == std::string::npos)
        return refuse(PairingErrc::bad_facts,
                      "the host's machine id is not 32 hexadecimal digits; run "
                      "'systemd-machine-id-setup' on it and pair again");
    if (facts.addresses.size() > most_addresses)
        return refuse(PairingErrc::bad_facts,
                      fmt::format("the host reports {} addresses, at most {} are taken; exclude "
                                  "container interfaces",
                                  facts.addresses.size(), most_addresses));
    return {};
}

// What stands in the way of a workload of this name on a host with this machine id.
class Neighbours {
  public:
    Neighbours(const std::vector<KnownWorkload>& known, const Redemption& given, std::string name)
        : name_(std::move(name)), machine_id_(given.facts.machine_id) {
        for (const auto& one : known) {
            if (one.name == name_)
                same_name_ = &one;
            if (one.machine_id == machine_id_)
                same_machine_ = &one;
        }
    }

    // The known workload that the host becomes; null: a new one.
    PairingResult<const KnownWorkload*> target(const Redemption& given,
                                               const Profile& profile) const {
        if (same_machine_ && same_machine_ != same_name_)
            return refuse(PairingErrc::duplicate_host, copy_of_another());
        if (!same_name_ || same_name_->machine_id.empty())
            return same_name_;
        if (!given.replace)
            return refuse(PairingErrc::duplicate_host,
                          same_machine_ ? copy_or_same_host() : another_host());
        if (!profile.may_replace)
            return refuse(PairingErrc::locked,
                          fmt::format("the pairing profile \"{}\" does not let a host take the "
                                      "place of \"{}\"; print a line of a profile that may replace",
                                      profile.name, name_));
        return same_name_;
    }

  private:
    static const char* state(const KnownWorkload& one) {
        return one.live ? "paired and online" : "paired, its agent silent";
    }
    std::string copy_of_another() const {
        return fmt::format(
            "the machine id {} belongs to \"{}\" ({}), but this host pairs as "
            "\"{}\": it looks like a copy of that host's disk; {}; if it is the same "
            "host under a new name, pair with --name {} --replace",
            machine_id_, same_machine_->name, state(*same_machine_), name_, new_machine_id,
            same_machine_->name);
    }
    std::string copy_or_same_host() const {
        return fmt::format(
            "\"{}\" is {} with this machine id; if this host is a copy of it, {}; if "
            "it is the same host, pair with --replace, which revokes its old "
            "certificate",
            name_, state(*same_name_), new_machine_id);
    }
    std::string another_host() const {
        return fmt::format("another host is \"{}\" ({}); pair with --name and a name "
                           "of its own, or, if this one takes its place, with --replace",
                           name_, state(*same_name_));
    }

    std::string name_, machine_id_;
    const KnownWorkload* same_name_ = nullptr;
    const KnownWorkload* same_machine_ = nullptr;
};

std::string value_in(const model::Labels& labels, const std::string& key) {
    const auto found = labels.find(key);
    return found == labels.end() ? "not set" : "\"" + found->second + "\"";
}

// `whose`: "the host asks for", "the workload has"
PairingResult<void> check_locked(const Profile& profile, const model::Labels& labels,
                                 std::string_view whose) {
    for (const auto& [key, value] : labels)
        if (profile.locked.contains(key) && value_in(profile.labels, key) != "\"" + value + "\"")
            return refuse(PairingErrc::locked,
                          fmt::format("{} {}=\"{}\", but the pairing profile \"{}\" locks {} ({}); "
                                      "leave it as it is, or use another profile",
                                      whose, key, value, profile.name, key,
                                      value_in(profile.labels, key)));
    return {};
}

PairingResult<void> check_mode(const Profile& profile, const std::optional<model::Mode>& mode) {
    if (!mode || *mode == profile.mode || !profile.locked.contains("mode"))
        return {};
    return refuse(
        PairingErrc::locked,
        fmt::format("the host asks for mode {}, but the pairing profile \"{}\" locks mode "
                    "{}; leave it out, or use another profile",
                    model::name(*mode), profile.name, model::name(profile.mode)));
}

PairingResult<void> check_choice(const Profile& profile, const Redemption& given,
                                 const KnownWorkload* target) {
    if (auto checked = check_locked(profile, given.labels, "the host asks for"); !checked)
        return checked;
    if (auto checked = check_mode(profile, given.mode); !checked)
        return checked;
    return check_locked(profile, target ? target->labels : model::Labels{}, "the workload has");
}

// std::map::merge keeps what is there: the strongest comes first.
model::Labels merged(model::Labels strongest, model::Labels next, model::Labels weakest) {
    strongest.merge(next);
    strongest.merge(weakest);
    return strongest;
}

Accepted accept(const Profile& profile, const Redemption& given, const std::string& name,
                const KnownWorkload* target, Request request) {
    return {.identity = {Kind::agent, name},
            .profile = profile.name,
            .labels =
                merged(target ? target->labels : model::Labels{}, given.labels, profile.labels),
            .mode = target ? target->mode : given.mode.value_or(profile.mode),
            .addresses = given.facts.addresses,
            .request = std::move(request),
            .known = target != nullptr,
            .revoke = target ? target->serials : std::vector<std::string>{}};
}

} // namespace

PairingResult<Accepted> redeem(Pairing& pairing, const Redemption& given,
                               const std::vector<KnownWorkload>& known, std::int64_t now) {
    const auto found = profile_of(pairing, given.token, now);
    if (!found)
        return std::unexpected(found.error());
    Profile& profile = **found;
    const auto& name = given.name.empty() ? given.facts.hostname : given.name;
    if (auto checked = check_name(name); !checked)
        return std::unexpected(checked.error());
    if (auto checked = check_facts(given.facts); !checked)
        return std::unexpected(checked.error());
    auto request = parse_request(given.request);
    if (!request)
        return refuse(PairingErrc::bad_request, request.error().message);
    const auto target = Neighbours(known, given, name).target(given, profile);
    if (!target)
        return std::unexpected(target.error());
    if (auto allowed = check_choice(profile, given, *target); !allowed)
        return std::unexpected(allowed.error());
    if (profile.uses_left)
        --*profile.uses_left;
    return accept(profile, given, name, *target, std::move(*request));
}

} // namespace ringwall::pki
