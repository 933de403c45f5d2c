#include "control/api/selection.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringwall::api {

Result<LabelQuery> query_in(std::string_view where, std::string_view text) {
    auto query = parse_label_query(text);
    if (query)
        return std::move(*query);
    return malformed(fmt::format("the label query {} is wrong at byte {}: {}", where,
                                 query.error().position, query.error().sentence));
}

std::vector<core::Fault> query_warnings(const LabelQuery& query,
                                        const std::vector<model::Workload>& workloads) {
    std::vector<core::Fault> out;
    if (query.terms.empty())
        return out;
    for (auto& sentence : unknown_words(query, vocabulary(workloads)))
        out.push_back({{}, "", std::move(sentence), true});
    return out;
}

Selected select_page(std::span<const model::Workload> workloads, const LabelQuery& query,
                     const Scope& scope, const std::string& after, std::size_t limit) {
    Selected out;
    for (const auto& workload : workloads) {
        if (!query.matches(workload.labels) || !inside(scope, workload.labels))
            continue;
        ++out.total;
        if (workload.name > after)
            out.items.push_back(&workload);
    }
    if (!std::ranges::is_sorted(out.items, {}, &model::Workload::name))
        std::ranges::sort(out.items, {}, &model::Workload::name);
    if (limit != 0 && out.items.size() > limit) {
        out.items.resize(limit);
        out.next = out.items.back()->name;
    }
    return out;
}

} // namespace ringwall::api
