#include "control/api/whom.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/api/selection.h"

namespace ringwall::api {
namespace {

Result<Whom> by_names(const Context& context, const Principal& who,
                      const std::vector<std::string>& names) {
    const std::set<std::string> wanted(names.begin(), names.end());
    std::set<std::string> missing = wanted;
    Whom out{.by_name = true};
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

} // namespace

Result<Whom> whom(const Context& context, const Principal& who, Fields& fields, Faults& faults) {
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
    Whom out{select_page(all, *query, who.scope, "", 0).items, query_warnings(*query, all)};
    if (out.workloads.empty() && out.warnings.empty())
        out.warnings.push_back({{}, "/labels", "the label query selects no workload", true});
    return out;
}

void leave_out_unmanaged(Whom& chosen) {
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

} // namespace ringwall::api
