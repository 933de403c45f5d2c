// The audit log.
#include <array>
#include <charconv>
#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/edits.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Row row(const json::value& record) {
    return {std::to_string(number_at(record, "sequence")),
            text_at(record, "time").substr(0, 19),
            text_at(record, "actor"),
            text_at(record, "origin"),
            text_at(record, "action"),
            text_at(record, "name").empty() ? text_at(record, "kind") : short_name(record)};
}

client::Query query_of(const Arguments& arguments) {
    client::Query query;
    for (const auto& [option, key] :
         {std::pair{"--kind", "kind"}, std::pair{"--name", "name"}, std::pair{"--actor", "actor"},
          std::pair{"--from", "from"}, std::pair{"--until", "until"}})
        if (arguments.has(option))
            query.emplace_back(key, arguments.get(option));
    if (arguments.has("--oldest-first"))
        query.emplace_back("oldest_first", "true");
    return query;
}

Result<std::size_t> limit_of(const Arguments& arguments) {
    if (arguments.has("--all"))
        return std::size_t(0);
    const auto text = arguments.get("--last", "50");
    std::size_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc{} && end == text.data() + text.size() && out > 0)
        return out;
    return std::unexpected(Error{Exit::usage, "--last takes a number above 0"});
}

Result<void> list(const Arguments& arguments) {
    const auto limit = limit_of(arguments);
    if (!limit)
        return std::unexpected(limit.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    json::array records;
    bool more = false;
    auto read =
        checked(client::each_page(*client, "audit", query_of(arguments), [&](json::array page) {
            for (auto& record : page) {
                more = more || (*limit && records.size() == *limit);
                if (!more)
                    records.push_back(std::move(record));
            }
            return !more;
        }));
    if (!read)
        return read;
    if (print_document(arguments, json::object{{"items", records}}))
        return {};
    std::vector<Row> rows;
    for (const auto& record : records)
        rows.push_back(row(record));
    print(table_of({"RECORD", "TIME", "BY", "FROM", "ACTION", "OBJECT"}, std::move(rows),
                   Painter::from(arguments)));
    if (more)
        fmt::print(stderr, "there are more: --all shows them\n");
    return {};
}

Result<void> verify(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto proof = ask(*client, client::get(client::target({"audit", "verify"})));
    if (!proof)
        return std::unexpected(proof.error());
    if (!print_document(arguments, *proof))
        print(fmt::format("whole: {} records, head {}\n", number_at(*proof, "records"),
                          text_at(*proof, "head")));
    return {};
}

constexpr std::array list_flags{
    Flag{"--kind", "KIND", "of the object: RuleSet, Workload, version, ..."},
    Flag{"--name", "NAME", "of the object"},
    Flag{"--actor", "NAME", "who did it"},
    Flag{"--from", "TIME", "not before: 2026-01-02T03:04:05Z"},
    Flag{"--until", "TIME", "before: 2026-01-02T03:04:05Z"},
    Flag{"--oldest-first", "", "default: newest first"},
    Flag{"--last", "N", "so many records (default 50)"},
    Flag{"--all", "", "every record"}};

} // namespace

const Command audit_list_command{
    "audit list",
    "Who changed what, when, from where",
    "-o json has what was there before and after.\n\n"
    "  ringwall audit --kind RuleSet --name payments\n"
    "  ringwall audit --actor alice --from 2026-01-01T00:00:00Z --all -o json",
    "",
    list_flags,
    list,
    Peer::controller};

const Command audit_verify_command{
    "audit verify",
    "Walk the hash chain of the whole log",
    "Keep the head elsewhere: it proves later that nothing before it was rewritten.",
    "",
    {},
    verify,
    Peer::controller};

} // namespace ringwall::cli
