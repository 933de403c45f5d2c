// /workloads/mode and /workloads/labels: many workloads as one change.
#include <map>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "control/api/endpoint.h"
#include "control/api/flow_source.h"
#include "control/api/render.h"
#include "control/api/whom.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

// The spec of each chosen workload, with `edit` done to it.
template <typename Change>
Result<std::vector<store::Edit>> changed_specs(const Context& context, const Whom& chosen,
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

// What the step to `full` would cut, as far as recent flows show it.
void warn_of_cuts(const Context& context, const Whom& chosen, std::vector<core::Fault>& warnings) {
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
    auto which = whom(context, call.who, fields, faults);
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
    const auto which = whom(context, call.who, fields, faults);
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
        {"POST", "/api/v1/workloads/mode", token, Right::modes, set_mode, document_body},
        {"POST", "/api/v1/workloads/labels", token, Right::edit, set_labels, document_body},
    };
}

} // namespace ringwall::api
