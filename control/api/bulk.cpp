// /apply, /workloads/mode, /workloads/labels: many objects as one change.
#include <algorithm>
#include <set>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/api/endpoint.h"
#include "control/api/flow_source.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_note = 1000;

// ---- /apply

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

Answer answer_written(Result<Written> written, const std::vector<core::Fault>& more) {
    if (!written)
        return std::unexpected(written.error());
    auto& warnings = written->answer["warnings"].as_array();
    for (const auto& fault : more)
        warnings.push_back(to_json(fault));
    return ok(std::move(written->answer));
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

// ---- Many workloads

struct Chosen {
    std::vector<const model::Workload*> workloads;
    std::vector<core::Fault> warnings;
    bool by_name = false;
};

Result<Chosen> by_names(const Context& context, const Principal& who,
                        const std::vector<std::string>& names) {
    const std::set<std::string> wanted(names.begin(), names.end());
    std::set<std::string> missing = wanted;
    Chosen out{.by_name = true};
    for (const auto& workload : context.controller.draft().workloads) {
        if (!wanted.contains(workload.name))
            continue;
        missing.erase(workload.name);
        if (!who.sees(workload.labels))
            return forbidden(fmt::format("workload {} is outside {}, to which the role of {} is "
                                         "narrowed",
                                         workload.name, text(who.scope), who.actor));
        out.workloads.push_back(&workload);
    }
    if (!missing.empty())
        return not_found(fmt::format("there is no workload {}", fmt::join(missing, ", ")));
    return out;
}

Result<Chosen> chosen(const Context& context, const Principal& who, Fields& fields,
                      Faults& faults) {
    const auto labels = fields.text("labels", 4096);
    const auto names = fields.texts("names");
    if (labels.has_value() == names.has_value() && faults.empty())
        faults.push_back({{}, "", "name the workloads by exactly one of labels and names"});
    if (!faults.empty())
        return invalid(std::move(faults));
    if (names)
        return by_names(context, who, *names);
    const auto query = query_in("labels", *labels);
    if (!query)
        return std::unexpected(query.error());
    const auto& all = context.controller.draft().workloads;
    Chosen out{select_page(all, *query, who.scope, "", 0).items, query_warnings(*query, all)};
    if (out.workloads.empty() && out.warnings.empty())
        out.warnings.push_back({{}, "/labels", "the label query selects no workload", true});
    return out;
}

// The spec of each chosen workload, with `edit` done to it.
template <typename Change>
Result<std::vector<store::Edit>> changed_specs(const Context& context, const Chosen& chosen,
                                               Change change) {
    std::vector<store::Edit> out;
    for (const auto* workload : chosen.workloads) {
        const auto object = context.controller.store().object({"workload", workload->name});
        if (!object)
            return std::unexpected(from(object.error()));
        auto spec = json::parse(object->body);
        change(spec.as_object());
        // Nobody may come between reading and writing.
        out.push_back({object->id, std::move(spec), object->revision});
    }
    return out;
}

// An unmanaged workload has no mode.
void leave_out_unmanaged(Chosen& chosen) {
    std::vector<std::string> left_out;
    std::erase_if(chosen.workloads, [&](const model::Workload* workload) {
        if (!workload->managed)
            left_out.push_back(workload->name);
        return !workload->managed;
    });
    constexpr std::size_t most_named = 10;
    if (left_out.empty())
        return;
    const auto count = left_out.size();
    left_out.resize(std::min(count, most_named));
    chosen.warnings.push_back(
        {{},
         "/labels",
         fmt::format("{} selected workloads have no agent and so no mode: {}{}", count,
                     fmt::join(left_out, ", "), count > most_named ? " ..." : ""),
         true});
}

// What the step to `full` would cut, as far as recent flows show it.
void warn_of_cuts(const Context& context, const Chosen& chosen,
                  std::vector<core::Fault>& warnings) {
    constexpr std::size_t most_flows = 1000;
    constexpr std::int64_t day_ns = 86'400'000'000'000;
    if (!context.options.flows)
        return;
    FlowFilter filter;
    filter.verdicts = {"would-block", "unmatched"};
    filter.since_ns = context.now_ns() - day_ns;
    const auto page = context.options.flows->query(filter, "", most_flows);
    if (!page)
        return;
    std::map<std::string, std::size_t> cut;
    for (const auto& flow : page->items)
        if (const auto* subject = flow.if_contains("subject"); subject && filter.matches(flow))
            ++cut[std::string(subject->is_string() ? subject->get_string() : "")];
    for (const auto* workload : chosen.workloads)
        if (const auto found = cut.find(workload->name); found != cut.end())
            warnings.push_back(
                {{"workload", workload->name},
                 "/spec/mode",
                 fmt::format("{} kinds of flows of the last day would have been "
                             "blocked here; look at them with GET "
                             "/api/v1/flows?workload={}&verdict=would-block,unmatched",
                             found->second, workload->name),
                 true});
}

Answer set_mode(Context& context, Call& call) {
    const auto dry_run = only_dry_run(call);
    if (!dry_run)
        return std::unexpected(dry_run.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"labels", "names", "mode"});
    fields.require("mode");
    const auto mode = fields.mode("mode");
    auto which = chosen(context, call.who, fields, faults);
    if (!which)
        return std::unexpected(which.error());
    if (!which->by_name)
        leave_out_unmanaged(*which);
    if (mode == model::Mode::full)
        warn_of_cuts(context, *which, which->warnings);
    auto edits = changed_specs(context, *which,
                               [&](json::object& spec) { spec["mode"] = model::name(*mode); });
    if (!edits)
        return std::unexpected(edits.error());
    if (edits->empty())
        return nothing_to_do(which->warnings);
    return answer_written(write(context, call, std::move(*edits), *dry_run), which->warnings);
}

void relabel(json::object& spec, const model::Labels& set, const std::vector<std::string>& remove) {
    json::object labels;
    if (const json::value* before = spec.if_contains("labels"); before && before->is_object())
        labels = before->get_object();
    for (const auto& [key, value] : set)
        labels[key] = value;
    for (const auto& key : remove)
        labels.erase(key);
    if (labels.empty())
        spec.erase("labels");
    else
        spec["labels"] = std::move(labels);
}

Answer set_labels(Context& context, Call& call) {
    const auto dry_run = only_dry_run(call);
    if (!dry_run)
        return std::unexpected(dry_run.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"labels", "names", "set", "remove"});
    const auto set = fields.labels("set").value_or(model::Labels{});
    const auto remove = fields.texts("remove").value_or(std::vector<std::string>{});
    if (set.empty() && remove.empty() && faults.empty())
        faults.push_back({{}, "", "say which labels to set or to remove"});
    for (const auto& key : remove)
        if (set.contains(key))
            fields.fault("remove", fmt::format("{} is both set and removed; say one of them",
                                               in_quotes(key)));
    const auto which = chosen(context, call.who, fields, faults);
    if (!which)
        return std::unexpected(which.error());
    auto edits =
        changed_specs(context, *which, [&](json::object& spec) { relabel(spec, set, remove); });
    if (!edits)
        return std::unexpected(edits.error());
    if (edits->empty())
        return nothing_to_do(which->warnings);
    return answer_written(write(context, call, std::move(*edits), *dry_run), which->warnings);
}

} // namespace

std::vector<Endpoint> bulk_endpoints() {
    constexpr auto token = Credential::token;
    return {
        {"POST", "/api/v1/apply", token, Right::edit, apply, apply_body},
        {"POST", "/api/v1/workloads/mode", token, Right::modes, set_mode, document_body},
        {"POST", "/api/v1/workloads/labels", token, Right::edit, set_labels, document_body},
    };
}

} // namespace ringwall::api
