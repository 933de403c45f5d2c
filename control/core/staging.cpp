#include "control/core/staging.h"

#include <algorithm>
#include <tuple>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "control/proto/delta.h"
#include "control/store/digest.h"

namespace ringwall::core {
namespace {

namespace json = boost::json;

json::object to_value(const store::ObjectChange& change) {
    json::object out{
        {"kind", change.id.kind}, {"name", change.id.name}, {"revision", change.revision}};
    if (change.before)
        out["before"] = json::parse(*change.before);
    if (change.after)
        out["after"] = json::parse(*change.after);
    return out;
}

std::optional<std::string> body_in(const json::value& change, const char* side) {
    const auto* body = change.as_object().if_contains(side);
    return body ? std::optional(json::serialize(*body)) : std::nullopt;
}

store::ObjectChange change_of(const json::value& value) {
    return {{json::value_to<std::string>(value.at("kind")),
             json::value_to<std::string>(value.at("name"))},
            body_in(value, "before"),
            body_in(value, "after"),
            value.at("revision").to_number<std::uint64_t>()};
}

// Newly blocked first, then the most frequent.
bool weighs_more(const v1::ImpactRow& one, const v1::ImpactRow& other) {
    return one.allows() != other.allows() ? !one.allows() : one.count() > other.count();
}

// What rows agree in that are one.
std::string key_of(v1::ImpactRow row) {
    row.clear_peer();
    row.clear_count();
    row.clear_first_ns();
    row.clear_last_ns();
    return wire::canonical(row);
}

void add(const v1::ImpactRow& more, v1::ImpactRow& into) {
    into.set_count(into.count() + more.count());
    into.set_first_ns(std::min(into.first_ns(), more.first_ns()));
    if (more.last_ns() < into.last_ns())
        return;
    into.set_last_ns(more.last_ns());
    into.set_peer(more.peer());
}

} // namespace

json::object to_json(const StagedDraft& draft) {
    json::array changes;
    for (const auto& change : draft.changes)
        changes.push_back(to_value(change));
    return {{"number", draft.number},     {"base", draft.base},
            {"actor", draft.actor},       {"note", draft.note},
            {"since_ns", draft.since_ns}, {"changes", std::move(changes)}};
}

Result<StagedDraft> parse_staged(const std::string& text) try {
    const auto value = json::parse(text);
    StagedDraft out;
    out.number = value.at("number").to_number<std::uint64_t>();
    out.base = value.at("base").to_number<std::uint64_t>();
    out.actor = json::value_to<std::string>(value.at("actor"));
    out.note = json::value_to<std::string>(value.at("note"));
    out.since_ns = value.at("since_ns").to_number<std::int64_t>();
    for (const auto& change : value.at("changes").as_array())
        out.changes.push_back(change_of(change));
    return out;
} catch (const std::exception& error) { // only a damaged store comes here
    return std::unexpected(
        Error{Errc::io, std::string("the staged draft cannot be read: ") + error.what(), {}});
}

std::vector<store::Object> applied(std::vector<store::Object> contents,
                                   const std::vector<store::ObjectChange>& changes) {
    std::map<store::ObjectId, store::Object> by_id;
    for (auto& object : contents)
        by_id.emplace(object.id, std::move(object));
    for (const auto& change : changes)
        if (change.after)
            by_id[change.id] = {change.id, *change.after, change.revision, 0, 0};
        else
            by_id.erase(change.id);
    std::vector<store::Object> out;
    for (auto& [id, object] : by_id)
        out.push_back(std::move(object));
    return out;
}

bool same_contents(const std::vector<store::Object>& one, const std::vector<store::Object>& other) {
    const auto by_id = [](const std::vector<store::Object>& contents) {
        std::map<store::ObjectId, json::value> out;
        for (const auto& object : contents)
            out.emplace(object.id, json::parse(object.body));
        return out;
    };
    return one.size() == other.size() && by_id(one) == by_id(other);
}

void Impacts::begin(std::uint64_t staging) {
    if (staging == staging_)
        return;
    staging_ = staging;
    by_agent_.clear();
    rows_ = 0;
}

bool Impacts::take(const std::string& agent, v1::Impact impact) {
    if (staging_ == 0 || impact.staging() != staging_)
        return false;
    forget(agent);
    auto& rows = *impact.mutable_rows();
    const auto room = static_cast<int>(std::min(most_rows_ - rows_, std::size_t{1} << 30));
    if (rows.size() > room) {
        std::sort(rows.begin(), rows.end(), weighs_more);
        std::uint64_t rest = 0;
        for (int i = room; i < rows.size(); ++i)
            rest += rows[i].count();
        impact.set_omitted(impact.omitted() + rest);
        rows.DeleteSubrange(room, rows.size() - room);
    }
    rows_ += static_cast<std::size_t>(rows.size());
    by_agent_[agent] = std::move(impact);
    return true;
}

void Impacts::forget(const std::string& agent) {
    const auto found = by_agent_.find(agent);
    if (found == by_agent_.end())
        return;
    rows_ -= static_cast<std::size_t>(found->second.rows_size());
    by_agent_.erase(found);
}

std::vector<ImpactSum>
summed(const Impacts& impacts,
       const std::function<bool(const std::string& agent, const v1::ImpactRow& row)>& wanted) {
    std::map<std::string, ImpactSum> by_key;
    for (const auto& [agent, impact] : impacts.all())
        for (const auto& row : impact.rows()) {
            if (!wanted(agent, row))
                continue;
            const auto [place, first] = by_key.try_emplace(key_of(row));
            if (first)
                place->second.row = row;
            else
                add(row, place->second.row);
            place->second.agents.insert(agent);
        }
    std::vector<ImpactSum> out;
    out.reserve(by_key.size());
    for (auto& [key, sum] : by_key) {
        sum.id = store::hex(store::sha256(key)).substr(0, 16);
        out.push_back(std::move(sum));
    }
    std::ranges::sort(out, [](const ImpactSum& one, const ImpactSum& other) {
        if (weighs_more(one.row, other.row) != weighs_more(other.row, one.row))
            return weighs_more(one.row, other.row);
        return one.id < other.id;
    });
    return out;
}

} // namespace ringwall::core
