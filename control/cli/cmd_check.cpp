#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/kernel.h"
#include "control/cli/output.h"
#include "control/cli/subcommands.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

void show(const std::vector<loader::Feature>& features, const Painter& paint) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& feature : features) {
        const auto word = feature.present    ? paint(Color::green, "yes     ")
                          : feature.required ? paint(Color::red, "MISSING ")
                                             : paint(Color::yellow, "no      ");
        rows.push_back(
            {word + feature.name, feature.present && feature.note.empty() ? "" : feature.note});
    }
    print(columns(rows));
}

Result<void> run(const Arguments& arguments) {
    auto features = host_features();
    if (!features)
        return std::unexpected(features.error());
    std::size_t missing = 0;
    json::array list;
    for (const auto& feature : *features) {
        missing += feature.required && !feature.present;
        list.push_back(json::object{{"name", feature.name},
                                    {"present", feature.present},
                                    {"required", feature.required},
                                    {"note", feature.note}});
    }
    if (arguments.json())
        print_json(json::object{{"features", std::move(list)}, {"usable", missing == 0}});
    else
        show(*features, Painter::from(arguments));
    if (missing)
        return std::unexpected(
            Error{Exit::failed, fmt::format("{} required features are missing: Ringwall cannot "
                                            "enforce on this host",
                                            missing)});
    if (!arguments.json())
        print("This host can enforce.\n");
    return {};
}

} // namespace

const Command check_command{
    "check",
    "What this host supports, before anything is attached",
    "Tries every kernel feature that Ringwall uses without attaching anything, and says what is\n"
    "missing, what that costs and what to do. Needs root. Exit code 1 when enforcement is not\n"
    "possible here.",
    "",
    {},
    run};

} // namespace ringwall::cli
