#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string indented(const json::value& end, std::string_view path, std::string_view title) {
    const auto* list = at(end, path);
    std::string out;
    if (!list || !list->is_array())
        return out;
    for (const auto& item : list->get_array())
        if (item.is_string())
            out += fmt::format("  {} {}\n", title, std::string_view(item.get_string()));
    return out;
}

std::string end_lines(const json::value& end, const Painter& paint) {
    const bool inbound = text_at(end, "direction") == "inbound";
    std::string out = fmt::format("{} {} {}: {}, because {}\n", text_at(end, "workload"),
                                  inbound ? "from" : "to", text_at(end, "peer"),
                                  paint.verdict(text_at(end, "verdict")), text_at(end, "reason"));
    out += indented(end, "rules", "matched:");
    return out + indented(end, "near", "nearly: ");
}

} // namespace

std::string why_text(const json::object& why, const Painter& paint) {
    std::string out;
    if (const auto* flow = at(why, "flow"); flow && flow->is_object())
        out +=
            flow_header(paint) + flow_line(flow->get_object(), paint) + "\nBy the policy of now:\n";
    if (const auto sentence = text_at(why, "sentence"); !sentence.empty())
        out += paint(Color::bold, sentence) + "\n";
    const auto* ends = at(why, "ends");
    if (ends && ends->is_array())
        for (const auto& end : ends->get_array())
            out += end_lines(end, paint);
    return out;
}

} // namespace ringwall::cli
