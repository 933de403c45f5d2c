#include "control/cli/cuts.h"

#include <array>
#include <sstream>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "common/endpoint.h"
#include "common/ip.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

const json::array& list(const json::object& cuts, std::string_view name) {
    static const json::array none;
    const auto* found = at(cuts, name);
    return found && found->is_array() ? found->get_array() : none;
}

bool is_yours(const json::value& cut) {
    const auto* yours = at(cut, "yours");
    return yours && yours->is_bool() && yours->get_bool();
}

std::string connection_text(const json::object& cut) {
    const bool inbound = text_at(cut, "direction") == "inbound";
    auto peer = text_at(cut, "remote");
    if (const auto workload = text_at(cut, "peer.workload"); !workload.empty())
        peer += fmt::format(" ({})", workload);
    return (inbound ? "← " : "→ ") + peer;
}

std::string why_of(const json::object& cut) {
    const auto& rules = list(cut, "rules");
    return rules.empty() ? text_at(cut, "reason") : text_of(rules.data());
}

Row row_of(const json::object& cut, bool yours, const Painter& paint) {
    auto process = text_at(cut, "process.shown");
    return {yours ? paint(Color::red, "yours") : "",
            text_at(cut, "workload"),
            connection_text(cut),
            service_text(cut),
            process.empty() ? "-" : process,
            why_of(cut)};
}

// Whose connections are not known; of many a few.
std::string unanswered_text(const json::array& agents) {
    constexpr std::size_t most_named = 5;
    const auto named = agents.size() > most_named + 1 ? most_named : agents.size();
    std::string out;
    for (std::size_t i = 0; i < named; ++i)
        out += fmt::format("{}: its connections are not known now: {}\n",
                           text_at(agents[i], "agent"), text_at(agents[i], "sentence"));
    if (named < agents.size())
        out += fmt::format("nor are those of {} others ('--dry-run -o json' names them)\n",
                           agents.size() - named);
    return out;
}

} // namespace

std::optional<std::string> ssh_client(std::string_view ssh_connection) {
    std::istringstream words{std::string(ssh_connection)};
    std::string host;
    std::uint16_t port = 0;
    words >> host >> port;
    const auto address = Address::parse(host);
    if (words.fail() || !address)
        return std::nullopt;
    return Endpoint{address->text(), port}.text();
}

CutTotals totals_of(const json::object& cuts) {
    CutTotals out{.total = number_at(cuts, "total")};
    for (const auto& cut : list(cuts, "items"))
        out.yours |= is_yours(cut);
    return out;
}

std::string cuts_text(const json::object& cuts, const Painter& paint) {
    auto out = unanswered_text(list(cuts, "unanswered"));
    const auto totals = totals_of(cuts);
    if (totals.total == 0)
        return out;
    std::vector<Row> rows;
    for (const auto& cut : list(cuts, "items"))
        if (cut.is_object())
            rows.push_back(row_of(cut.get_object(), is_yours(cut), paint));
    const auto shown = static_cast<std::int64_t>(rows.size());
    out += fmt::format("{} of {} live connections would end{}:\n",
                       paint(Color::red, std::to_string(totals.total)), number_at(cuts, "judged"),
                       totals.yours ? ", your own among them" : "");
    out += table_of(Row{"", "WORKLOAD", "CONNECTION", "SERVICE", "PROCESS", "WHY"}, std::move(rows),
                    paint);
    if (shown < totals.total)
        out += fmt::format("and {} more\n", totals.total - shown);
    return out;
}

} // namespace ringwall::cli
