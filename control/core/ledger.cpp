#include "control/core/ledger.h"

#include <algorithm>
#include <charconv>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

namespace ringwall::core {
namespace {

namespace json = boost::json;

constexpr const char* identity_kind = "identity";
constexpr const char* counter_kind = "counter";
constexpr const char* revision_name = "revision";
// Revisions are reserved in blocks, so that one write is enough for many of them.
constexpr std::uint64_t block = 100'000;

std::string text_of(const compute::IdentityKey& key) {
    json::object labels;
    for (const auto& [name, value] : key.labels)
        labels[name] = value;
    return json::serialize(
        json::object{{"labels", labels}, {"managed", key.managed}, {"workload", key.workload}});
}

compute::IdentityKey key_of(const std::string& text) {
    const auto value = json::parse(text);
    compute::IdentityKey out;
    for (const auto& label : value.at("labels").as_object())
        out.labels[label.key()] = json::value_to<std::string>(label.value());
    out.managed = value.at("managed").as_bool();
    out.workload = json::value_to<std::string>(value.at("workload"));
    return out;
}

template <typename Number>
Number number_of(const std::string& text) {
    Number out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

} // namespace

Result<Ledger> Ledger::load(store::Store& store) {
    Ledger out(store);
    const auto identities = store.memories(identity_kind);
    if (!identities)
        return std::unexpected(from(identities.error()));
    for (const auto& memory : *identities) {
        const auto number = number_of<std::uint32_t>(memory.name);
        const auto place = out.numbers_.emplace(key_of(*memory.text), number).first;
        if (number >= out.keys_.size())
            out.keys_.resize(number + std::size_t{1});
        out.keys_[number] = &place->first;
    }
    const auto counters = store.memories(counter_kind);
    if (!counters)
        return std::unexpected(from(counters.error()));
    for (const auto& memory : *counters)
        if (memory.name == revision_name)
            out.revision_ = out.reserved_ = number_of<std::uint64_t>(*memory.text);
    return out;
}

std::uint32_t Ledger::number(const compute::IdentityKey& key) {
    const auto next = static_cast<std::uint32_t>(keys_.size());
    const auto [place, added] = numbers_.emplace(key, next);
    if (added) {
        keys_.push_back(&place->first);
        unsaved_.push_back(&place->first);
    }
    return place->second;
}

const compute::IdentityKey* Ledger::key(std::uint32_t number) const {
    return number < keys_.size() ? keys_[number] : nullptr;
}

void Ledger::raise_above(std::uint64_t revision) {
    revision_ = std::max(revision_, revision);
}

Result<void> Ledger::save() {
    std::vector<store::Memory> memories;
    for (const auto* key : unsaved_)
        memories.push_back(
            {identity_kind, fmt::format("{:010}", numbers_.at(*key)), text_of(*key)});
    const bool reserve = revision_ + block / 2 > reserved_;
    const auto reserved = reserve ? revision_ + block : reserved_;
    if (reserve)
        memories.push_back({counter_kind, revision_name, std::to_string(reserved)});
    if (memories.empty())
        return {};
    if (auto kept = store_->remember(memories); !kept)
        return std::unexpected(from(kept.error()));
    unsaved_.clear();
    reserved_ = reserved;
    return {};
}

} // namespace ringwall::core
