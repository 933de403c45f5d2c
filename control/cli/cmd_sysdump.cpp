#include <array>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/files.h"
#include "control/cli/client.h"
#include "control/cli/kernel.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

json::value features_json() {
    auto features = host_features();
    if (!features)
        return json::string(features.error().message);
    json::array list;
    for (const auto& feature : *features)
        list.push_back(json::object{
            {"name", feature.name}, {"present", feature.present}, {"note", feature.note}});
    return list;
}

json::array recent_flows(const Arguments& arguments) {
    json::array flows;
    if (auto client = Client::connect(arguments))
        (void)client->stream({{"do", "flows"}, {"last", 500}}, [&](const json::object& item) {
            if (const auto* flow = item.if_contains("flow"))
                flows.push_back(*flow);
            return true;
        });
    return flows;
}

// Works without an agent too: then its part says why there is none.
Result<void> run(const Arguments& arguments) {
    json::object dump{{"ringwall", RINGWALL_VERSION}, {"features", features_json()}};
    auto client = Client::connect(arguments);
    auto answer = client ? client->ask({{"do", "sysdump"}})
                         : Result<json::object>(std::unexpected(client.error()));
    if (answer)
        dump["agent"] = *answer->if_contains("sysdump");
    else
        dump["agent_error"] = answer.error().message;
    if (answer && !arguments.has("--no-flows"))
        dump["flows"] = recent_flows(arguments);
    const auto text = json::serialize(dump) + "\n";
    const auto out = arguments.get("--out");
    if (out.empty()) {
        print(text);
        return {};
    }
    if (auto written = agent::write_file(out, text); !written)
        return std::unexpected(Error{Exit::failed, written.error().message});
    if (!arguments.json())
        print(fmt::format("{}: {}\n", out, bytes_text(text.size())));
    return {};
}

constexpr std::array flags{Flag{"--out", "FILE", "write here instead of printing"},
                           Flag{"--no-flows", "", "leave the recent flows out"}};

} // namespace

const Command sysdump_command{
    "sysdump",
    "Collect what a bug report needs",
    "One JSON document: versions, kernel, supported features, status, settings, counters, map sizes\n"
    "and the newest 500 flows. It holds addresses, labels and program names, but no keys.\n\n"
    "  ringwall sysdump --out ringwall-sysdump.json",
    "",
    flags,
    run};

} // namespace ringwall::cli
