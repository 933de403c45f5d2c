#include "control/cli/plan_text.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/edits.h"

namespace ringwall::cli {

namespace json = boost::json;

std::size_t list_size(const json::object& answer, const char* list) {
    const auto* items = answer.if_contains(list);
    return items && items->is_array() ? items->get_array().size() : 0;
}

std::string counted(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string changes_text(const json::object& plan, const Painter& paint) {
    std::string out;
    if (list_size(plan, "changes"))
        out += edit_lines(plan.at("changes").as_array(), paint, false);
    if (list_size(plan, "pulled_in"))
        for (const auto& each : plan.at("pulled_in").as_array())
            out += fmt::format("{} comes along: others need it\n", short_name(each));
    return out;
}

} // namespace ringwall::cli
