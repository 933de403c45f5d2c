#include "control/cli/edits.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/kinds.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string brief(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string difference_line(const json::value& difference, const Painter& paint) {
    const auto kind = text_at(difference, "kind");
    const auto pointer = text_at(difference, "pointer");
    const auto* before = at(difference, "before");
    const auto* after = at(difference, "after");
    const auto old_text = before ? brief(*before) : "";
    const auto new_text = after ? brief(*after) : "";
    if (kind == "added")
        return paint(Color::green, fmt::format("  + {}: {}", pointer, new_text));
    if (kind == "removed")
        return paint(Color::red, fmt::format("  - {}: {}", pointer, old_text));
    return paint(Color::yellow, fmt::format("  ~ {}: {} -> {}", pointer, old_text, new_text));
}

Color color_of(std::string_view outcome) {
    return outcome == "created"   ? Color::green
           : outcome == "changed" ? Color::yellow
           : outcome == "removed" ? Color::red
                                  : Color::dim;
}

} // namespace

std::string short_name(const json::value& object) {
    const auto document = text_at(object, "kind");
    const auto* kind = kind_of_document(document);
    return fmt::format("{}/{}", kind ? kind->singular : std::string_view(document),
                       text_at(object, "name"));
}

std::string difference_lines(const json::value* differences, const Painter& paint) {
    std::string out;
    if (differences && differences->is_array())
        for (const auto& difference : differences->get_array())
            out += difference_line(difference, paint) + "\n";
    return out;
}

std::string edit_lines(const json::array& objects, const Painter& paint, bool details) {
    std::string out;
    for (const auto& object : objects) {
        const auto outcome = text_at(object, "outcome");
        out += fmt::format("{} {}\n", short_name(object), paint(color_of(outcome), outcome));
        if (details && outcome == "changed")
            out += difference_lines(at(object, "differences"), paint);
    }
    return out;
}

void print_edits(const json::object& answer, const Arguments& arguments, Shown how) {
    if (print_document(arguments, answer))
        return;
    const auto* edits = answer.if_contains("edits");
    if (edits && edits->is_array() && format_of(arguments) == Format::name) {
        for (const auto& edit : edits->get_array())
            print(short_name(edit) + "\n");
    } else if (edits && edits->is_array()) {
        print(edit_lines(edits->get_array(), Painter::from(arguments), how.details));
        if (how.dry)
            fmt::print(stderr, "dry run: nothing was changed\n");
    }
}

} // namespace ringwall::cli
