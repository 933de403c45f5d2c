#include "control/proto/delta.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
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

// Part of a list.
template <typename T>
using Items = std::span<const T* const>;

template <typename T>
Items<T> all_of(const Repeated<T>& items) {
    return {items.data(), static_cast<std::size_t>(items.size())};
}

// Key -> indices of the items that have it; one, unless the list repeats itself.
using Groups = std::unordered_map<std::string, std::vector<int>>;

template <typename T>
Groups group(Items<T> items) {
    Groups groups;
    for (int i = 0; i < std::ssize(items); ++i)
        groups[key(*items[i])].push_back(i);
    return groups;
}

void write_canonical(const google::protobuf::MessageLite& message, std::string& out) {
    out.clear();
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
    coded.Trim();
}

// Has two messages' canonical forms compared in the same two buffers again and again.
class Comparison {
  public:
    bool equal(const google::protobuf::MessageLite& one,
               const google::protobuf::MessageLite& other) {
        if (one.ByteSizeLong() != other.ByteSizeLong())
            return false;
        write_canonical(one, one_);
        write_canonical(other, other_);
        return one_ == other_;
    }

  private:
    std::string one_, other_;
};

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
std::vector<int> origins(Items<T> base, Items<T> target, Comparison& comparison) {
    const auto old_groups = group<T>(base), new_groups = group<T>(target);
    std::vector<int> out(target.size(), -1);
    for (const auto& [name, places] : new_groups) {
        const auto old = old_groups.find(name);
        const auto equal = [&](int was, int is) {
            return comparison.equal(*base[was], *target[is]);
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
std::vector<int> carried(Items<T> base, Items<T> target, Comparison& comparison) {
    const auto stays = longest_rising(origins<T>(base, target, comparison));
    std::unordered_set<std::string> keys;
    for (int i = 0; i < std::ssize(target); ++i)
        if (!stays[i])
            keys.insert(key(*target[i]));
    std::vector<int> out;
    for (int i = 0; i < std::ssize(target); ++i)
        if (keys.contains(key(*target[i])))
            out.push_back(i);
    return out;
}

// What both lists have in common at their beginning and at their end: all that most changes leave.
// Nothing where one of these items has the key of one between them, as items of one key leave
// together.
struct Ends {
    std::size_t first = 0, last = 0;
};

template <typename T>
Ends common_ends(Items<T> base, Items<T> target, Comparison& comparison) {
    const auto most = std::min(base.size(), target.size());
    Ends out;
    while (out.first < most && comparison.equal(*base[out.first], *target[out.first]))
        ++out.first;
    while (out.first + out.last < most && comparison.equal(*base[base.size() - 1 - out.last],
                                                           *target[target.size() - 1 - out.last]))
        ++out.last;
    std::unordered_set<std::string> between;
    for (const auto items : {base, target})
        for (const T* item : items.subspan(out.first, items.size() - out.first - out.last))
            between.insert(key(*item));
    const auto mixed = [&](const T* item) { return between.contains(key(*item)); };
    if (!between.empty() && (std::ranges::any_of(base.first(out.first), mixed) ||
                             std::ranges::any_of(base.last(out.last), mixed)))
        return {};
    return out;
}

// Fills `change` and returns the indices of the target's items to add to it.
template <typename T>
std::vector<int> diff_list(const Repeated<T>& before, const Repeated<T>& after,
                           v1::ListChange& change) {
    Comparison comparison;
    auto base = all_of(before), target = all_of(after);
    const auto ends = common_ends<T>(base, target, comparison);
    base = base.subspan(ends.first, base.size() - ends.first - ends.last);
    target = target.subspan(ends.first, target.size() - ends.first - ends.last);
    std::set<std::string> leaving;
    for (const T* item : base)
        leaving.insert(key(*item));
    for (const T* item : target)
        leaving.erase(key(*item));
    for (const auto& name : leaving)
        change.add_removed(name);
    auto places = carried<T>(base, target, comparison);
    for (int& place : places) {
        place += static_cast<int>(ends.first);
        change.add_at(static_cast<std::uint32_t>(place));
    }
    return places;
}

// The items that are added are moved out of `target`.
template <typename T>
void diff_plain(const Repeated<T>& base, Repeated<T>& target, v1::ListChange& change,
                Repeated<T>& added) {
    for (const int place : diff_list(base, target, change))
        *added.Add() = std::move(target[place]);
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

v1::SubjectChange diff_subject(const v1::Subject* base, v1::Subject target) {
    v1::SubjectChange out;
    Repeated<v1::Rule> rules;
    rules.Swap(target.mutable_rules());
    *out.mutable_head() = std::move(target);
    out.set_fresh(!base);
    diff_plain(base ? base->rules() : Repeated<v1::Rule>{}, rules, *out.mutable_rules(),
               *out.mutable_new_rules());
    return out;
}

std::expected<Repeated<v1::Subject>, DeltaError> new_subjects(const v1::PolicyDelta& delta,
                                                              const v1::Policy& base) {
    const auto groups = group<v1::Subject>(all_of(base.subjects()));
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
    write_canonical(message, out);
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
    return diff(base, holding(base), target, holding(target));
}

v1::PolicyDelta diff(const v1::Policy& base, const v1::Holding& base_holding, v1::Policy target,
                     const v1::Holding& target_holding) {
    v1::PolicyDelta out;
    *out.mutable_base() = base_holding;
    *out.mutable_target() = target_holding;
    Repeated<v1::Subject> subjects;
    Repeated<v1::AddressList> lists;
    subjects.Swap(target.mutable_subjects());
    lists.Swap(target.mutable_lists());
    *out.mutable_head() = std::move(target);
    const auto places = diff_list(base.subjects(), subjects, *out.mutable_subjects());
    const auto old = group<v1::Subject>(all_of(base.subjects())),
               now = group<v1::Subject>(all_of(subjects));
    for (const int place : places) {
        const auto name = subjects[place].workload();
        const bool unique = only(subjects, now, name);
        *out.add_new_subjects() = diff_subject(unique ? only(base.subjects(), old, name) : nullptr,
                                               std::move(subjects[place]));
    }
    diff_plain(base.lists(), lists, *out.mutable_lists(), *out.mutable_new_lists());
    return out;
}

v1::InventoryDelta diff(const v1::Inventory& base, const v1::Inventory& target) {
    return diff(base, holding(base), target, holding(target));
}

v1::InventoryDelta diff(const v1::Inventory& base, const v1::Holding& base_holding,
                        v1::Inventory target, const v1::Holding& target_holding) {
    v1::InventoryDelta out;
    *out.mutable_base() = base_holding;
    *out.mutable_target() = target_holding;
    Repeated<v1::Identity> identities;
    Repeated<v1::AddressOwner> addresses;
    identities.Swap(target.mutable_identities());
    addresses.Swap(target.mutable_addresses());
    *out.mutable_head() = std::move(target);
    diff_plain(base.identities(), identities, *out.mutable_identities(),
               *out.mutable_new_identities());
    diff_plain(base.addresses(), addresses, *out.mutable_addresses(), *out.mutable_new_addresses());
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
