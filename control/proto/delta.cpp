#include "control/proto/delta.h"

#include <algorithm>
#include <array>
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

void write_canonical(const google::protobuf::MessageLite& message, std::string& out) {
    out.clear();
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
    coded.Trim();
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

// By name; null where several have it.
using Subjects = std::unordered_map<std::string_view, const v1::Subject*>;

Subjects by_name(const Repeated<v1::Subject>& subjects) {
    Subjects out;
    for (const auto& subject : subjects)
        if (const auto [found, fresh] = out.emplace(subject.workload(), &subject); !fresh)
            found->second = nullptr;
    return out;
}

std::expected<Repeated<v1::Subject>, DeltaError> new_subjects(const v1::PolicyDelta& delta,
                                                              const v1::Policy& base) {
    const auto before = by_name(base.subjects());
    Repeated<v1::Subject> out;
    for (const auto& change : delta.new_subjects()) {
        const auto found = before.find(change.head().workload());
        const auto* old = found == before.end() ? nullptr : found->second;
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

v1::Holding holding_of(std::uint64_t version, std::string_view content) {
    v1::Holding out;
    out.set_version(version);
    out.set_hash(content_hash(content));
    return out;
}

std::uint64_t version_of(const v1::Policy& policy) {
    return policy.version();
}
std::uint64_t version_of(const v1::Inventory& inventory) {
    return inventory.revision();
}

// The result of a delta, if it is what the sender meant.
template <typename Half>
std::expected<Applied<Half>, DeltaError> arrived(Half half, const v1::Holding& target,
                                                 std::string_view name) {
    auto content = canonical(half);
    if (!same(target, holding_of(version_of(half), content)))
        return fail(DeltaErrc::drift,
                    fmt::format("a delta to {} {} led to other content than the controller's; a "
                                "snapshot is needed",
                                name, target.version()));
    return Applied<Half>{std::move(half), std::move(content)};
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

std::expected<Applied<v1::Policy>, DeltaError>
apply(const v1::PolicyDelta& delta, const v1::Policy& base, const v1::Holding& held) {
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
    return arrived(std::move(out), delta.target(), "policy version");
}

std::expected<Applied<v1::Inventory>, DeltaError>
apply(const v1::InventoryDelta& delta, const v1::Inventory& base, const v1::Holding& held) {
    if (auto fits = starts_from(delta.base(), held, "inventory revision"); !fits)
        return std::unexpected(fits.error());
    auto identities = apply_list(base.identities(), delta.identities(), delta.new_identities());
    auto addresses = apply_list(base.addresses(), delta.addresses(), delta.new_addresses());
    if (!identities || !addresses)
        return std::unexpected(identities ? addresses.error() : identities.error());
    v1::Inventory out = delta.head();
    *out.mutable_identities() = std::move(*identities);
    *out.mutable_addresses() = std::move(*addresses);
    return arrived(std::move(out), delta.target(), "inventory revision");
}

} // namespace ringwall::wire
