// /apply: many documents as one change, and the removal of what is not among them.
#include <algorithm>
#include <set>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "control/api/endpoint.h"
#include "control/api/label_query.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_note = 1000;

struct Prune {
    std::vector<const core::KindInfo*> kinds;
    std::optional<LabelQuery> labels;
};

// Kind by kind; with a label query only what has labels can be meant.
void read_prune_kinds(Fields& fields, const std::string& pointer, Prune& out, Faults& faults) {
    fields.require("kinds");
    const auto words = fields.texts("kinds");
    for (std::size_t i = 0; words && i < words->size(); ++i) {
        const auto* kind = core::kind_of_document((*words)[i]);
        const auto place = fmt::format("{}/kinds/{}", pointer, i);
        if (!kind || !kind->policy)
            faults.push_back({{},
                              place,
                              fmt::format("{} is not among Workload, Service, AddressList, "
                                          "LabelGroup, RuleSet",
                                          in_quotes((*words)[i]))});
        else if (out.labels && kind->store != "workload" && kind->store != "rule_set")
            faults.push_back({{},
                              place,
                              fmt::format("a {} has no labels; prune it without a label query",
                                          kind->document)});
        else
            out.kinds.push_back(kind);
    }
}

std::optional<Prune> prune_in(Fields& request, Faults& faults) {
    const json::value* given = request.find("prune");
    if (!given)
        return std::nullopt;
    const auto pointer = request.pointer("prune");
    Fields fields(*given, pointer, faults, {"kinds", "labels"});
    Prune out;
    if (const auto text = fields.text("labels", 4096)) {
        auto query = parse_label_query(*text);
        if (query)
            out.labels = std::move(*query);
        else
            fields.fault("labels", fmt::format("at byte {}: {}", query.error().position,
                                               query.error().sentence));
    }
    read_prune_kinds(fields, pointer, out, faults);
    return out;
}

std::vector<store::Edit> edits_of(const json::array& documents, Faults& faults) {
    std::vector<store::Edit> out;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        auto edit = core::edit_of(documents[i]);
        if (edit) {
            out.push_back(std::move(*edit));
            continue;
        }
        for (auto& fault : edit.error()) {
            if (fault.object.kind.empty())
                fault.pointer = fmt::format("/documents/{}{}", i, fault.pointer);
            faults.push_back(std::move(fault));
        }
    }
    return out;
}

bool selects(const LabelQuery& query, const std::string& kind, const store::Object& object) {
    if (kind == "workload")
        return query.matches(labels_of(json::parse(object.body)));
    const auto form = core::model_of({{object.id, object.body}});
    return form && !form->rule_sets.front().scopes.empty() &&
           std::ranges::all_of(form->rule_sets.front().scopes,
                               [&](const model::Scope& scope) { return query.matches(scope); });
}

// What a narrowed role does not reach is not pruned by it.
Result<void> add_prunings(Context& context, const Principal& who, const Prune& prune,
                          std::vector<store::Edit>& edits) {
    std::set<store::ObjectId> kept;
    for (const auto& edit : edits)
        kept.insert(edit.id);
    for (const auto* info : prune.kinds) {
        const std::string kind(info->store);
        const auto page = context.controller.store().objects(kind, {.limit = 0});
        if (!page)
            return std::unexpected(from(page.error()));
        for (const auto& object : page->items) {
            if (kept.contains(object.id) || (prune.labels && !selects(*prune.labels, kind, object)))
                continue;
            store::Edit removal{object.id, {}, object.revision};
            if (who.everywhere() || may_write(context, who, removal))
                edits.push_back(std::move(removal));
        }
    }
    return {};
}

Answer apply(Context& context, Call& call) {
    const auto dry_run = only_dry_run(call);
    if (!dry_run)
        return std::unexpected(dry_run.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"documents", "prune", "note"});
    fields.require("documents");
    const json::array* documents = fields.array("documents");
    auto edits = documents ? edits_of(*documents, faults) : std::vector<store::Edit>{};
    const auto prune = prune_in(fields, faults);
    const auto note = fields.text("note", longest_note);
    if (!faults.empty())
        return invalid(std::move(faults));
    if (prune)
        if (auto added = add_prunings(context, call.who, *prune, edits); !added)
            return std::unexpected(added.error());
    if (edits.empty())
        return nothing_to_do({});
    return answer_written(write(context, call, std::move(edits), *dry_run, note.value_or("")), {});
}

} // namespace

std::vector<Endpoint> apply_endpoints() {
    return {{"POST", "/api/v1/apply", Credential::token, Right::edit, apply, apply_body}};
}

} // namespace ringwall::api
