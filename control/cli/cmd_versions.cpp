#include <array>
#include <charconv>
#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Row row(const json::value& version, const Painter& paint) {
    const auto* active = at(version, "active");
    const auto rollback = number_at(version, "rollback_to");
    return {std::to_string(number_at(version, "number")),
            active && active->is_bool() && active->get_bool() ? paint(Color::green, "active") : "",
            age(text_at(version, "time"), std::time(nullptr)),
            text_at(version, "actor"),
            std::to_string(number_at(version, "changes")),
            rollback ? fmt::format("back to {}{}{}", rollback,
                                   text_at(version, "note").empty() ? "" : ": ",
                                   text_at(version, "note"))
                     : text_at(version, "note")};
}

Result<std::size_t> limit_of(const Arguments& arguments) {
    const auto text = arguments.get("--last", "20");
    std::size_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc{} && end == text.data() + text.size() && out > 0)
        return out;
    return std::unexpected(Error{Exit::usage, "--last takes a number above 0"});
}

Result<void> run(const Arguments& arguments) {
    const auto limit = limit_of(arguments);
    if (!limit)
        return std::unexpected(limit.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    json::array versions;
    bool more = false;
    auto read = checked(client::each_page(*client, "versions", {}, [&](json::array page) {
        for (auto& version : page) {
            more = more || versions.size() == *limit;
            if (!more)
                versions.push_back(std::move(version));
        }
        return !more;
    }));
    if (!read)
        return read;
    if (print_document(arguments, json::object{{"items", versions}}))
        return {};
    const auto paint = Painter::from(arguments);
    std::vector<Row> rows;
    for (const auto& version : versions)
        rows.push_back(row(version, paint));
    print(table_of({"VERSION", "STATE", "AGE", "BY", "CHANGES", "NOTE"}, std::move(rows), paint));
    if (more)
        fmt::print(stderr, "older ones are left out: --last {} shows more\n", *limit * 10);
    return {};
}

constexpr std::array flags{Flag{"--last", "N", "so many of the newest (default 20)"}};

} // namespace

const Command versions_command{"versions",
                               "What was in force when, by whom, why",
                               "  ringwall versions --last 5\n"
                               "  ringwall diff --from 6 --to 7     what version 7 changed\n"
                               "  ringwall get rs --version 6       the rule sets of version 6",
                               "",
                               flags,
                               run,
                               Peer::controller};

} // namespace ringwall::cli
