#include "control/cli/controller.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <iostream>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "common/pki/key_file.h"
#include "control/cli/kinds.h"
#include "control/cli/output.h"
#include "control/cli/target.h"
#include "control/cli/yaml.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Result<std::string> token_of(const Target& target) {
    if (target.token_file.empty())
        return target.token;
    auto text = pki::load_secret(target.token_file);
    if (!text)
        return std::unexpected(Error{Exit::forbidden, text.error().message});
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' '))
        text->pop_back();
    if (text->empty() || text->find_first_of("\r\n") != text->npos)
        return std::unexpected(
            Error{Exit::invalid, target.token_file + ": a token is one line, and this is not"});
    return std::move(*text);
}

Exit exit_of(const client::Error& error) {
    switch (error.code) {
    case client::Errc::bad_request:
        return Exit::usage;
    case client::Errc::unreachable:
    case client::Errc::untrusted:
    case client::Errc::timeout:
    case client::Errc::lost:
        return Exit::unreachable;
    case client::Errc::malformed:
    case client::Errc::too_big:
        return Exit::failed;
    case client::Errc::problem:
        break;
    }
    switch (error.problem ? error.problem->status : 0) {
    case 401:
    case 403:
        return Exit::forbidden;
    case 404:
        return Exit::not_found;
    case 400:
    case 422:
        return Exit::invalid;
    default:
        return Exit::failed;
    }
}

// What the sentence of the controller cannot know: what to do on this side.
std::string_view cure(const client::Error& error) {
    if (error.code == client::Errc::timeout || error.code == client::Errc::lost)
        return "; a change may have been made or not: look before trying again";
    if (error.code == client::Errc::untrusted)
        return "; is --ca (RINGWALL_CA, the context's ca) the one of this controller?";
    switch (error.problem ? error.problem->status : 0) {
    case 429:
        return "; try again later";
    default:
        return "";
    }
}

} // namespace

Result<client::Client> open_controller(const Arguments& arguments) {
    const auto environment = process_environment();
    auto config = load_config(config_path(environment));
    if (!config)
        return std::unexpected(config.error());
    auto target = choose_target(arguments, environment, *config);
    if (!target)
        return std::unexpected(target.error());
    auto endpoint = checked(client::parse_endpoint(target->server));
    if (!endpoint)
        return std::unexpected(endpoint.error());
    auto trust = checked(client::load_trust(target->ca));
    if (!trust)
        return std::unexpected(trust.error());
    auto token = token_of(*target);
    if (!token)
        return std::unexpected(token.error());
    return client::Client({.endpoint = std::move(*endpoint),
                           .trust = std::move(*trust),
                           .token = std::move(*token),
                           .program = "ringwall/" RINGWALL_VERSION});
}

Places places_in(const std::vector<Document>& documents) {
    return [&documents](const client::Fault& fault) -> std::optional<Place> {
        const auto* kind = kind_of_document(fault.kind);
        const auto* document = find(documents, kind ? kind->document : fault.kind, fault.name);
        return document ? std::optional(document->place(fault.pointer)) : std::nullopt;
    };
}

std::string fault_line(const client::Fault& fault, const Places& places) {
    const auto place = places ? places(fault) : std::nullopt;
    const auto* kind = kind_of_document(fault.kind);
    std::string where = fault.pointer;
    if (place)
        where = place->text();
    else if (!fault.kind.empty())
        where = fmt::format("{}/{}{}{}", kind ? kind->singular : std::string_view(fault.kind),
                            fault.name, fault.pointer.empty() ? "" : " ", fault.pointer);
    return fmt::format("{}{}{}{}", where, where.empty() ? "" : ": ",
                       fault.warning ? "warning: " : "", fault.sentence);
}

// The controller's sentence often is that of the first fault: said once, where it stands.
Error error_of(const client::Error& error, const Places& places) {
    Error out{exit_of(error), error.message + std::string(cure(error))};
    if (!error.problem || error.problem->faults.empty())
        return out;
    if (const auto& first = error.problem->faults.front();
        error.message.starts_with(first.sentence))
        out.message.clear();
    for (const auto& fault : error.problem->faults)
        out.message += (out.message.empty() ? "" : "\n") + fault_line(fault, places);
    return out;
}

Result<json::object> ask(client::Client& client, const client::Request& request,
                         const std::vector<Document>& documents) {
    auto answer = checked(client.json(request), documents);
    if (!answer)
        return std::unexpected(answer.error());
    if (!answer->is_object())
        return std::unexpected(Error{Exit::failed,
                                     "the controller's answer is not understood: is it "
                                     "of the same version?"});
    return std::move(answer->get_object());
}

void show_warnings(const json::object& answer, const std::vector<Document>& documents) {
    for (const auto& fault : client::faults_of(answer.if_contains("warnings")))
        fmt::print(stderr, "{}\n", fault_line(fault, places_in(documents)));
}

Result<json::array> all_items(client::Client& client, std::string_view path, client::Query query) {
    auto list = checked(client::pages_as_one(client, path, std::move(query)));
    if (!list)
        return std::unexpected(list.error());
    show_warnings(*list);
    return std::move(list->at("items").as_array());
}

Format format_of(const Arguments& arguments) {
    const auto format = arguments.get("--output", "table");
    return format == "wide"                        ? Format::wide
           : format == "json" || format == "jsonl" ? Format::json
           : format == "yaml"                      ? Format::yaml
           : format == "name"                      ? Format::name
                                                   : Format::table;
}

bool print_document(const Arguments& arguments, const json::value& value) {
    const auto format = format_of(arguments);
    if (format == Format::json)
        print_json(value);
    else if (format == Format::yaml)
        print(yaml_text(value));
    return format == Format::json || format == Format::yaml;
}

Result<bool> agreed(const Arguments& arguments, const std::string& question) {
    if (arguments.has("--yes"))
        return true;
    if (!isatty(STDIN_FILENO))
        return std::unexpected(
            Error{Exit::usage, "there is no terminal to ask on: give --yes, or --dry-run to look"});
    fmt::print(stderr, "{} [y/N] ", question);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

client::Query dry_run(const Arguments& arguments) {
    return arguments.has("--dry-run") ? client::Query{{"dry_run", "true"}} : client::Query{};
}

} // namespace ringwall::cli
