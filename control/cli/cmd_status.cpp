#include <ctime>

#include "control/cli/client.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

Result<void> run(const Arguments& arguments) {
    auto client = Client::connect(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer = client->ask({{"do", "status"}});
    if (!answer)
        return std::unexpected(answer.error());
    const auto* status = answer->if_contains("status");
    if (!status || !status->is_object())
        return std::unexpected(Error{Exit::failed, "the agent did not send its status"});
    if (arguments.json())
        print_json(*status);
    else
        print(status_text(status->get_object(), Painter::from(arguments), std::time(nullptr)));
    return {};
}

} // namespace

const Command status_command{
    "status",
    "What is enforced here, since when, by which version",
    "Shows the policy that is enforced and where it comes from, the subjects and their modes, the\n"
    "hooks, what was lost and what this host cannot do. A refused newer policy is shown with its\n"
    "reason; the last good one stays enforced.",
    "",
    {},
    run};

} // namespace ringwall::cli
