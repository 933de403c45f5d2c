#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/map_layout.h"
#include "control/cli/map_text.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr double box_width = 190, box_height = 34, column_step = 360, row_step = 62, margin = 24;
constexpr std::size_t longest_name = 28; // code points in a box

// Text between tags or in an attribute. Control characters are nothing that XML can say.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text)
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    return out;
}

std::string shortened(const std::string& text) {
    std::size_t points = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((text[i] & 0xc0) == 0x80)
            continue;
        if (++points > longest_name)
            return text.substr(0, i) + "…";
    }
    return text;
}

const char* line_of(const std::string& verdict) {
    if (verdict == "allowed")
        return "stroke=\"#2e7d32\"";
    if (verdict == "would-block")
        return "stroke=\"#f9a825\" stroke-dasharray=\"8 5\"";
    if (verdict == "blocked")
        return "stroke=\"#c62828\" stroke-dasharray=\"2 4\"";
    return "stroke=\"#757575\"";
}

class Picture {
  public:
    explicit Picture(const json::object& map) : map_(map) {
        for (const auto& node : list_in(map, "nodes"))
            number_.emplace(text_at(node, "id"), number_.size());
        std::vector<Arc> arcs;
        for (const auto& edge : list_in(map, "edges"))
            arcs.emplace_back(number_.at(text_at(edge, "source")),
                              number_.at(text_at(edge, "destination")));
        places_ = layered(number_.size(), arcs);
    }

    std::string text() const {
        std::string edges, nodes;
        for (const auto& edge : list_in(map_, "edges"))
            edges += this->edge(edge.as_object());
        for (const auto& node : list_in(map_, "nodes"))
            nodes += this->node(node.as_object());
        std::size_t column = 0, row = 0;
        for (const auto& place : places_) {
            column = std::max(column, place.column);
            row = std::max(row, place.row);
        }
        const double width = 2 * margin + static_cast<double>(column) * column_step + box_width,
                     height = 3 * margin + static_cast<double>(row) * row_step + box_height;
        return fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
            "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"13\">\n"
            "<title>Ringwall: {2} to {3}</title>\n"
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
            "<defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" "
            "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555555\"/>"
            "</marker></defs>\n{4}{5}{6}</svg>\n",
            width, height, escaped(text_at(map_, "since")), escaped(text_at(map_, "until")), edges,
            nodes, hidden(height));
    }

  private:
    double x(std::size_t node) const {
        return margin + static_cast<double>(places_[node].column) * column_step;
    }
    double y(std::size_t node) const {
        return margin + static_cast<double>(places_[node].row) * row_step;
    }

    std::string node(const json::object& node) const {
        const auto id = number_.at(text_at(node, "id"));
        const auto name = text_at(node, "name");
        const bool of_fleet = text_at(node, "kind") == "workloads";
        return fmt::format(
            "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" "
            "fill=\"#f5f7fa\" stroke=\"#37474f\"{}/><text x=\"{}\" y=\"{}\" "
            "text-anchor=\"middle\">{}</text></g>\n",
            escaped(name), x(id), y(id), box_width, box_height,
            of_fleet ? "" : " stroke-dasharray=\"4 3\"", x(id) + box_width / 2,
            y(id) + box_height / 2 + 5, escaped(shortened(name)));
    }

    // From the right side of one box to the left side of the other; back in a bow.
    std::string edge(const json::object& edge) const {
        const auto from = number_.at(text_at(edge, "source")),
                   to = number_.at(text_at(edge, "destination"));
        const auto verdict = text_at(edge, "verdict");
        const double shift = verdict == "blocked" ? 7 : verdict == "would-block" ? -7 : 0;
        const double x1 = x(from) + box_width, y1 = y(from) + box_height / 2 + shift;
        const double x2 = x(to), y2 = y(to) + box_height / 2 + shift;
        const double bow = x2 > x1 ? (x2 - x1) / 2 : 120;
        const auto services = services_text(edge);
        return fmt::format(
            "<g><title>{} {} {}</title><path d=\"M{} {}C{} {} {} {} {} {}\" fill=\"none\" {} "
            "stroke-width=\"2\" marker-end=\"url(#end)\"/><text x=\"{}\" y=\"{}\" "
            "text-anchor=\"middle\" font-size=\"11\" fill=\"#333333\">{}</text></g>\n",
            number_at(edge, "count"), verdict, escaped(services), x1, y1, x1 + bow, y1, x2 - bow,
            y2, x2, y2, line_of(verdict), (x1 + x2) / 2, (y1 + y2) / 2 - 5,
            escaped(shortened(services)));
    }

    std::string hidden(double height) const {
        const auto nodes = number_at(map_, "hidden.nodes"), edges = number_at(map_, "hidden.edges");
        if (nodes == 0 && edges == 0)
            return {};
        return fmt::format("<text x=\"{}\" y=\"{}\">{} more nodes and {} more edges are left out"
                           "</text>\n",
                           margin, height - margin / 2, nodes, edges);
    }

    const json::object& map_;
    std::map<std::string, std::size_t> number_; // of a node, by id, in the order of `nodes`
    std::vector<Place> places_;
};

} // namespace

std::string map_svg(const json::object& map) {
    return Picture(map).text();
}

} // namespace ringwall::cli
