#include "control/cli/map_text.h"

#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::map<std::string, std::string> names_of(const json::object& map) {
    std::map<std::string, std::string> out;
    for (const auto& node : list_in(map, "nodes"))
        out[text_at(node, "id")] = text_at(node, "name");
    return out;
}

std::string hidden_text(const json::object& map) {
    const auto nodes = number_at(map, "hidden.nodes"), edges = number_at(map, "hidden.edges");
    if (nodes == 0 && edges == 0)
        return {};
    return fmt::format("{} more nodes and {} more edges are left out: give a narrower QUERY, fewer "
                       "labels with --group, or larger --nodes and --edges\n",
                       nodes, edges);
}

// Of a text in double quotes, in the language of dot.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + '"';
}

struct Look {
    const char* color;
    const char* style; // of the line, for dot
};

// As in the web UI: never by the colour alone.
Look look_of(const std::string& verdict) {
    if (verdict == "allowed")
        return {"#2e7d32", "solid"};
    if (verdict == "would-block")
        return {"#f9a825", "dashed"};
    if (verdict == "blocked")
        return {"#c62828", "dotted"};
    return {"#757575", "solid"};
}

} // namespace

const json::array& list_in(const json::object& object, const char* name) {
    static const json::array none;
    const auto* found = at(object, name);
    return found && found->is_array() ? found->get_array() : none;
}

std::string services_text(const json::object& edge) {
    std::vector<std::string> out;
    for (const auto& service : list_in(edge, "services"))
        out.push_back(service_text(service.as_object()));
    if (const auto more = number_at(edge, "more_services"))
        out.push_back(fmt::format("+{} more", more));
    return fmt::format("{}", fmt::join(out, ", "));
}

std::string end_text(const json::object& edge, const char* end) {
    const auto* side = at(edge, end);
    if (!side)
        return {};
    const auto shown = text_at(*side, "shown");
    const auto process = shown.empty() ? text_at(*side, "process") : shown;
    return process.empty() ? text_at(*side, "name")
                           : fmt::format("{} {}", text_at(*side, "name"), process);
}

std::string map_table(const json::object& map, const Painter& paint, std::int64_t now_seconds) {
    const auto names = names_of(map);
    const auto name = [&](const std::string& id) {
        const auto found = names.find(id);
        return found == names.end() ? id : found->second;
    };
    std::vector<Row> rows;
    for (const auto& edge : list_in(map, "edges"))
        rows.push_back(
            {name(text_at(edge, "source")), name(text_at(edge, "destination")),
             services_text(edge.as_object()), paint.verdict(text_at(edge, "verdict")),
             std::to_string(number_at(edge, "count")),
             bytes_text(static_cast<std::uint64_t>(number_at(edge, "bytes.to_destination") +
                                                   number_at(edge, "bytes.to_source"))),
             age(text_at(edge, "last"), now_seconds)});
    if (rows.empty())
        return "no edges in this time; a wider one: --since 7d\n";
    return table_of(
               {"SOURCE", "DESTINATION", "SERVICES", "VERDICT", "CONNECTIONS", "BYTES", "LAST"},
               std::move(rows), paint) +
           hidden_text(map);
}

std::string map_dot(const json::object& map) {
    std::string out = "digraph ringwall {\n  rankdir=LR;\n  node [shape=box, style=rounded, "
                      "fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n";
    for (const auto& node : list_in(map, "nodes")) {
        const bool of_fleet = text_at(node, "kind") == "workloads";
        out += fmt::format("  {} [label={}{}];\n", quoted(text_at(node, "id")),
                           quoted(text_at(node, "name")),
                           of_fleet ? "" : ", style=\"rounded,dashed\"");
    }
    for (const auto& edge : list_in(map, "edges")) {
        const auto verdict = text_at(edge, "verdict");
        const auto [color, style] = look_of(verdict);
        out += fmt::format("  {} -> {} [label={}, color=\"{}\", style={}, tooltip={}];\n",
                           quoted(text_at(edge, "source")), quoted(text_at(edge, "destination")),
                           quoted(services_text(edge.as_object())), color, style,
                           quoted(fmt::format("{} {}", number_at(edge, "count"), verdict)));
    }
    if (const auto hidden = hidden_text(map); !hidden.empty())
        out += fmt::format("  label={};\n", quoted(hidden));
    return out + "}\n";
}

} // namespace ringwall::cli
