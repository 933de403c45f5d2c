// pause, resume and detach: what changes enforcement without changing policy.
#include <array>

#include <fmt/format.h>

#include "control/cli/client.h"
#include "control/cli/kernel.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

Result<boost::json::object> ask(const Arguments& arguments, const boost::json::object& request) {
    auto client = Client::connect(arguments);
    if (!client)
        return std::unexpected(client.error());
    return client->ask(request);
}

Result<void> tell(const Arguments& arguments, const boost::json::object& request,
                  const std::string& text) {
    auto answer = ask(arguments, request);
    if (!answer)
        return std::unexpected(answer.error());
    if (arguments.json())
        print_json(*answer);
    else
        print(text + "\n");
    return {};
}

Result<void> pause(const Arguments& arguments) {
    if (!arguments.has("--for"))
        return std::unexpected(Error{Exit::usage, "pause needs --for, for example --for 10m"});
    auto seconds = parse_duration(arguments.get("--for"));
    if (!seconds)
        return std::unexpected(seconds.error());
    if (*seconds > 24 * 3600)
        return std::unexpected(Error{Exit::usage,
                                     "a pause ends after at most 24h; change the mode of "
                                     "the workload instead"});
    return tell(
        arguments, {{"do", "pause"}, {"seconds", *seconds}},
        fmt::format("paused for {}: nothing is blocked until then, 'ringwall resume' ends it",
                    arguments.get("--for")));
}

Result<void> resume(const Arguments& arguments) {
    return tell(arguments, {{"do", "resume"}}, "enforcing again");
}

Result<void> detach(const Arguments& arguments) {
    auto done = tell(arguments, {{"do", "detach"}},
                     "the agent removes its programs and maps from the kernel and stops");
    if (done || done.error().code != Exit::unreachable || !arguments.has("--pin-dir"))
        return done;
    if (auto removed = detach_pins(arguments.get("--pin-dir"), arguments.get("--cgroup")); !removed)
        return removed;
    print("no agent was running; its programs and maps are removed from the kernel\n");
    return {};
}

constexpr std::array pause_flags{Flag{"--for", "DURATION", "90s, 10m, 2h; at most 24h"}};
constexpr std::array detach_flags{
    Flag{"--pin-dir", "DIR", "when no agent runs: remove what is pinned here"},
    Flag{"--cgroup", "DIR", "where it was attached; default: the cgroup v2 mount"}};

} // namespace

const Command pause_command{
    "pause",
    "Let everything pass for a while; resumes by itself",
    "The way out of an outage. Nothing is blocked until the time is over, by the kernel's clock, so\n"
    "it ends even when the agent is gone. What would have been blocked is still reported as\n"
    "would-block. Needs no controller; written to the agent's log.\n\n"
    "  ringwall pause --for 10m",
    "",
    pause_flags,
    pause};

const Command resume_command{"resume", "End a pause now", "", "", {}, resume};

const Command detach_command{
    "detach",
    "Remove enforcement from this host's kernel",
    "Programs, maps and pins are removed and the agent stops. Nothing is enforced afterwards.\n"
    "Stopping the agent ('systemctl stop ringwall-agent') does not do this: enforcement stays.",
    "",
    detach_flags,
    detach};

} // namespace ringwall::cli
