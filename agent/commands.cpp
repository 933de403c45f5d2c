#include "agent/commands.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agent/cuts.h"
#include "agent/flows.h"
#include "agent/host_names.h"
#include "common/address_bytes.h"

namespace ringwall::agent {
namespace {

constexpr std::uint32_t longest_pause = 86'400; // seconds, as for the local socket

v1::CommandResult result(bool ok, std::string sentence) {
    v1::CommandResult out;
    out.set_ok(ok);
    out.set_sentence(std::move(sentence));
    return out;
}

bool matches(const v1::End& wanted, const loader::Event& event) {
    Flow flow;
    flow.event = event;
    return (wanted.peer().empty() || address_from_bytes(wanted.peer()) == event.peer) &&
           (wanted.protocol() == 0 || wanted.protocol() == event.protocol) &&
           (wanted.port() == 0 || wanted.port() == flow.port());
}

} // namespace

v1::CommandResult Commands::run(const v1::Command& command, std::function<void()>& afterwards) {
    switch (command.action_case()) {
    case v1::Command::kPause:
        if (command.pause().seconds() == 0 || command.pause().seconds() > longest_pause)
            return result(false, fmt::format("a pause has 1 to {} seconds", longest_pause));
        return pause(std::chrono::seconds(command.pause().seconds()));
    case v1::Command::kResume:
        return pause(std::chrono::seconds(0));
    case v1::Command::kDetach:
        afterwards = hooks_.detach;
        return result(true, "enforcement is being removed, and the agent ends");
    case v1::Command::kSysdump: {
        auto out = result(true, "status, counters, settings and facts of the host, as JSON");
        out.set_content(hooks_.sysdump());
        return out;
    }
    case v1::Command::kRenew:
        hooks_.renew();
        return result(true, "a new certificate is being asked for");
    case v1::Command::kEnd:
        return end(command.end());
    case v1::Command::kFindCuts:
        return find_cuts(command.find_cuts());
    case v1::Command::ACTION_NOT_SET:
        break;
    }
    return result(false, "this agent does not know the command; upgrade it");
}

v1::CommandResult Commands::pause(std::chrono::seconds duration) {
    if (auto done = enforcement_.pause(duration); !done)
        return result(false, done.error().message);
    return result(true, duration.count()
                            ? fmt::format("enforcement is paused for {} s", duration.count())
                            : "enforcement is resumed");
}

// What a sweep tells is told once, so it is observed as well.
std::vector<loader::Event> Commands::sweep() {
    std::vector<loader::Event> out;
    enforcement_.datapath().sweep(loader::Sweep::all, [&](const loader::Event& event) {
        hooks_.observe(event);
        out.push_back(event);
    });
    return out;
}

v1::CommandResult Commands::end(const v1::End& wanted) {
    auto live = sweep();
    std::erase_if(live, [&](const loader::Event& event) {
        return event.kind == loader::EventKind::end || !matches(wanted, event) ||
               enforcement_.enforcer().subject_name(event.subject) != wanted.subject();
    });
    std::size_t ended = 0;
    for (const auto& event : live)
        ended += enforcement_.end_socket(event) ? 1 : 0;
    spdlog::warn("audit: the controller ended {} of {} connections of {}", ended, live.size(),
                 wanted.subject());
    if (live.empty())
        return result(true, fmt::format("{} has no such connection", wanted.subject()));
    return result(ended == live.size(),
                  fmt::format("{} of {} connections were ended{}", ended, live.size(),
                              ended == live.size() ? ""
                                                   : "; the others are unconnected, or in a "
                                                     "namespace that the agent may not enter"));
}

v1::CommandResult Commands::find_cuts(const v1::FindCuts& wanted) {
    auto cuts = agent::find_cuts(wanted, enforcement_.snapshot(), sweep(), HostNames(enforcement_));
    auto out = result(
        true, fmt::format("{} of {} live connections would end", cuts.total(), cuts.judged()));
    *out.mutable_cuts() = std::move(cuts);
    return out;
}

} // namespace ringwall::agent
