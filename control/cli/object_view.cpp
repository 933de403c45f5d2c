#include "control/cli/object_view.h"

#include <ctime>

#include <fmt/format.h>

#include "control/cli/output.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"
#include "control/cli/yaml.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

json::object as_list(json::array documents) {
    const auto total = documents.size();
    return {{"items", std::move(documents)}, {"total", total}};
}

void print_yaml_stream(const json::array& documents) {
    const char* before = "";
    for (const auto& document : documents) {
        print(before + yaml_text(document));
        before = "---\n";
    }
}

// Several kinds may be named: a table for each run of one kind.
void print_tables(const Arguments& arguments, const std::vector<Reference>& wanted,
                  const json::array& documents) {
    const auto paint = Painter::from(arguments);
    const bool wide = format_of(arguments) == Format::wide;
    if (wanted[0].name.empty())
        return print(table_of(*wanted[0].kind, documents, wide, paint, std::time(nullptr)));
    for (std::size_t i = 0; i < documents.size();) {
        json::array run;
        const auto* kind = wanted[i].kind;
        for (; i < documents.size() && wanted[i].kind == kind; ++i)
            run.push_back(documents[i]);
        print(table_of(*kind, run, wide, paint, std::time(nullptr)));
    }
}

} // namespace

client::Query query_of(const Arguments& arguments, const Kind& kind) {
    client::Query query;
    if (arguments.has("--labels"))
        query.emplace_back("labels", arguments.get("--labels"));
    if (kind.provisioned && arguments.has("--version"))
        query.emplace_back("version", arguments.get("--version"));
    return query;
}

Result<json::array> fetch(client::Client& client, const Arguments& arguments,
                          const std::vector<Reference>& wanted) {
    const auto query = query_of(arguments, *wanted[0].kind);
    if (wanted[0].name.empty())
        return all_items(client, wanted[0].kind->path, query);
    json::array out;
    for (const auto& [kind, name] : wanted) {
        auto document = ask(
            client, client::get(client::target({kind->path, name}, query_of(arguments, *kind))));
        if (!document)
            return std::unexpected(document.error());
        out.push_back(std::move(*document));
    }
    return out;
}

void show(const Arguments& arguments, const std::vector<Reference>& wanted, json::array documents) {
    const bool one = documents.size() == 1 && !wanted[0].name.empty();
    switch (format_of(arguments)) {
    case Format::json:
        return print_json(one ? documents[0] : json::value(as_list(std::move(documents))));
    case Format::yaml:
        return print_yaml_stream(documents);
    case Format::name:
        for (const auto& document : documents)
            print(fmt::format("{}/{}\n", kind_of_document(text_at(document, "kind"))->singular,
                              text_at(document, "metadata.name")));
        return;
    default:
        if (documents.empty())
            fmt::print(stderr, "no {} found\n", wanted[0].kind->path);
        else
            print_tables(arguments, wanted, documents);
    }
}

} // namespace ringwall::cli
