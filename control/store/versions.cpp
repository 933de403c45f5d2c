#include "control/store/versions.h"

#include <algorithm>
#include <limits>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/store/audit_log.h"
#include "control/store/canonical.h"
#include "control/store/paging.h"

namespace ringwall::store {
namespace {

namespace json = boost::json;

// The rows of a content, as `o`. ?1: the kinds as JSON, or the version.
constexpr auto in_draft = " FROM object o WHERE o.kind IN (SELECT value FROM json_each(?1))";
constexpr auto in_version = " FROM version_object o"
                            " WHERE o.since <= ?1 AND (o.until IS NULL OR o.until > ?1)";
// The same for the newest version, by its index.
constexpr auto in_newest = " FROM version_object o WHERE o.until IS NULL AND o.since <= ?1";

constexpr auto version_columns =
    "SELECT number, time, actor, origin, note, rollback_to, changes FROM version";

Version version_of(const Query& row) {
    return {.number = row.number(0),
            .time_ns = row.integer(1),
            .actor = row.text(2),
            .origin = row.text(3),
            .note = row.text(4),
            .rollback_to = row.number(5),
            .changes = row.number(6)};
}

const Slot* find(const Versions::Content& content, const ObjectId& id) {
    const auto found = content.find(id);
    return found == content.end() ? nullptr : &found->second;
}

// Both are in the same order, so one walk finds all.
std::vector<ObjectId> different(const Versions::Content& one, const Versions::Content& other) {
    std::vector<ObjectId> ids;
    auto left = one.begin(), right = other.begin();
    while (left != one.end() || right != other.end()) {
        const bool only_left =
            right == other.end() || (left != one.end() && left->first < right->first);
        const bool only_right = !only_left && (left == one.end() || right->first < left->first);
        if (only_left) {
            ids.push_back((left++)->first);
        } else if (only_right) {
            ids.push_back((right++)->first);
        } else {
            if (left->second.body != right->second.body)
                ids.push_back(left->first);
            ++left;
            ++right;
        }
    }
    return ids;
}

void check_reviewed(const Selected& selected, const Slot* wanted) {
    const auto revision = wanted ? wanted->revision : 0;
    if (selected.revision && *selected.revision != revision)
        fail(Errc::stale,
             fmt::format("the draft of {} is at revision {}, not at {} as reviewed; look at the "
                         "difference again and repeat",
                         selected.id.text(), revision, *selected.revision));
}

} // namespace

Versions::Versions(Connection& connection, const std::set<std::string>& kinds)
    : connection_(connection), kinds_(json::serialize(json::array(kinds.begin(), kinds.end()))) {}

std::uint64_t Versions::newest() {
    return static_cast<std::uint64_t>(
        connection_.integer("SELECT ifnull(max(number), 0) FROM version"));
}

Version Versions::get(std::uint64_t number) {
    require(number);
    auto row = connection_.query(std::string(version_columns) + " WHERE number = ?1", number);
    if (!row.step())
        fail(Errc::not_found, "the draft and the empty content are no versions; name a number");
    return version_of(row);
}

Page<Version> Versions::list(const PageRequest& request) {
    const auto cursor = number_cursor(request.after, std::numeric_limits<std::int64_t>::max());
    Transaction transaction(connection_, Transaction::Kind::reading);
    auto rows = connection_.query(std::string(version_columns) +
                                      " WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
                                  cursor, rows_for(request));
    auto page = page_of(
        rows, request, [](Query& row) { return version_of(row); },
        [](const Version& version) { return std::to_string(version.number); });
    page.total = newest();
    return page;
}

Page<Object> Versions::contents(std::uint64_t at, const PageRequest& request) {
    const auto cursor = id_cursor(request.after);
    Transaction transaction(connection_, Transaction::Kind::reading);
    require(at);
    const std::string from = source(at);
    auto rows = connection_.query(
        "SELECT p.kind, p.name, p.revision, p.created, p.changed, b.text, b.digest FROM"
        " (SELECT *" +
        from +
        " AND (o.kind, o.name) > (?2, ?3) ORDER BY o.kind, o.name LIMIT ?4) p"
        " JOIN body b ON b.id = p.body ORDER BY p.kind, p.name");
    auto count = connection_.query("SELECT count(*)" + from);
    for (auto* query : {&rows, &count}) {
        if (at == draft)
            query->bind(1, kinds_);
        else
            query->bind(1, at);
    }
    rows.bind(2, cursor.kind);
    rows.bind(3, cursor.name);
    rows.bind(4, rows_for(request));
    auto page = page_of(
        rows, request, [&](Query& row) { return object_of(connection_, row); },
        [](const Object& object) { return object.id.kind + "/" + object.id.name; });
    count.step();
    page.total = count.number(0);
    return page;
}

std::vector<ObjectChange> Versions::changes(std::uint64_t from, std::uint64_t to) {
    Transaction transaction(connection_, Transaction::Kind::reading);
    const auto before = content(from), after = content(to);
    Bodies bodies(connection_);
    const auto text = [&](const Slot* slot) {
        return slot ? std::optional(bodies.text(slot->body)) : std::nullopt;
    };
    std::vector<ObjectChange> out;
    for (const auto& id : different(before, after)) {
        const auto* is = find(after, id);
        out.push_back({id, text(find(before, id)), text(is), is ? is->revision : 0});
    }
    return out;
}

Version Versions::provision(const Provision& request) {
    check_base(request.base);
    const auto active = content(newest()), wanted = content(draft);
    const auto ids = pending_of(request, active, wanted);
    if (ids.empty())
        fail(Errc::nothing, request.selection
                                ? "nothing to provision: none of the selected objects differs from "
                                  "the active version"
                                : "nothing to provision: the draft is the active version");
    return make({.note = request.note}, request.by, ids, active, wanted);
}

Version Versions::rollback(const Rollback& request) {
    check_base(request.base);
    if (request.keep_draft && request.to != draft)
        return take_back(request);
    if (request.to == 0 || request.to == draft)
        fail(Errc::not_found, "there is no version 0 to roll back to; versions count from 1");
    const auto target = content(request.to);
    Objects objects(connection_);
    const auto stale = different(target, content(draft));
    for (const auto& id : stale) {
        const auto* slot = find(target, id);
        objects.reset(request.by, id, slot ? std::optional(*slot) : std::nullopt);
    }
    const auto active = content(newest()), wanted = content(draft);
    const auto ids = different(active, wanted);
    if (ids.empty() && stale.empty())
        fail(Errc::nothing, fmt::format("nothing to roll back: draft and active version have the "
                                        "content of version {} already",
                                        request.to));
    return make({.note = request.note, .rollback_to = request.to}, request.by, ids, active, wanted);
}

Version Versions::take_back(const Rollback& request) {
    const auto active = content(newest()), target = content(request.to);
    const auto ids = different(active, target);
    if (ids.empty())
        fail(Errc::nothing, fmt::format("nothing to take back: the active version has the content "
                                        "of version {} already",
                                        request.to));
    return make({.note = request.note, .rollback_to = request.to}, request.by, ids, active, target);
}

void Versions::require(std::uint64_t number) {
    const auto last = newest();
    if (number == draft || number <= last)
        return;
    fail(Errc::not_found,
         last == 0 ? fmt::format("there is no version {}; nothing was provisioned "
                                 "yet",
                                 number)
                   : fmt::format("there is no version {}; the newest is {}", number, last));
}

void Versions::check_base(const std::optional<std::uint64_t>& base) {
    if (const auto last = newest(); base && *base != last)
        fail(Errc::conflict, fmt::format("version {} was provisioned meanwhile, this is based on "
                                         "version {}; look at the difference again and repeat",
                                         last, *base));
}

const char* Versions::source(std::uint64_t at) {
    return at == draft ? in_draft : at == newest() ? in_newest : in_version;
}

Versions::Content Versions::content(std::uint64_t at) {
    require(at);
    auto rows = connection_.query(
        std::string("SELECT o.kind, o.name, o.body, o.revision, o.created, o.changed") +
        source(at) + " ORDER BY o.kind, o.name");
    if (at == draft)
        rows.bind(1, kinds_);
    else
        rows.bind(1, at);
    Content out;
    while (rows.step())
        out.emplace_hint(out.end(), ObjectId{rows.text(0), rows.text(1)},
                         Slot{rows.integer(2), rows.number(3), rows.integer(4), rows.integer(5)});
    return out;
}

std::vector<ObjectId> Versions::pending_of(const Provision& request, const Content& active,
                                           const Content& wanted) {
    auto pending = different(active, wanted);
    if (!request.selection)
        return pending;
    std::set<ObjectId> selected;
    for (const auto& each : *request.selection) {
        if (!find(active, each.id) && !find(wanted, each.id))
            fail(Errc::not_found,
                 fmt::format("there is no {}, neither in the draft nor in the active version; "
                             "check the selection",
                             each.id.text()));
        check_reviewed(each, find(wanted, each.id));
        selected.insert(each.id);
    }
    std::erase_if(pending, [&](const ObjectId& id) { return !selected.contains(id); });
    return pending;
}

Version Versions::make(Version version, const Author& by, const std::vector<ObjectId>& ids,
                       const Content& active, const Content& wanted) {
    version.number = newest() + 1;
    version.time_ns = by.time_ns;
    version.actor = by.actor;
    version.origin = by.origin;
    version.changes = ids.size();
    connection_.run("INSERT INTO version (number, time, actor, origin, note, rollback_to, changes)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    version.number, version.time_ns, version.actor, version.origin, version.note,
                    version.rollback_to, version.changes);
    for (const auto& id : ids) {
        if (find(active, id))
            connection_.run("UPDATE version_object SET until = ?1"
                            " WHERE kind = ?2 AND name = ?3 AND until IS NULL",
                            version.number, id.kind, id.name);
        if (const auto* slot = find(wanted, id))
            connection_.run("INSERT INTO version_object"
                            " (kind, name, since, body, revision, created, changed)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                            id.kind, id.name, version.number, slot->body, slot->revision,
                            slot->created_ns, slot->changed_ns);
    }
    record(by, version, ids);
    return version;
}

void Versions::record(const Author& by, const Version& version, const std::vector<ObjectId>& ids) {
    json::array objects;
    for (const auto& id : ids)
        objects.push_back({{"kind", id.kind}, {"name", id.name}});
    json::object text{{"note", version.note}, {"objects", objects}};
    if (version.rollback_to)
        text["rollback_to"] = version.rollback_to;
    const ObjectId id{"version", std::to_string(version.number)};
    AuditLog(connection_)
        .append(by, {.action = version.rollback_to ? "rollback" : "provision",
                     .object = id,
                     .after = Bodies(connection_).keep(*canonical(text))});
}

} // namespace ringwall::store
