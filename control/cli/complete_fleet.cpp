#include "control/cli/complete_fleet.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/cli/context.h"
#include "control/cli/controller.h"
#include "control/cli/kinds.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

using Names = std::vector<std::string>;

constexpr client::Milliseconds soon{500}; // for each of connecting and answering

Arguments reach_of(Words line) {
    Arguments out;
    for (const auto* option : {"--context", "--server", "--ca", "--token-file"})
        for (std::size_t i = 0; i + 1 < line.size(); ++i)
            if (line[i] == option)
                out.put(option, {line[i + 1]});
    return out;
}

std::string name_in(const boost::json::value& item) {
    const auto name = text_at(item, "metadata.name");
    return name.empty() ? text_at(item, "name") : name;
}

Names singular_kinds(std::string_view suffix) {
    Names out;
    for (const auto& kind : kinds())
        out.push_back(std::string(kind.singular) + std::string(suffix));
    return out;
}

// "ruleset/pay"
Names slashed(std::string_view typed, Words line) {
    const auto slash = typed.find('/');
    if (slash == typed.npos)
        return singular_kinds("/");
    const auto kind = kind_named(typed.substr(0, slash));
    if (!kind)
        return {};
    Names out;
    for (const auto& name : fleet_names((*kind)->path, line))
        out.push_back(fmt::format("{}/{}", typed.substr(0, slash), name));
    return out;
}

Names kind_then_names(Words given, std::string_view typed, Words line) {
    if (given.empty() && typed.find('/') == typed.npos)
        return singular_kinds("");
    if (given.empty() || given[0].find('/') != std::string::npos)
        return slashed(typed, line);
    const auto kind = kind_named(given[0]);
    return kind ? fleet_names((*kind)->path, line) : Names{};
}

} // namespace

Names fleet_names(std::string_view path, Words line) {
    auto configured = open_controller(reach_of(line));
    if (!configured)
        return {};
    auto settings = configured->settings();
    settings.connect_within = settings.answer_within = soon;
    settings.patience = client::Milliseconds(0);
    client::Client client(std::move(settings));
    Names out;
    const auto read = client::each_page(client, path, {}, [&](const boost::json::array& items) {
        for (const auto& item : items)
            out.push_back(name_in(item));
        return false; // one page is more than anybody reads
    });
    return read ? out : Names{};
}

Names context_names() {
    Names out;
    if (const auto config = load_config(config_path(process_environment())))
        for (const auto& context : config->contexts)
            out.push_back(context.name);
    return out;
}

Names operand_candidates(const Command& command, Words given, std::string_view typed, Words line) {
    const auto spec = command.operand;
    if (spec == "KIND [NAME...]" || spec == "[KIND] [NAME...]")
        return kind_then_names(given, typed, line);
    if (spec == "[KIND/NAME...]")
        return slashed(typed, line);
    if (command.name == "mode") {
        auto out = given.empty() ? Names{} : Names{"idle", "visibility", "selective", "full"};
        const auto names = fleet_names("workloads", line);
        out.insert(out.end(), names.begin(), names.end());
        return out;
    }
    if (command.name == "label" || command.name == "why")
        return given.size() < 2 || command.name == "label" ? fleet_names("workloads", line)
                                                           : Names{};
    if (command.name.starts_with("agents "))
        return fleet_names("agents", line);
    if (command.name == "token revoke")
        return fleet_names("tokens", line);
    if (command.name.starts_with("context "))
        return context_names();
    return {};
}

Names option_candidates(std::string_view option, Words line) {
    if (option == "--context")
        return context_names();
    if (option == "--profile")
        return fleet_names("pairing-profiles", line);
    if (option == "--role")
        return {"viewer", "editor", "provisioner", "admin", "owner"};
    if (option == "--agent")
        return fleet_names("agents", line);
    if (option == "--change")
        return {"newly-blocked", "newly-allowed"};
    if (option == "--presence")
        return {"online", "late", "silent"};
    if (option == "--version" || option == "--from" || option == "--to")
        return {"draft", "active"};
    if (option == "--confirm-within")
        return {"120s", "10m"};
    return {};
}

} // namespace ringwall::cli
