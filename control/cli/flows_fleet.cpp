#include "control/cli/flows_fleet.h"

#include <algorithm>
#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/controller.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t shown_without_last = 100, largest_page = 1000;

// The newest ones, the newest first.
Result<json::array> recent(client::Client& client, const std::string& query, std::size_t most) {
    json::array out;
    std::string after;
    for (bool more = true; more; more = !after.empty() && out.size() < most) {
        client::Query words{{"q", query},
                            {"limit", std::to_string(std::min(most - out.size(), largest_page))}};
        if (!after.empty())
            words.emplace_back("after", after);
        auto page = ask(client, client::get(client::target({"flows"}, words)));
        if (!page)
            return std::unexpected(page.error());
        if (after.empty())
            show_warnings(*page);
        if (auto* items = page->if_contains("items"); items && items->is_array())
            out.insert(out.end(), items->get_array().begin(), items->get_array().end());
        after = text_at(*page, "next");
    }
    return out;
}

void print_flow(const Arguments& arguments, const json::object& flow, const Painter& paint) {
    if (arguments.json())
        print(json::serialize(flow) + "\n");
    else
        print(flow_line(flow, paint));
}

Result<void> print_recent(client::Client& client, const Arguments& arguments,
                          const std::string& query, std::size_t most) {
    auto flows = recent(client, query, most);
    if (!flows)
        return std::unexpected(flows.error());
    std::ranges::reverse(*flows);
    if (arguments.get("--output") != "jsonl" && print_document(arguments, *flows))
        return {};
    const auto paint = Painter::from(arguments);
    if (!arguments.json())
        print(flow_header(paint));
    for (const auto& flow : *flows)
        if (flow.is_object())
            print_flow(arguments, flow.get_object(), paint);
    return {};
}

Result<void> print_new(client::Client& client, const Arguments& arguments,
                       const std::string& query) {
    const auto paint = Painter::from(arguments);
    if (!arguments.json())
        print(flow_header(paint));
    const auto each = [&](const client::Event& event) {
        boost::system::error_code error;
        const auto flow = json::parse(event.data, error);
        if (event.type == "missed")
            fmt::print(stderr,
                       "more flows came meanwhile than are told again; see ringwall flows\n");
        else if (event.type == "flow" && !error && flow.is_object())
            print_flow(arguments, flow.get_object(), paint);
        return true;
    };
    return checked(
        client.follow(client::target({"flows"}, {{"q", query}, {"follow", "true"}}), each));
}

} // namespace

std::string fleet_query(const Arguments& arguments, std::string_view since) {
    auto out = fmt::format("{}", fmt::join(arguments.operands, " "));
    const auto period = arguments.get("--since", since);
    if (!period.empty()) // for all of the query, whatever "or" it has
        out = fmt::format("{}since={}", out.empty() ? "" : "(" + out + ") ", period);
    return out;
}

Result<std::size_t> last_of(const Arguments& arguments, std::size_t otherwise) {
    if (!arguments.has("--last"))
        return otherwise;
    const auto text = arguments.get("--last");
    std::size_t out = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    if (error != std::errc{} || stop != end || out < 1 || out > 1'000'000)
        return std::unexpected(Error{Exit::usage, "--last takes a number from 1 to 1000000"});
    return out;
}

Result<void> flows_from_controller(const Arguments& arguments) {
    for (const char* flag :
         {"--label", "--from-label", "--to-label", "--workload", "--address", "--cidr", "--port",
          "--protocol", "--process", "--user", "--verdict", "--direction", "--rule", "--all"})
        if (arguments.has(flag))
            return std::unexpected(Error{
                Exit::usage, fmt::format("{} is for the flows of this host; write it into the "
                                         "QUERY, as in 'port=443 from.role=Web'",
                                         flag)});
    const auto most = last_of(arguments, shown_without_last);
    if (!most)
        return std::unexpected(most.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    const auto query = fleet_query(arguments);
    return arguments.has("--follow") ? print_new(*client, arguments, query)
                                     : print_recent(*client, arguments, query, *most);
}

} // namespace ringwall::cli
