// /audit and /audit/verify. A record may be about anything, so only roles that are not narrowed see
// them.
#include "control/api/endpoint.h"
#include "control/api/render.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

store::AuditFilter filter_in(Params& params) {
    store::AuditFilter out;
    out.kind = params.text("kind");
    if (out.kind)
        if (const auto* kind = core::kind_of_document(*out.kind))
            out.kind = kind->store;
    out.name = params.text("name");
    out.actor = params.text("actor");
    out.from_ns = params.time_ns("from");
    out.until_ns = params.time_ns("until");
    out.oldest_first = params.flag("oldest_first");
    return out;
}

Answer list(Context& context, Call& call) {
    call.params.allow({"kind", "name", "actor", "from", "until", "oldest_first", "limit", "after"});
    const auto page = page_query(call.params);
    const auto filter = filter_in(call.params);
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    if (auto whole = everywhere(call.who, "the audit log"); !whole)
        return std::unexpected(whole.error());
    const auto found =
        context.controller.store().audit(filter, {.after = page.after, .limit = page.limit});
    if (!found)
        return std::unexpected(of_page(core::from(found.error())));
    json::array items;
    for (const auto& record : found->items)
        items.push_back(to_json(record));
    return ok(page_json(std::move(items), found->next, found->total));
}

Answer verify(Context& context, Call& call) {
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    if (auto whole = everywhere(call.who, "the audit log"); !whole)
        return std::unexpected(whole.error());
    const auto proof = context.controller.store().verify();
    if (!proof && proof.error().code == store::Errc::tampered)
        return conflict(proof.error().message);
    if (!proof)
        return std::unexpected(from(proof.error()));
    return ok({{"records", proof->records}, {"head", proof->head}});
}

} // namespace

std::vector<Endpoint> audit_endpoints() {
    return {
        {"GET", "/api/v1/audit", Credential::token, Right::read, list},
        {"GET", "/api/v1/audit/verify", Credential::token, Right::read, verify},
    };
}

} // namespace ringwall::api
