#include "control/api/writing.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/api/render.h"
#include "control/core/profile.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

Result<std::optional<std::string>> present(const Context& context, const store::ObjectId& id) {
    auto object = context.controller.store().object(id);
    if (object)
        return std::optional(std::move(object->body));
    if (object.error().code == store::Errc::not_found)
        return std::nullopt;
    return std::unexpected(from(object.error()));
}

std::unexpected<Problem> outside_of(const Principal& who, const store::ObjectId& id,
                                    std::string_view when) {
    return forbidden(fmt::format("{} {} {} outside {}, to which the role of {} is narrowed",
                                 kind_word(id.kind), id.name, when, text(who.scope), who.actor));
}

// Both sides of an edit, as bodies.
struct Sides {
    std::optional<std::string> before, after;
};

// What has several claimants is allowed only what all of them are: a claim on somebody else's
// address would cut them off.
Result<void> may_claim(const Context& context, const Principal& who, const store::ObjectId& id,
                       const std::string& body) {
    const auto form = core::model_of({{id, body}});
    if (!form)
        return invalid(form.error());
    const auto& wanted = form->workloads.front();
    for (const auto& other : context.controller.draft().workloads) {
        if (other.name == id.name || who.sees(other.labels) || other.realm != wanted.realm)
            continue;
        const auto shared = std::ranges::find_first_of(wanted.addresses, other.addresses);
        if (shared != wanted.addresses.end())
            return forbidden(fmt::format("{} {} would claim {}, which is an address of a workload "
                                         "outside {}, to which the role of {} is narrowed",
                                         kind_word(id.kind), id.name, shared->text(),
                                         text(who.scope), who.actor));
    }
    return {};
}

Result<void> may_write_workload(const Context& context, const Principal& who,
                                const store::ObjectId& id, const Sides& sides) {
    if (sides.before && !who.sees(labels_of(json::parse(*sides.before))))
        return outside_of(who, id, "is");
    if (!sides.after)
        return {};
    if (!who.sees(labels_of(json::parse(*sides.after))))
        return outside_of(who, id, "would be");
    return may_claim(context, who, id, *sides.after);
}

Result<void> may_write_rule_set(const Principal& who, const store::ObjectId& id,
                                const Sides& sides) {
    for (const auto& side : {sides.before, sides.after}) {
        if (!side)
            continue;
        const auto form = core::model_of({{id, *side}});
        if (!form)
            return invalid(form.error());
        if (auto faults = outside(who.scope, form->rule_sets.front()); !faults.empty())
            return std::unexpected(
                Problem{403, "forbidden", faults.front().sentence, std::move(faults)});
    }
    return {};
}

// What pairs with it has to land inside the scope, whatever the host asks for.
Result<void> may_write_profile(const Principal& who, const store::ObjectId& id,
                               const Sides& sides) {
    for (const auto& side : {sides.before, sides.after}) {
        if (!side)
            continue;
        const auto profile = core::parse_profile(id.name, json::parse(*side));
        if (!profile)
            return std::unexpected(from(profile.error()));
        const auto is_locked = [&](const auto& key) {
            return profile->profile.locked.contains(key.first);
        };
        if (!who.sees(profile->profile.labels) || !std::ranges::all_of(who.scope, is_locked) ||
            profile->profile.may_replace)
            return forbidden(fmt::format(
                "the role of {} is narrowed to {}; a pairing profile then needs such labels, has "
                "them locked, and does not replace",
                who.actor, text(who.scope)));
    }
    return {};
}

struct Grant {
    Rights rights = 0;
    Scope scope;
};

Grant grant_of(Credentials& credentials, const std::string& kind, const std::string& body) {
    if (kind == "user") {
        const auto user = stored_user(body);
        return {rights_of(user.role), user.scope};
    }
    const auto token = stored_token(body);
    return {rights_of(token.role), credentials.scope(token)};
}

Result<void> may_grant(Context& context, const Principal& who, const store::ObjectId& id,
                       const Sides& sides) {
    if (!who.may(Right::administer))
        return forbidden(fmt::format("{} may not change tokens and users", who.actor));
    for (const auto& side : {sides.before, sides.after}) {
        if (!side)
            continue;
        const auto grant = grant_of(context.credentials, id.kind, *side);
        if ((grant.rights & ~who.rights) != 0 || !inside(who.scope, grant.scope))
            return forbidden(fmt::format(
                "{} {} has or would get rights that {} does not have; ask somebody who has them",
                kind_word(id.kind), id.name, who.actor));
    }
    if (!sides.before)
        return {};
    const auto beside = context.credentials.owner_beside(id, context.now_ns());
    if (!beside)
        return std::unexpected(beside.error());
    if (!*beside)
        return conflict(fmt::format("{} {} is what the last token of an owner works by; make "
                                    "another owner's token first",
                                    kind_word(id.kind), id.name));
    return {};
}

json::object edit_json(const store::Applied& applied, const Sides& sides) {
    return {{"kind", kind_word(applied.id.kind)},
            {"name", applied.id.name},
            {"outcome", store::name(applied.outcome)},
            {"revision", applied.revision},
            {"differences", differences(applied.id.kind, sides.before, sides.after)}};
}

} // namespace

bool is_administered(const core::KindInfo& kind) {
    return !kind.policy;
}

model::Labels labels_of(const json::value& spec) {
    model::Labels out;
    const json::object* members = spec.if_object();
    const json::value* labels = members ? members->if_contains("labels") : nullptr;
    if (!labels || !labels->is_object())
        return out;
    for (const auto& label : labels->get_object())
        if (label.value().is_string())
            out.emplace(label.key(), label.value().get_string());
    return out;
}

Result<model::Labels> labels_of_workload(const Context& context, const std::string& name) {
    const auto object = context.controller.store().object({"workload", name});
    if (!object)
        return std::unexpected(from(object.error()));
    return labels_of(json::parse(object->body));
}

bool sees(const Context& context, const Principal& who, const std::string& workload) {
    if (who.everywhere())
        return true;
    const auto labels = labels_of_workload(context, workload);
    return labels && who.sees(*labels);
}

Result<void> may_write(Context& context, const Principal& who, const store::Edit& edit) {
    const auto& kind = edit.id.kind;
    const bool grants = kind == "token" || kind == "user";
    if (who.everywhere() && !grants)
        return {};
    auto before = present(context, edit.id);
    if (!before)
        return std::unexpected(before.error());
    Sides sides{std::move(*before), {}};
    if (edit.body)
        sides.after = json::serialize(*edit.body);
    if (grants)
        return may_grant(context, who, edit.id, sides);
    if (kind == "workload")
        return may_write_workload(context, who, edit.id, sides);
    if (kind == "rule_set")
        return may_write_rule_set(who, edit.id, sides);
    if (kind == "pairing_profile")
        return may_write_profile(who, edit.id, sides);
    return everywhere(who, fmt::format("writing a {}", kind_word(kind)));
}

bool inside(const Scope& scope, const store::ObjectChange& change) {
    if (scope.empty())
        return true;
    if (change.id.kind != "rule_set")
        return false;
    const auto is_outside = [&](const std::optional<std::string>& side) {
        if (!side)
            return false;
        const auto form = core::model_of({{change.id, *side}});
        return !form || !outside(scope, form->rule_sets.front()).empty();
    };
    return !is_outside(change.before) && !is_outside(change.after);
}

Result<Written> write(Context& context, Call& call, std::vector<store::Edit> edits, bool dry_run,
                      const std::string& note) {
    std::vector<Sides> sides;
    for (const auto& edit : edits) {
        if (auto permitted = may_write(context, call.who, edit); !permitted)
            return std::unexpected(permitted.error());
        auto before = present(context, edit.id);
        if (!before)
            return std::unexpected(before.error());
        sides.push_back({std::move(*before), {}});
        if (edit.body)
            sides.back().after = json::serialize(*edit.body);
    }
    auto changed =
        context.controller.change({author(context, call, note), std::move(edits)}, dry_run);
    if (!changed)
        return std::unexpected(from(changed.error()));
    context.credentials.forget();
    json::array rows;
    // What the controller adds of its own (the record of an agent) comes behind what was asked for.
    for (std::size_t i = 0; i < sides.size() && i < changed->receipt.edits.size(); ++i)
        rows.push_back(edit_json(changed->receipt.edits[i], sides[i]));
    json::object answer{{"edits", std::move(rows)}, {"warnings", to_json(changed->warnings)}};
    return Written{std::move(*changed), std::move(answer)};
}

Answer answer_written(Result<Written> written, const std::vector<core::Fault>& more) {
    if (!written)
        return std::unexpected(written.error());
    auto& warnings = written->answer["warnings"].as_array();
    for (const auto& fault : more)
        warnings.push_back(to_json(fault));
    return ok(written->answer);
}

http::Response nothing_to_do(const std::vector<core::Fault>& warnings) {
    return ok({{"edits", json::array{}}, {"warnings", to_json(warnings)}});
}

Result<bool> only_dry_run(Call& call) {
    call.params.allow({"dry_run"});
    const bool dry_run = call.params.flag("dry_run");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    return dry_run;
}

} // namespace ringwall::api
