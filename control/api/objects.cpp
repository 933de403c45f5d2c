// /workloads, /rule-sets and the other documents: lists, GET, PUT, DELETE.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/api/document_in.h"
#include "control/api/endpoint.h"
#include "control/api/preconditions.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

std::string etag(std::uint64_t revision) {
    return fmt::format("\"{}\"", revision);
}

Answer list_workloads(Context& context, Call& call) {
    call.params.allow({"labels", "limit", "after"});
    const auto page = page_query(call.params);
    const auto wanted = call.params.text("labels");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto query = query_in("labels", wanted.value_or(""));
    if (!query)
        return std::unexpected(query.error());
    const auto& workloads = context.controller.draft().workloads;
    const auto found = select_page(workloads, *query, call.who.scope, page.after, page.limit);
    json::array items;
    for (const auto* workload : found.items) {
        const auto object = context.controller.store().object({"workload", workload->name});
        if (!object)
            return std::unexpected(from(object.error()));
        items.push_back(shown(*object));
    }
    auto out = page_json(std::move(items), found.next, found.total);
    if (wanted)
        out["warnings"] = to_json(query_warnings(*query, workloads));
    return ok(out);
}

// The draft, or a version: versions list all kinds together, so the kind is read to its end for the
// total.
Result<json::object> versioned_page(const Context& context, const std::string& kind,
                                    std::uint64_t version, const PageQuery& page) {
    json::array items;
    std::string next, last;
    std::uint64_t total = 0;
    store::PageRequest request{.after = kind + "/", .limit = 1000};
    while (true) {
        const auto chunk = context.controller.store().contents(version, request);
        if (!chunk)
            return std::unexpected(from(chunk.error()));
        for (const auto& object : chunk->items) {
            if (object.id.kind != kind)
                return page_json(std::move(items), next, total);
            ++total;
            if (object.id.name <= page.after)
                continue;
            if (items.size() < page.limit) {
                items.push_back(shown(object));
                last = object.id.name;
            } else {
                next = last;
            }
        }
        if (chunk->next.empty())
            return page_json(std::move(items), next, total);
        request.after = chunk->next;
    }
}

Answer list(Context& context, Call& call) {
    if (call.kind->store == "workload")
        return list_workloads(context, call);
    if (call.kind->provisioned)
        call.params.allow({"version", "limit", "after"});
    else
        call.params.allow({"limit", "after"});
    const auto page = page_query(call.params);
    const auto version = version_of(context, call.params, "version", "draft");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    if (!version)
        return std::unexpected(version.error());
    const std::string kind(call.kind->store);
    if (*version != store::draft) {
        auto out = versioned_page(context, kind, *version, page);
        if (!out)
            return std::unexpected(out.error());
        return ok(*out);
    }
    const auto found =
        context.controller.store().objects(kind, {.after = page.after, .limit = page.limit});
    if (!found)
        return std::unexpected(from(found.error()));
    json::array items;
    for (const auto& object : found->items)
        items.push_back(shown(object));
    return ok(page_json(std::move(items), found->next, found->total));
}

// A cursor right before an object. Names have only characters below 0x7f, so nothing else fits
// between the two.
std::string cursor_before(const store::ObjectId& id) {
    auto name = id.name;
    name.back() = static_cast<char>(name.back() - 1);
    return fmt::format("{}/{}\x7f", id.kind, name);
}

Result<store::Object> object_at(const Context& context, const store::ObjectId& id,
                                std::uint64_t version) {
    if (version == store::draft) {
        auto object = context.controller.store().object(id);
        if (!object)
            return std::unexpected(from(object.error()));
        return std::move(*object);
    }
    auto page = context.controller.store().contents(version, {cursor_before(id), 1});
    if (!page)
        return std::unexpected(from(page.error()));
    if (page->items.empty() || page->items.front().id != id)
        return not_found(
            fmt::format("there is no {} {} in that version", kind_word(id.kind), id.name));
    return std::move(page->items.front());
}

Answer get(Context& context, Call& call) {
    const store::ObjectId id{std::string(call.kind->store), call.captured.front()};
    if (call.kind->provisioned)
        call.params.allow({"version"});
    else
        call.params.allow({});
    const auto version = version_of(context, call.params, "version", "draft");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    if (!version)
        return std::unexpected(version.error());
    const auto known = revisions_in(call.request, "if-none-match");
    if (!known)
        return std::unexpected(known.error());
    const auto object = object_at(context, id, *version);
    if (!object)
        return std::unexpected(object.error());
    if (id.kind == "workload" && !call.who.sees(labels_of(json::parse(object->body))))
        return not_found(
            fmt::format("there is no workload {} inside {}", id.name, text(call.who.scope)));
    http::Response out;
    if (known->any || known->revisions.contains(object->revision))
        out.status = 304;
    else
        out = ok(shown(*object));
    out.headers.emplace_back("ETag", etag(object->revision));
    return out;
}

// A token keeps what people do not write: its hash and who made it.
Result<void> complete_token(const Context& context, store::Edit& edit) {
    const auto object = context.controller.store().object(edit.id);
    if (!object && object.error().code == store::Errc::not_found)
        return not_found(
            fmt::format("there is no token {}; POST /api/v1/tokens makes one", edit.id.name));
    if (!object)
        return std::unexpected(from(object.error()));
    const auto before = stored_token(object->body);
    auto after = stored_token(json::serialize(*edit.body));
    if (!after.user.empty() && !context.controller.store().object({"user", after.user}))
        return invalid({{edit.id, "/spec/user",
                         fmt::format("there is no user {}; make it first", after.user)}});
    after.sha256 = before.sha256;
    after.created_by = before.created_by;
    edit.body = to_json(after);
    return {};
}

// A name that is given with If-None-Match: * and is taken.
Problem taken(Problem problem, const Expected& expected) {
    if (problem.code == "exists" && expected.must_not_exist)
        problem.status = 412;
    return problem;
}

Answer put(Context& context, Call& call) {
    call.params.allow({"dry_run"});
    const bool dry_run = call.params.flag("dry_run");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    auto edit = document_in(*call.kind, call.captured.front(), call.body);
    if (!edit)
        return std::unexpected(edit.error());
    const auto expected = expected_in(context, call.request, edit->id);
    if (!expected)
        return std::unexpected(expected.error());
    if (expected->revision)
        edit->expected = expected->revision;
    if (call.kind->store == "token")
        if (auto completed = complete_token(context, *edit); !completed)
            return std::unexpected(completed.error());
    auto written = write(context, call, {std::move(*edit)}, dry_run);
    if (!written)
        return std::unexpected(taken(std::move(written.error()), *expected));
    const auto& applied = written->changed.receipt.edits.front();
    const bool created = applied.outcome == store::Outcome::created && !dry_run;
    auto out = with_status(created ? 201 : 200, written->answer);
    if (applied.revision != 0)
        out.headers.emplace_back("ETag", etag(applied.revision));
    return out;
}

Answer remove(Context& context, Call& call) {
    call.params.allow({"dry_run"});
    const bool dry_run = call.params.flag("dry_run");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    store::Edit edit{{std::string(call.kind->store), call.captured.front()}, {}, {}};
    const auto expected = expected_in(context, call.request, edit.id);
    if (!expected)
        return std::unexpected(expected.error());
    if (expected->must_not_exist)
        return malformed("If-None-Match means nothing in a DELETE; leave it out");
    edit.expected = expected->revision;
    auto written = write(context, call, {std::move(edit)}, dry_run);
    if (!written)
        return std::unexpected(written.error());
    return ok(written->answer);
}

} // namespace

std::vector<Endpoint> object_endpoints() {
    std::vector<Endpoint> out;
    for (const auto& kind : core::kinds()) {
        if (kind.store == "agent")
            continue; // its records are the controller's own; /agents shows them
        const auto all = fmt::format("/api/v1/{}", kind.path), one = all + "/{name}";
        const auto read = is_administered(kind) ? Right::administer : Right::read;
        const auto edit = is_administered(kind) ? Right::administer : Right::edit;
        constexpr auto token = Credential::token;
        out.push_back({"GET", all, token, read, list, 0, &kind});
        out.push_back({"GET", one, token, read, get, 0, &kind});
        out.push_back({"PUT", one, token, edit, put, document_body, &kind});
        out.push_back({"DELETE", one, token, edit, remove, 0, &kind});
    }
    return out;
}

} // namespace ringwall::api
