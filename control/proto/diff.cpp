// What changed between two canonical forms. They are compared as they are: an item's bytes within
// its list are its own canonical form, and only what the delta carries is parsed.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "control/proto/delta.h"

namespace ringwall::wire {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

template <typename T>
using Repeated = google::protobuf::RepeatedPtrField<T>;

// One field of a serialized message.
struct Field {
    int number = 0;
    std::string_view all;     // with its tag
    std::string_view bytes;   // what is inside, where its length is given
    std::uint64_t varint = 0; // where it is one
};

// Reads a serialized message field by field. What does not parse ends it: it is our own writing.
class Fields {
  public:
    explicit Fields(std::string_view message)
        : message_(message), in_(reinterpret_cast<const std::uint8_t*>(message.data()),
                                 static_cast<int>(message.size())) {}

    std::optional<Field> next() {
        const auto start = in_.CurrentPosition();
        const auto tag = in_.ReadTag();
        Field out{.number = WireFormatLite::GetTagFieldNumber(tag), .all = {}, .bytes = {}};
        if (tag == 0 || !read(tag, out))
            return std::nullopt;
        out.all = from(start);
        return out;
    }

  private:
    std::string_view from(int start) const {
        return message_.substr(static_cast<std::size_t>(start),
                               static_cast<std::size_t>(in_.CurrentPosition() - start));
    }
    bool read(std::uint32_t tag, Field& out) {
        if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_VARINT)
            return in_.ReadVarint64(&out.varint);
        if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED)
            return WireFormatLite::SkipField(&in_, tag);
        std::uint32_t size = 0;
        if (!in_.ReadVarint32(&size))
            return false;
        const auto start = in_.CurrentPosition();
        if (!in_.Skip(static_cast<int>(size)))
            return false;
        out.bytes = from(start);
        return true;
    }

    std::string_view message_;
    CodedInputStream in_;
};

Field field_of(std::string_view message, int number) {
    Fields fields(message);
    while (const auto field = fields.next())
        if (field->number == number)
            return *field;
    return {};
}

// ---- Lists

using Items = std::span<const std::string_view>;

// A list of the half: the field that has its items, and what an item is known by.
struct List {
    int field;
    std::string (*key)(std::string_view item);
};

template <int number>
std::string named_by(std::string_view item) {
    return std::string(field_of(item, number).bytes);
}

std::string key_of_rule(std::string_view rule) {
    return static_cast<char>(field_of(rule, v1::Rule::kDirectionFieldNumber).varint) +
           named_by<v1::Rule::kIdFieldNumber>(rule);
}

std::string key_of_identity(std::string_view identity) {
    const auto id = field_of(identity, v1::Identity::kIdFieldNumber).varint;
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(id >> shift & 0xff);
    return out;
}

std::string key_of_owner(std::string_view owner) {
    const auto address = field_of(owner, v1::AddressOwner::kAddressFieldNumber).bytes;
    return static_cast<char>(address.size()) + std::string(address) +
           named_by<v1::AddressOwner::kHostFieldNumber>(owner);
}

constexpr List subjects{v1::Policy::kSubjectsFieldNumber,
                        named_by<v1::Subject::kWorkloadFieldNumber>};
constexpr List lists{v1::Policy::kListsFieldNumber, named_by<v1::AddressList::kNameFieldNumber>};
constexpr List rules{v1::Subject::kRulesFieldNumber, key_of_rule};
constexpr List identities{v1::Inventory::kIdentitiesFieldNumber, key_of_identity};
constexpr List addresses{v1::Inventory::kAddressesFieldNumber, key_of_owner};

// A message without its lists, and the items of each.
struct Parts {
    std::string head;
    std::vector<std::vector<std::string_view>> lists;
};

Parts parts_of(std::string_view message, std::initializer_list<List> wanted) {
    Parts out;
    out.lists.resize(wanted.size());
    Fields fields(message);
    while (const auto field = fields.next()) {
        const auto* const list = std::ranges::find(wanted, field->number, &List::field);
        if (list == wanted.end())
            out.head += field->all;
        else
            out.lists[static_cast<std::size_t>(list - wanted.begin())].push_back(field->bytes);
    }
    return out;
}

// Key -> indices of the items that have it; one, unless the list repeats itself.
using Groups = std::unordered_map<std::string, std::vector<int>>;

Groups group(const List& list, Items items) {
    Groups groups;
    for (int i = 0; i < std::ssize(items); ++i)
        groups[list.key(items[i])].push_back(i);
    return groups;
}

// The one item of that name; none: there is none or several.
std::optional<std::string_view> only(Items items, const Groups& groups, const std::string& name) {
    const auto found = groups.find(name);
    if (found == groups.end() || found->second.size() != 1)
        return std::nullopt;
    return items[found->second[0]];
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
std::vector<int> origins(const List& list, Items base, Items target) {
    const auto old_groups = group(list, base), new_groups = group(list, target);
    std::vector<int> out(target.size(), -1);
    for (const auto& [name, places] : new_groups) {
        const auto old = old_groups.find(name);
        const auto equal = [&](int was, int is) { return base[was] == target[is]; };
        if (old == old_groups.end() || !std::ranges::equal(old->second, places, equal))
            continue;
        for (std::size_t i = 0; i < places.size(); ++i)
            out[places[i]] = old->second[i];
    }
    return out;
}

// Indices of the target's items that the delta has to carry.
std::vector<int> carried(const List& list, Items base, Items target) {
    const auto stays = longest_rising(origins(list, base, target));
    std::unordered_set<std::string> keys;
    for (int i = 0; i < std::ssize(target); ++i)
        if (!stays[i])
            keys.insert(list.key(target[i]));
    std::vector<int> out;
    for (int i = 0; i < std::ssize(target); ++i)
        if (keys.contains(list.key(target[i])))
            out.push_back(i);
    return out;
}

// What both lists have in common at their beginning and at their end: all that most changes leave.
// Nothing where one of these items has the key of one between them, as items of one key leave
// together.
struct Ends {
    std::size_t first = 0, last = 0;
};

Ends common_ends(const List& list, Items base, Items target) {
    const auto most = std::min(base.size(), target.size());
    Ends out;
    while (out.first < most && base[out.first] == target[out.first])
        ++out.first;
    while (out.first + out.last < most &&
           base[base.size() - 1 - out.last] == target[target.size() - 1 - out.last])
        ++out.last;
    std::unordered_set<std::string> between;
    for (const auto items : {base, target})
        for (const auto item : items.subspan(out.first, items.size() - out.first - out.last))
            between.insert(list.key(item));
    const auto mixed = [&](std::string_view item) { return between.contains(list.key(item)); };
    if (!between.empty() && (std::ranges::any_of(base.first(out.first), mixed) ||
                             std::ranges::any_of(base.last(out.last), mixed)))
        return {};
    return out;
}

// Fills `change` and returns the target's items that go with it.
std::vector<std::string_view> diff_list(const List& list, Items before, Items after,
                                        v1::ListChange& change) {
    const auto ends = common_ends(list, before, after);
    const auto base = before.subspan(ends.first, before.size() - ends.first - ends.last),
               target = after.subspan(ends.first, after.size() - ends.first - ends.last);
    std::set<std::string> leaving;
    for (const auto item : base)
        leaving.insert(list.key(item));
    for (const auto item : target)
        leaving.erase(list.key(item));
    for (const auto& name : leaving)
        change.add_removed(name);
    std::vector<std::string_view> out;
    for (const int place : carried(list, base, target)) {
        change.add_at(static_cast<std::uint32_t>(ends.first) + static_cast<std::uint32_t>(place));
        out.push_back(target[place]);
    }
    return out;
}

void parse(std::string_view bytes, google::protobuf::MessageLite& out) {
    out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

template <typename T>
void diff_plain(const List& list, Items base, Items target, v1::ListChange& change,
                Repeated<T>& added) {
    for (const auto item : diff_list(list, base, target, change))
        parse(item, *added.Add());
}

// ---- Halves

v1::SubjectChange diff_subject(std::optional<std::string_view> base, std::string_view target) {
    v1::SubjectChange out;
    const auto before = parts_of(base.value_or(""), {rules}), after = parts_of(target, {rules});
    parse(after.head, *out.mutable_head());
    out.set_fresh(!base);
    diff_plain(rules, before.lists[0], after.lists[0], *out.mutable_rules(),
               *out.mutable_new_rules());
    return out;
}

void diff_subjects(Items base, Items target, v1::PolicyDelta& out) {
    const auto changed = diff_list(subjects, base, target, *out.mutable_subjects());
    if (changed.empty())
        return;
    const auto old = group(subjects, base), now = group(subjects, target);
    for (const auto subject : changed) {
        const auto name = subjects.key(subject);
        *out.add_new_subjects() =
            diff_subject(only(target, now, name) ? only(base, old, name) : std::nullopt, subject);
    }
}

State state_of(std::uint64_t version, std::string_view content) {
    State out{.content = content, .holding = {}};
    out.holding.set_version(version);
    out.holding.set_hash(content_hash(content));
    return out;
}

} // namespace

v1::PolicyDelta diff_policies(const State& base, const State& target) {
    v1::PolicyDelta out;
    *out.mutable_base() = base.holding;
    *out.mutable_target() = target.holding;
    const auto before = parts_of(base.content, {subjects, lists}),
               after = parts_of(target.content, {subjects, lists});
    parse(after.head, *out.mutable_head());
    diff_subjects(before.lists[0], after.lists[0], out);
    diff_plain(lists, before.lists[1], after.lists[1], *out.mutable_lists(),
               *out.mutable_new_lists());
    return out;
}

v1::InventoryDelta diff_inventories(const State& base, const State& target) {
    v1::InventoryDelta out;
    *out.mutable_base() = base.holding;
    *out.mutable_target() = target.holding;
    const auto before = parts_of(base.content, {identities, addresses}),
               after = parts_of(target.content, {identities, addresses});
    parse(after.head, *out.mutable_head());
    diff_plain(identities, before.lists[0], after.lists[0], *out.mutable_identities(),
               *out.mutable_new_identities());
    diff_plain(addresses, before.lists[1], after.lists[1], *out.mutable_addresses(),
               *out.mutable_new_addresses());
    return out;
}

v1::PolicyDelta diff(const v1::Policy& base, const v1::Policy& target) {
    const auto before = canonical(base), after = canonical(target);
    return diff_policies(state_of(base.version(), before), state_of(target.version(), after));
}

v1::InventoryDelta diff(const v1::Inventory& base, const v1::Inventory& target) {
    const auto before = canonical(base), after = canonical(target);
    return diff_inventories(state_of(base.revision(), before), state_of(target.revision(), after));
}

} // namespace ringwall::wire
