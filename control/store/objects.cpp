#include "control/store/objects.h"

#include <fmt/format.h>

#include "control/store/paging.h"

namespace ringwall::store {
namespace {

[[noreturn]] void fail_missing(const ObjectId& id) {
    fail(Errc::not_found, fmt::format("there is no {}; check its name", id.text()));
}

void check_expected(const Edit& edit, const std::optional<Slot>& present) {
    if (!edit.expected)
        return;
    const auto revision = present ? present->revision : 0;
    if (*edit.expected == revision)
        return;
    if (*edit.expected == 0)
        fail(Errc::exists, fmt::format("{} exists already, at revision {}; change that one or "
                                       "choose another name",
                                       edit.id.text(), revision));
    if (!present)
        fail(Errc::stale, fmt::format("{} was expected at revision {} but does not exist any more; "
                                      "read again and repeat the change",
                                      edit.id.text(), *edit.expected));
    fail(Errc::stale, fmt::format("{} is at revision {}, not at {} as expected; read it again and "
                                  "repeat the change",
                                  edit.id.text(), revision, *edit.expected));
}

} // namespace

Object object_of(const Connection& connection, const Query& row) {
    return {.id = {row.text(0), row.text(1)},
            .body = checked_text(connection, row, 5, 6),
            .revision = row.number(2),
            .created_ns = row.integer(3),
            .changed_ns = row.integer(4)};
}

Object Objects::get(const ObjectId& id) {
    auto row = connection_.query(
        "SELECT o.kind, o.name, o.revision, o.created, o.changed, b.text, b.digest"
        " FROM object o JOIN body b ON b.id = o.body WHERE o.kind = ?1 AND o.name = ?2",
        id.kind, id.name);
    if (!row.step())
        fail_missing(id);
    return object_of(connection_, row);
}

Page<Object> Objects::list(const std::string& kind, const PageRequest& request) {
    Transaction transaction(connection_, Transaction::Kind::reading);
    auto rows = connection_.query(
        "SELECT o.kind, o.name, o.revision, o.created, o.changed, b.text, b.digest"
        " FROM object o JOIN body b ON b.id = o.body WHERE o.kind = ?1 AND o.name > ?2"
        " ORDER BY o.name LIMIT ?3",
        kind, request.after, rows_for(request));
    auto page = page_of(
        rows, request, [&](Query& row) { return object_of(connection_, row); },
        [](const Object& object) { return object.id.name; });
    auto count = connection_.query("SELECT count(*) FROM object WHERE kind = ?1", kind);
    count.step();
    page.total = count.number(0);
    return page;
}

Applied Objects::apply(const Author& by, const Edit& edit, const std::optional<std::string>& text) {
    const auto present = find(edit.id);
    check_expected(edit, present);
    if (!text && !present)
        fail_missing(edit.id);
    const auto body = text ? std::optional(bodies_.keep(*text)) : std::nullopt;
    if (body && present && body->id == present->body)
        return {edit.id, Outcome::unchanged, present->revision};
    const char* action = !body ? "remove" : present ? "change" : "create";
    const auto revision = audit_.append(
        by, {.action = action, .object = edit.id, .before = body_of(present), .after = body});
    if (!body) {
        remove(edit.id);
        return {edit.id, Outcome::removed, revision};
    }
    put(edit.id, {body->id, revision, present ? present->created_ns : by.time_ns, by.time_ns});
    return {edit.id, present ? Outcome::changed : Outcome::created, revision};
}

void Objects::reset(const Author& by, const ObjectId& id, const std::optional<Slot>& wanted) {
    const auto present = find(id);
    const auto revision = audit_.append(
        by,
        {.action = "reset", .object = id, .before = body_of(present), .after = body_of(wanted)});
    if (!wanted)
        return remove(id);
    put(id,
        {wanted->body, revision, present ? present->created_ns : wanted->created_ns, by.time_ns});
}

std::optional<Slot> Objects::find(const ObjectId& id) {
    auto row = connection_.query("SELECT body, revision, created, changed FROM object"
                                 " WHERE kind = ?1 AND name = ?2",
                                 id.kind, id.name);
    if (!row.step())
        return std::nullopt;
    return Slot{row.integer(0), row.number(1), row.integer(2), row.integer(3)};
}

std::optional<Body> Objects::body_of(const std::optional<Slot>& slot) {
    return slot ? std::optional(bodies_.at(slot->body)) : std::nullopt;
}

void Objects::put(const ObjectId& id, const Slot& slot) {
    connection_.run("INSERT INTO object (kind, name, body, revision, created, changed)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (kind, name) DO UPDATE SET"
                    " body = ?3, revision = ?4, created = ?5, changed = ?6",
                    id.kind, id.name, slot.body, slot.revision, slot.created_ns, slot.changed_ns);
}

void Objects::remove(const ObjectId& id) {
    connection_.run("DELETE FROM object WHERE kind = ?1 AND name = ?2", id.kind, id.name);
}

} // namespace ringwall::store
