#include "agent/host_names.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/host.h"

namespace ringwall::agent {

Party HostNames::subject(std::uint32_t id) const {
    loader::Event event;
    event.subject = id;
    auto known = enforcement_.enforcer().explain(event);
    Party party;
    party.workload = known.subject;
    party.labels = std::move(known.subject_labels);
    party.identities = {known.subject_identity};
    for (const auto& subject : enforcement_.state().subjects)
        if (subject.workload == party.workload)
            party.addresses = subject.addresses;
    return party;
}

Party HostNames::peer(std::uint32_t, const Address& address) const {
    auto known = enforcement_.enforcer().explain_address(address);
    Party party;
    party.workload = fmt::format("{}", fmt::join(known.peer_workloads, ", "));
    if (!known.peer_labels.empty())
        party.labels = std::move(known.peer_labels.front());
    party.lists = std::move(known.peer_lists);
    party.identities = std::move(known.peer_identities);
    return party;
}

Decision HostNames::decision(const loader::Event& event) const {
    Decision decision;
    decision.reason = loader::reason_name(event.reason);
    for (const auto& match : enforcement_.enforcer().explain(event).matches)
        if (std::ranges::find(decision.rules, match.rule) == decision.rules.end())
            decision.rules.push_back(match.rule);
    return decision;
}

Program HostNames::program(const loader::Event& event) const {
    Program program;
    const auto& datapath = enforcement_.datapath();
    if (event.exe) {
        auto exe = datapath.exe(event.exe);
        program.path = std::move(exe.path);
        program.unresolved = std::move(exe.unresolved);
    }
    program.deleted = loader::was_replaced(event.owner_flags);
    if (auto why = loader::unresolved_reason(event.owner_flags); event.pid && !why.empty())
        program.unresolved = std::move(why);
    if (event.unit)
        program.unit = datapath.unit(event.unit);
    const auto root = enforcement_.unit_root();
    if (root.empty())
        program.service = unit_name(program.unit);
    else if (program.unit.starts_with(root + "/"))
        program.service = program.unit.substr(root.size() + 1);
    program.service = program.service.substr(0, program.service.find('/'));
    if (auto container = container_in(program.unit))
        program.container = container_name(*container);
    return program;
}

std::string HostNames::user(std::uint32_t uid) const {
    return user_name(uid);
}

} // namespace ringwall::agent
