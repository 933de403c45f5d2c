#include "control/proto/delta.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>

namespace ringwall::wire {
namespace {

template <typename T>
using Repeated = google::protobuf::RepeatedPtrField<T>;

std::unexpected<DeltaError> fail(DeltaErrc code, std::string message) {
    return std::unexpected(DeltaError{code, std::move(message)});
}

std::string key(const v1::Subject& subject) {
    return subject.workload();
}
std::string key(const v1::AddressList& list) {
    return list.name();
}
std::string key(const v1::Rule& rule) {
    return static_cast<char>(rule.direction()) + rule.id();
}
std::string key(const v1::Identity& identity) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(identity.id() >> shift & 0xff);
    return out;
}
std::string key(const v1::AddressOwner& owner) {
    return static_cast<char>(owner.address().size()) + owner.address() + owner.host();
}

// Key -> indices of the items that have it; one, unless the list repeats itself.
using Groups = std::unordered_map<std::string, std::vector<int>>;

template <typename T>
Groups group(const Repeated<T>& items) {
    Groups groups;
    for (int i = 0; i < items.size(); ++i)
        groups[key(items[i])].push_back(i);
    return groups;
}

// Which elements (a permutation's, -1 skipped) form a longest rising subsequence.
std::vector<bool> longest_rising(const std::vector<int>& values) {
    std::vector<int> tails, before(values.size(), -1);
    for (int i = 0; i < static_cast<int>(values.size()); ++i) {
        if (values[i] < 0)
            continue;
        const auto less = [&](int index, int value) { return values[index] < value; };
        const auto tail = std::lower_bound(tails.begin(), tails.end(), values[i], less);
        if (tail != tails.begin())
            before[i] = *std::prev(tail);
        if (tail == tails.end())
            tails.push_back(i);
        else
            *tail = i;
    }
    std::vector<bool> member(values.size());
    for (int i = tails.empty() ? -1 : tails.back(); i >= 0; i = before[i])
        member[i] = true;
    return member;
}

// For each item of the target the index of the equal item of the base, or -1. Items of one key
// stay together only when they are the same items in the same order.
template <typename T>
std::vector<int> origins(const Repeated<T>& base, const Repeated<T>& target) {
    const auto old_groups = group(base), new_groups = group(target);
    std::vector<int> out(target.size(), -1);
    for (const auto& [name, places] : new_groups) {
        const auto old = old_groups.find(name);
        const auto equal = [&](int was, int is) {
            return canonical(base[was]) == canonical(target[is]);
        };
        if (old == old_groups.end() || !std::ranges::equal(old->second, places, equal))
            continue;
        for (std::size_t i = 0; i < places.size(); ++i)
            out[places[i]] = old->second[i];
    }
    return out;
}

// Indices of the target's items that the delta has to carry.
template <typename T>
std::vector<int> carried(const Repeated<T>& base, const Repeated<T>& target) {
    const auto stays = longest_rising(origins(base, target));
    std::unordered_set<std::string> keys;
    for (int i = 0; i < target.size(); ++i)
        if (!stays[i])
            keys.insert(key(target[i]));
    std::vector<int> out;
    for (int i = 0; i < target.size(); ++i)
        if (keys.contains(key(target[i])))
            out.push_back(i);
    return out;
}

// Fills `change` and returns the indices of the target's items to add to it.
template <typename T>
std::vector<int> diff_list(const Repeated<T>& base, const Repeated<T>& target,
                           v1::ListChange& change) {
    std::set<std::string> leaving;
    for (const T& item : base)
        leaving.insert(key(item));
    for (const T& item : target)
        leaving.erase(key(item));
    for (const auto& name : leaving)
        change.add_removed(name);
    auto places = carried(base, target);
    for (const int place : places)
        change.add_at(static_cast<std::uint32_t>(place));
    return places;
}

template <typename T>
void diff_plain(const Repeated<T>& base, const Repeated<T>& target, v1::ListChange& change,
                Repeated<T>& added) {
    for (const int place : diff_list(base, target, change))
        *added.Add() = target[place];
}

// Items of the base that the change leaves, in order.
template <typename T>
std::vector<const T*> staying(const Repeated<T>& base, const v1::ListChange& change,
                              const std::unordered_set<std::string>& replaced) {
    const std::unordered_set<std::string> removed(change.removed().begin(), change.removed().end());
    std::vector<const T*> out;
    for (const T& item : base) {
        const auto name = key(item);
        if (!removed.contains(name) && !replaced.contains(name))
            out.push_back(&item);
    }
    return out;
}

template <typename T>
std::expected<Repeated<T>, DeltaError>
apply_list(const Repeated<T>& base, const v1::ListChange& change, const Repeated<T>& added) {
    std::unordered_set<std::string> replaced;
    for (const T& item : added)
        replaced.insert(key(item));
    const auto stay = staying(base, change, replaced);
    const auto size = stay.size() + static_cast<std::size_t>(added.size());
    if (change.at_size() != added.size() ||
        (change.at_size() && change.at(change.at_size() - 1) >= size) ||
        std::ranges::adjacent_find(change.at(), std::greater_equal<>{}) != change.at().end())
        return fail(DeltaErrc::malformed,
                    fmt::format("a delta places {} items at {} places of a list of {}; ask for a "
                                "snapshot",
                                added.size(), change.at_size(), size));
    Repeated<T> out;
    out.Reserve(static_cast<int>(size));
    int next_added = 0;
    auto next_staying = stay.begin();
    for (std::size_t i = 0; i < size; ++i)
        if (next_added < added.size() && change.at(next_added) == i)
            *out.Add() = added[next_added++];
        else
            *out.Add() = **next_staying++;
    return out;
}

// The one subject of that name; null: none or several.
const v1::Subject* only(const Repeated<v1::Subject>& subjects, const Groups& groups,
                        const std::string& name) {
    const auto found = groups.find(name);
    return found != groups.end() && found->second.size() == 1 ? &subjects[found->second[0]]
                                                              : nullptr;
}

v1::SubjectChange diff_subject(const v1::Subject* base, const v1::Subject& target) {
    v1::SubjectChange out;
    *out.mutable_head() = target;
    out.mutable_head()->clear_rules();
    out.set_fresh(!base);
    diff_plain(base ? base->rules() : Repeated<v1::Rule>{}, target.rules(), *out.mutable_rules(),
               *out.mutable_new_rules());
    return out;
}

std::expected<Repeated<v1::Subject>, DeltaError> new_subjects(const v1::PolicyDelta& delta,
                                                              const v1::Policy& base) {
    const auto groups = group(base.subjects());
    Repeated<v1::Subject> out;
    for (const auto& change : delta.new_subjects()) {
        const auto* old = only(base.subjects(), groups, change.head().workload());
        if (!old && !change.fresh())
            return fail(DeltaErrc::malformed,
                        fmt::format("a delta changes the rules of '{}', which the base has not; "
                                    "ask for a snapshot",
                                    change.head().workload()));
        auto rules = apply_list(change.fresh() ? Repeated<v1::Rule>{} : old->rules(),
                                change.rules(), change.new_rules());
        if (!rules)
            return std::unexpected(rules.error());
        auto& subject = *out.Add();
        subject = change.head();
        *subject.mutable_rules() = std::move(*rules);
    }
    return out;
}

std::expected<void, DeltaError> starts_from(const v1::Holding& base, const v1::Holding& held,
                                            std::string_view half) {
    if (same(base, held))
        return {};
    return fail(DeltaErrc::base_mismatch,
                fmt::format("a delta starts from {} {}, but {} is held{}; a snapshot is needed",
                            half, base.version(), held.version(),
                            base.version() == held.version() ? " with other content" : ""));
}

std::expected<void, DeltaError> arrived(const v1::Holding& target, const v1::Holding& result,
                                        std::string_view half) {
    if (same(target, result))
        return {};
    return fail(DeltaErrc::drift,
                fmt::format("a delta to {} {} led to other content than the controller's; a "
                            "snapshot is needed",
                            half, target.version()));
}

v1::Holding holding_of(std::uint64_t version, std::string_view content) {
    v1::Holding out;
    out.set_version(version);
    out.set_hash(content_hash(content));
    return out;
}

} // namespace

std::string canonical(const google::protobuf::MessageLite& message) {
    std::string out;
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
    coded.Trim();
    return out;
}

std::string content_hash(std::string_view content) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> out;
    SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), out.data());
    return {out.begin(), out.end()};
}

v1::Holding holding(const v1::Policy& policy) {
    return holding_of(policy.version(), canonical(policy));
}

v1::Holding holding(const v1::Inventory& inventory) {
    return holding_of(inventory.revision(), canonical(inventory));
}

bool same(const v1::Holding& one, const v1::Holding& other) {
    return one.version() == other.version() && one.hash() == other.hash();
}

v1::PolicyDelta diff(const v1::Policy& base, const v1::Policy& target) {
    v1::PolicyDelta out;
    *out.mutable_base() = holding(base);
    *out.mutable_target() = holding(target);
    *out.mutable_head() = target;
    out.mutable_head()->clear_subjects();
    out.mutable_head()->clear_lists();
    const auto old = group(base.subjects()), now = group(target.subjects());
    for (const int place : diff_list(base.subjects(), target.subjects(), *out.mutable_subjects())) {
        const auto& subject = target.subjects(place);
        const bool unique = only(target.subjects(), now, subject.workload());
        *out.add_new_subjects() = diff_subject(
            unique ? only(base.subjects(), old, subject.workload()) : nullptr, subject);
    }
    diff_plain(base.lists(), target.lists(), *out.mutable_lists(), *out.mutable_new_lists());
    return out;
}

v1::InventoryDelta diff(const v1::Inventory& base, const v1::Inventory& target) {
    v1::InventoryDelta out;
    *out.mutable_base() = holding(base);
    *out.mutable_target() = holding(target);
    *out.mutable_head() = target;
    out.mutable_head()->clear_identities();
    out.mutable_head()->clear_addresses();
    diff_plain(base.identities(), target.identities(), *out.mutable_identities(),
               *out.mutable_new_identities());
    diff_plain(base.addresses(), target.addresses(), *out.mutable_addresses(),
               *out.mutable_new_addresses());
    return out;
}

std::expected<v1::Policy, DeltaError> apply(const v1::PolicyDelta& delta, const v1::Policy& base,
                                            const v1::Holding& held) {
    if (auto fits = starts_from(delta.base(), held, "policy version"); !fits)
        return std::unexpected(fits.error());
    const auto added = new_subjects(delta, base);
    if (!added)
        return std::unexpected(added.error());
    auto subjects = apply_list(base.subjects(), delta.subjects(), *added);
    auto lists = apply_list(base.lists(), delta.lists(), delta.new_lists());
    if (!subjects || !lists)
        return std::unexpected(subjects ? lists.error() : subjects.error());
    v1::Policy out = delta.head();
    *out.mutable_subjects() = std::move(*subjects);
    *out.mutable_lists() = std::move(*lists);
    if (auto right = arrived(delta.target(), holding(out), "policy version"); !right)
        return std::unexpected(right.error());
    return out;
}

std::expected<v1::Inventory, DeltaError> apply(const v1::InventoryDelta& delta,
                                               const v1::Inventory& base, const v1::Holding& held) {
    if (auto fits = starts_from(delta.base(), held, "inventory revision"); !fits)
        return std::unexpected(fits.error());
    auto identities = apply_list(base.identities(), delta.identities(), delta.new_identities());
    auto addresses = apply_list(base.addresses(), delta.addresses(), delta.new_addresses());
    if (!identities || !addresses)
        return std::unexpected(identities ? addresses.error() : identities.error());
    v1::Inventory out = delta.head();
    *out.mutable_identities() = std::move(*identities);
    *out.mutable_addresses() = std::move(*addresses);
    if (auto right = arrived(delta.target(), holding(out), "inventory revision"); !right)
        return std::unexpected(right.error());
    return out;
}

} // namespace ringwall::wire
