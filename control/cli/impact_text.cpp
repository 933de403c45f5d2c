#include "control/cli/impact_text.h"

#include <vector>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string texts(const json::value* list) {
    std::vector<std::string> out;
    if (list && list->is_array())
        for (const auto& each : list->get_array())
            out.push_back(each.is_string() ? text_of(&each) : labels_text(&each));
    return fmt::format("{}", fmt::join(out, " + "));
}

// Who it is, by the most that is known of him.
std::string peer_text(const json::object& row, bool wide) {
    auto labels = texts(at(row, "peer.labels"));
    const auto lists = texts(at(row, "peer.lists")), workload = text_at(row, "peer.workload");
    auto out = !labels.empty()    ? labels
               : !lists.empty()   ? "list " + lists
               : workload.empty() ? text_at(row, "peer.address")
                                  : workload;
    if (wide && out != text_at(row, "peer.address"))
        out += fmt::format(" ({})", text_at(row, "peer.address"));
    return out;
}

std::string process_of(const json::object& row) {
    auto shown = text_at(row, "process.shown");
    if (!shown.empty())
        return shown;
    return text_at(row, "process.unresolved").empty() ? "-" : "(unresolved)";
}

// The rule that decides, else the reason.
std::string verdict_of(const json::object& row, const char* side) {
    const auto* rules = at(row, std::string(side) + ".rules");
    if (rules && rules->is_array() && !rules->get_array().empty())
        return text_of(rules->get_array().data());
    return text_at(row, std::string(side) + ".reason");
}

Row row_of(const json::object& row, bool wide, const Painter& paint, std::int64_t now_seconds) {
    const auto change = text_at(row, "change");
    const bool inbound = text_at(row, "direction") == "inbound";
    Row out{paint(change == "newly-blocked" ? Color::red : Color::green, change),
            std::to_string(number_at(row, "count")),
            text_at(row, "subject.workload"),
            (inbound ? "← " : "→ ") + peer_text(row, wide),
            service_text(row),
            process_of(row),
            verdict_of(row, "draft")};
    if (wide)
        out.insert(out.end(), {verdict_of(row, "active"), labels_text(at(row, "subject.labels")),
                               texts(at(row, "agents"))});
    out.push_back(age(text_at(row, "last"), now_seconds));
    return out;
}

std::string head_of(const json::object& impact, const Painter& paint, std::int64_t now_seconds) {
    const auto total = [&](const char* name) {
        return number_at(impact, std::string("totals.") + name);
    };
    auto out = fmt::format("Staging {}, since {}: {} of {} agents report\n",
                           number_at(impact, "staging"), age(text_at(impact, "since"), now_seconds),
                           total("agents_reporting"), total("agents_concerned"));
    const auto blocked = total("newly_blocked"), allowed = total("newly_allowed");
    out += fmt::format(
        "Connections: {}, {}, {} the same",
        paint(blocked ? Color::red : Color::plain, fmt::format("{} newly blocked", blocked)),
        paint(allowed ? Color::green : Color::plain, fmt::format("{} newly allowed", allowed)),
        total("same"));
    if (total("omitted") > 0)
        out += paint(Color::yellow, fmt::format(", {} beyond what is kept", total("omitted")));
    return out + "\n";
}

} // namespace

std::string impact_text(const json::object& impact, bool wide, const Painter& paint,
                        std::int64_t now_seconds) {
    auto out = head_of(impact, paint, now_seconds);
    const auto* items = at(impact, "items");
    if (!items || !items->is_array() || items->get_array().empty())
        return out;
    Row header{"CHANGE", "COUNT", "WORKLOAD", "PEER", "SERVICE", "PROCESS", "DRAFT"};
    if (wide)
        header.insert(header.end(), {"ACTIVE", "LABELS", "AGENTS"});
    header.emplace_back("LAST");
    std::vector<Row> rows;
    for (const auto& row : items->get_array())
        if (row.is_object())
            rows.push_back(row_of(row.get_object(), wide, paint, now_seconds));
    return out + "\n" + table_of(std::move(header), std::move(rows), paint);
}

} // namespace ringwall::cli
