// stage and unstage: the draft beside what is enforced.
#include <array>

#include <fmt/format.h>

#include "control/cli/controller.h"
#include "control/cli/plan_text.h"
#include "control/cli/provision_request.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

void show(const Arguments& arguments, const json::object& answer) {
    if (print_document(arguments, answer))
        return;
    const auto changes = counted(list_size(answer, "changes"), "object"),
               agents = counted(list_size(answer, "agents"), "agent");
    const bool dry = arguments.has("--dry-run");
    print(changes_text(answer, Painter::from(arguments)));
    if (dry)
        return print(fmt::format("{}, {} would judge by it as well\n", changes, agents));
    print(fmt::format("staging {}: {}, {} judge by it as well; nothing of it is enforced\n",
                      number_at(answer, "number"), changes, agents));
    if (list_size(answer, "agents") == 0)
        return print("no agent's rules would differ\n");
    print("'ringwall impact --watch' shows what it would newly block and allow, 'ringwall "
          "provision' puts it in force, 'ringwall unstage' takes it off\n");
}

Result<void> stage(const Arguments& arguments) {
    auto body = stage_request(arguments);
    if (!body)
        return std::unexpected(body.error());
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto staged = ask(*client, {.method = "PUT",
                                .target = client::target({"staging"}, dry_run(arguments)),
                                .body = std::move(*body)});
    if (!staged)
        return std::unexpected(staged.error());
    show_warnings(*staged);
    show(arguments, *staged);
    return {};
}

Result<void> unstage(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto done = checked(client->send({.method = "DELETE", .target = client::target({"staging"})}));
    if (!done)
        return std::unexpected(done.error());
    print("nothing is staged any more\n");
    return {};
}

constexpr std::array stage_flags{
    Flag{"-m,--note", "TEXT", "a note that stays with the staging"},
    Flag{"--dry-run", "", "show what would be staged, change nothing"}};

} // namespace

const Command stage_command{
    "stage",
    "Let agents judge real connections by the draft, and enforce nothing of it",
    "Staged is what 'ringwall provision' with the same objects would put in force now; what is\n"
    "written afterwards does not change it. Only agents whose rules would differ are told: they\n"
    "judge every connection by both and report the difference to 'ringwall impact'. Staging again\n"
    "replaces it. It ends with 'ringwall unstage', or when the same content is provisioned.\n\n"
    "  ringwall stage -m CHG-1234\n"
    "  ringwall stage ruleset/payments --dry-run\n"
    "  ringwall impact --watch",
    "[KIND/NAME...]",
    stage_flags,
    stage,
    Peer::controller};

const Command unstage_command{"unstage",
                              "Take the staged draft off",
                              "What agents reported of it is forgotten. Exit code 3: nothing is "
                              "staged.",
                              "",
                              {},
                              unstage,
                              Peer::controller};

} // namespace ringwall::cli
