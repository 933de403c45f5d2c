// The controller, from the command line's side.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "control/cli/command.h"
#include "control/cli/documents.h"
#include "control/client/client.h"
#include "control/client/paging.h"

namespace ringwall::cli {

// The controller of options, environment and contexts; nothing is sent yet.
Result<client::Client> open_controller(const Arguments& arguments);

// Where a fault stands in what the user wrote; nullopt: nowhere there.
using Places = std::function<std::optional<Place>(const client::Fault& fault)>;
Places places_in(const std::vector<Document>& documents); // borrows

// Sentence and faults, one per line: with file and line, else with the object's name.
Error error_of(const client::Error& error, const Places& places = {});
std::string fault_line(const client::Fault& fault, const Places& places = {});

template <typename T>
Result<T> checked(client::Result<T> result, const std::vector<Document>& documents = {}) {
    if (!result)
        return std::unexpected(error_of(result.error(), places_in(documents)));
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

// An answer that is an object.
Result<boost::json::object> ask(client::Client& client, const client::Request& request,
                                const std::vector<Document>& documents = {});

// Warnings of a good answer, on stderr.
void show_warnings(const boost::json::object& answer, const std::vector<Document>& documents = {});

// All of a list, page by page; its warnings on stderr.
Result<boost::json::array> all_items(client::Client& client, std::string_view path,
                                     client::Query query = {});

enum class Format { table, wide, json, yaml, name };
Format format_of(const Arguments& arguments);
// For json, jsonl and yaml; false for the others: nothing was printed.
bool print_document(const Arguments& arguments, const boost::json::value& value);

// Asks on the terminal. Without one nothing is taken for granted: false with `--yes` named in the
// error.
Result<bool> agreed(const Arguments& arguments, const std::string& question);

// {"dry_run", "true"} where --dry-run is given.
client::Query dry_run(const Arguments& arguments);

} // namespace ringwall::cli
