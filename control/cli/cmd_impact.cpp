#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

bool is_missing(const client::Error& error) {
    return error.problem && error.problem->status == 404;
}

Result<void> run(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto impact = client->json(client::get(client::target({"impact"})));
    if (!impact && is_missing(impact.error()))
        return std::unexpected(
            Error{Exit::not_found, "there is nothing to judge by: impact needs a draft that was "
                                   "staged, so that agents judge real flows by it; 'ringwall diff' "
                                   "shows what is pending, 'ringwall why FROM TO PORT/PROTO "
                                   "--draft' judges one flow by the draft"});
    if (!impact)
        return std::unexpected(error_of(impact.error()));
    if (print_document(arguments, *impact))
        return {};
    const auto paint = Painter::from(arguments);
    const auto* items = at(*impact, "items");
    print(flow_header(paint));
    if (items && items->is_array())
        for (const auto& flow : items->get_array())
            if (flow.is_object())
                print(flow_line(flow.get_object(), paint));
    return {};
}

} // namespace

const Command impact_command{
    "impact",
    "Real flows whose verdict a staged draft would change",
    "Needs a draft that was staged: agents then judge what really happens by it as well.",
    "",
    {},
    run,
    Peer::controller};

} // namespace ringwall::cli
