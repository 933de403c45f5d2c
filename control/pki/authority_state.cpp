// The authority's state as JSON, and the checks of one that was kept.
#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "common/pki/digest.h"
#include "control/pki/authority.h"

namespace ringwall::pki {
namespace {

namespace json = boost::json;

constexpr std::int64_t format = 1;
constexpr std::array phases{std::pair{Phase::announced, "announced"},
                            std::pair{Phase::issuing, "issuing"},
                            std::pair{Phase::retiring, "retiring"}};

std::unexpected<AuthorityError> malformed(std::string what) {
    return std::unexpected(AuthorityError{
        AuthorityErrc::malformed, "the kept state of the certificate authority is damaged: " +
                                      std::move(what) + "; restore it from a backup"});
}

const char* word(Phase phase) {
    return std::ranges::find(phases, phase, &std::pair<Phase, const char*>::first)->second;
}

json::object object_of(const CaRecord& ca) {
    return {{"certificate", ca.certificate},
            {"key", ca.key},
            {"phase", word(ca.phase)},
            {"since", ca.since}};
}

json::object object_of(const Revocation& one) {
    return {{"serial", one.serial}, {"reason", one.reason}, {"time", one.time}};
}

// Reads the members of one object; the first fault stays.
class Members {
  public:
    Members(const json::value& value, std::string where)
        : object_(value.if_object()), where_(std::move(where)) {
        if (!object_)
            fault_ = where_ + " is not an object";
    }

    std::string text(std::string_view key) {
        const auto* value = find(key);
        if (value && value->is_string())
            return std::string(value->get_string());
        return note(key, "a text"), std::string();
    }

    template <typename Number>
    Number number(std::string_view key) {
        json::error_code error;
        const auto* value = find(key);
        const auto out = value ? value->to_number<Number>(error) : Number{};
        if (!value || error)
            note(key, "a whole number");
        return out;
    }

    const json::array* list(std::string_view key) {
        const auto* value = find(key);
        if (value && value->is_array())
            return &value->get_array();
        return note(key, "a list"), nullptr;
    }

    Phase phase() {
        const auto given = text("phase");
        const auto found = std::ranges::find(phases, given, &std::pair<Phase, const char*>::second);
        if (found == phases.end())
            note("phase", "announced, issuing or retiring");
        return found == phases.end() ? Phase::announced : found->first;
    }

    // Also a member that was not asked for.
    const std::string& fault() {
        if (fault_.empty() && object_->size() != asked_)
            fault_ = where_ + " has members that this version does not know";
        return fault_;
    }

  private:
    const json::value* find(std::string_view key) {
        ++asked_;
        return object_ ? object_->if_contains(json::string_view(key.data(), key.size())) : nullptr;
    }
    void note(std::string_view key, std::string_view wanted) {
        if (fault_.empty())
            fault_ = fmt::format("{}: \"{}\" is not {}", where_, key, wanted);
    }

    const json::object* object_;
    std::string where_, fault_;
    std::size_t asked_ = 0;
};

CaRecord read_ca(Members& from) {
    CaRecord out;
    out.certificate = from.text("certificate");
    out.key = from.text("key");
    out.phase = from.phase();
    out.since = from.number<std::uint64_t>("since");
    return out;
}

Revocation read_revocation(Members& from) {
    Revocation out;
    out.serial = from.text("serial");
    out.reason = from.text("reason");
    out.time = from.number<std::int64_t>("time");
    return out;
}

template <typename T>
AuthorityResult<void> read_all(const json::array& from, const char* what, T (*read)(Members&),
                               std::vector<T>& out) {
    for (const auto& value : from) {
        Members members(value, fmt::format("{} {}", what, out.size() + 1));
        out.push_back(read(members));
        if (!members.fault().empty())
            return malformed(members.fault());
    }
    return {};
}

AuthorityResult<void> check_phases(const AuthorityState& state) {
    const auto count = [&](Phase phase) {
        return std::ranges::count(state.authorities, phase, &CaRecord::phase);
    };
    if (count(Phase::issuing) != 1 || count(Phase::announced) + count(Phase::retiring) > 1)
        return malformed("one CA issues, and at most one other is announced or retiring, but it "
                         "says otherwise");
    const bool rising =
        std::ranges::is_sorted(state.authorities, std::ranges::less(), &CaRecord::since);
    if (!rising || state.authorities.back().since > state.bundle)
        return malformed("the revisions of the trust bundle are out of order");
    return {};
}

AuthorityResult<void> check_revoked(const std::vector<Revocation>& revoked) {
    const auto bad = std::ranges::find_if(revoked, [](const Revocation& one) {
        return one.serial.empty() || !is_hex(one.serial, one.serial.size());
    });
    if (bad != revoked.end())
        return malformed(fmt::format("\"{}\" is no serial number", bad->serial));
    if (std::ranges::adjacent_find(revoked, std::ranges::greater_equal(), &Revocation::serial) !=
        revoked.end())
        return malformed("the list of revocations is not in order");
    return {};
}

} // namespace

std::string to_json(const AuthorityState& state) {
    json::array authorities, revoked;
    for (const auto& ca : state.authorities)
        authorities.push_back(object_of(ca));
    for (const auto& one : state.revoked)
        revoked.push_back(object_of(one));
    return json::serialize(json::object{{"format", format},
                                        {"bundle", state.bundle},
                                        {"authorities", std::move(authorities)},
                                        {"revoked", std::move(revoked)}});
}

AuthorityResult<AuthorityState> parse_state(std::string_view text) {
    json::error_code error;
    const auto value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error)
        return malformed("it is not JSON (" + error.message() + ")");
    Members members(value, "it");
    const bool known = members.number<std::int64_t>("format") == format;
    AuthorityState out;
    out.bundle = members.number<std::uint64_t>("bundle");
    const auto* authorities = members.list("authorities");
    const auto* revoked = members.list("revoked");
    if (!known && authorities)
        return malformed("it was written by another version of Ringwall");
    if (!members.fault().empty())
        return malformed(members.fault());
    if (auto read = read_all(*authorities, "CA", read_ca, out.authorities); !read)
        return std::unexpected(read.error());
    if (auto read = read_all(*revoked, "revocation", read_revocation, out.revoked); !read)
        return std::unexpected(read.error());
    return out;
}

AuthorityResult<Authority> Authority::load(AuthorityState state) {
    if (auto checked = check_phases(state); !checked)
        return std::unexpected(checked.error());
    if (auto checked = check_revoked(state.revoked); !checked)
        return std::unexpected(checked.error());
    Authority out;
    for (const auto& ca : state.authorities) {
        auto certificate = parse_certificates(ca.certificate);
        if (!certificate)
            return malformed(certificate.error().message);
        auto key = PrivateKey::parse(ca.key);
        if (!key)
            return malformed(key.error().message);
        const auto& root = certificate->front();
        if (certificate->size() != 1 || !root.is_ca || root.key != key->public_key())
            return malformed(
                fmt::format("\"{}\" is not a CA with the key beside it", root.subject));
        out.roots_.push_back(root);
        out.keys_.push_back(std::move(*key));
    }
    out.state_ = std::move(state);
    return out;
}

} // namespace ringwall::pki
