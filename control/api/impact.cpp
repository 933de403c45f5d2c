// /impact: what the staged draft would change, as agents saw it on real connections.
#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "common/time.h"
#include "control/api/endpoint.h"
#include "control/api/impact_row.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

// Everything given must hold.
struct Wanted {
    LabelQuery labels; // of the subject
    std::string agent, change;
    PageQuery page;
};

// Labels of workloads as they are now; what is no more has none.
class LabelsNow {
  public:
    explicit LabelsNow(const Context& context) : context_(context) {}
    const model::Labels& of(const std::string& workload) {
        const auto [place, added] = known_.try_emplace(workload);
        if (added)
            place->second = labels_of_workload(context_, workload).value_or(model::Labels{});
        return place->second;
    }

  private:
    const Context& context_;
    std::map<std::string, model::Labels> known_;
};

Result<Wanted> wanted_in(Call& call) {
    call.params.allow({"labels", "agent", "change", "limit", "after"});
    Wanted out{.labels = {},
               .agent = call.params.text("agent").value_or(""),
               .change = call.params.text("change").value_or(""),
               .page = page_query(call.params)};
    if (!out.change.empty() && out.change != "newly-blocked" && out.change != "newly-allowed")
        call.params.fail("the parameter change is newly-blocked or newly-allowed");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    auto query = query_in("labels", call.params.text("labels").value_or(""));
    if (!query)
        return std::unexpected(query.error());
    out.labels = std::move(*query);
    return out;
}

// Where a row stands in the order. Counts rise between two pages: a row may then come twice, and
// `total` says how many there are.
struct Place {
    bool allows = false;
    std::uint64_t count = 0;
    std::string id;

    static Place of(const core::ImpactSum& sum) {
        return {sum.row.allows(), sum.row.count(), sum.id};
    }
    bool before(const Place& other) const {
        if (allows != other.allows)
            return !allows;
        return count != other.count ? count > other.count : id < other.id;
    }
    std::string text() const { return fmt::format("{}.{}.{}", allows ? 1 : 0, count, id); }
};

std::optional<Place> place_in(std::string_view text) {
    Place out;
    if (text.size() < 4 || (text[0] != '0' && text[0] != '1') || text[1] != '.')
        return std::nullopt;
    out.allows = text[0] == '1';
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 2, end, out.count);
    if (error != std::errc() || stop == end || *stop != '.')
        return std::nullopt;
    out.id.assign(stop + 1, end);
    return out;
}

// Does the question mean what this agent says of this workload?
using Means = std::function<bool(const std::string& agent, const std::string& workload)>;

// What the rows leave out, of the agents that the question means.
json::object totals_of(const core::Impacts& impacts, const core::StagingState& state,
                       const Means& means, const std::vector<core::ImpactSum>& rows) {
    std::uint64_t same = 0, omitted = 0, blocked = 0, allowed = 0, reporting = 0, concerned = 0;
    for (const auto& [agent, impact] : impacts.all())
        if (means(agent, agent)) {
            same += impact.same();
            omitted += impact.omitted();
        }
    for (const auto& each : state.agents)
        if (means(each.agent, each.agent)) {
            ++concerned;
            reporting += each.reported ? 1 : 0;
        }
    for (const auto& sum : rows)
        (sum.row.allows() ? allowed : blocked) += sum.row.count();
    return {{"same", same},       {"newly_blocked", blocked},      {"newly_allowed", allowed},
            {"omitted", omitted}, {"agents_reporting", reporting}, {"agents_concerned", concerned}};
}

json::object page_of(const Context& context, const std::vector<core::ImpactSum>& rows,
                     const std::optional<Place>& after, std::size_t limit, LabelsNow& labels) {
    json::array items;
    std::string next;
    const core::ImpactSum* last = nullptr;
    for (const auto& sum : rows) {
        if (after && !after->before(Place::of(sum)))
            continue;
        if (items.size() == limit) {
            next = Place::of(*last).text();
            break;
        }
        last = &sum;
        items.push_back(to_json(context.controller, sum, labels.of(sum.row.subject())));
    }
    return page_json(std::move(items), next, rows.size());
}

// Agents that cannot judge by it: what they would have seen is in no row.
std::vector<core::Fault> refusals(const core::StagingState& state, const Principal& who,
                                  LabelsNow& labels) {
    std::vector<core::Fault> out;
    for (const auto& each : state.agents)
        if (!each.refused.empty() && who.sees(labels.of(each.agent)))
            out.push_back({.object = {"workload", each.agent},
                           .pointer = {},
                           .sentence = fmt::format("{} sees nothing of it: {}", each.agent,
                                                   clean(each.refused)),
                           .warning = true});
    return out;
}

Answer get(Context& context, Call& call) {
    const auto wanted = wanted_in(call);
    if (!wanted)
        return std::unexpected(wanted.error());
    const auto after = place_in(wanted->page.after);
    if (!wanted->page.after.empty() && !after)
        return malformed("the parameter after is the member next of the page before");
    const auto state = context.controller.staging();
    if (!state)
        return not_found("nothing is staged, so nothing is judged by a draft; PUT /api/v1/staging "
                         "stages the draft");
    LabelsNow labels(context);
    const Means means = [&](const std::string& agent, const std::string& workload) {
        const auto& now = labels.of(workload);
        return (wanted->agent.empty() || agent == wanted->agent) && wanted->labels.matches(now) &&
               call.who.sees(now);
    };
    const auto& impacts = context.controller.impacts();
    auto rows = core::summed(impacts, [&](const std::string& agent, const v1::ImpactRow& row) {
        return means(agent, row.subject());
    });
    const auto totals = totals_of(impacts, *state, means, rows);
    if (!wanted->change.empty())
        std::erase_if(rows,
                      [&](const auto& sum) { return change_word(sum.row) != wanted->change; });
    auto out = page_of(context, rows, after, wanted->page.limit, labels);
    out["staging"] = state->number;
    out["since"] = rfc3339(state->since_ns);
    out["totals"] = totals;
    auto warnings = query_warnings(wanted->labels, context.controller.active().workloads);
    std::ranges::move(refusals(*state, call.who, labels), std::back_inserter(warnings));
    out["warnings"] = to_json(warnings);
    return ok(out);
}

} // namespace

std::vector<Endpoint> impact_endpoints() {
    return {{"GET", "/api/v1/impact", Credential::token, Right::read, get}};
}

} // namespace ringwall::api
