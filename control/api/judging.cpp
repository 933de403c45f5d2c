#include "control/api/judging.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "control/api/fields.h"
#include "control/compute/compute.h"
#include "control/model/select.h"

namespace ringwall::api {
namespace {

using agent::Judgement;

// One end of the question: who it is, and the address it has for the other one.
struct End {
    const model::Workload* workload = nullptr; // null: an address of nobody
    std::optional<Address> address;            // none: a cgroup that shares its host's
};

std::optional<Address> address_of(const model::Policy& policy, const model::Workload& workload) {
    if (!workload.addresses.empty())
        return workload.addresses.front();
    const auto* host = workload.host.empty() ? nullptr : policy.workload(workload.host);
    return host && !host->addresses.empty() ? std::optional(host->addresses.front()) : std::nullopt;
}

Result<End> resolve(const model::Policy& policy, const std::string& who) {
    if (const auto address = Address::parse(who)) {
        const auto owner = std::ranges::find_if(policy.workloads, [&](const auto& workload) {
            return workload.realm == model::Realm::routable &&
                   std::ranges::find(workload.addresses, *address) != workload.addresses.end();
        });
        return End{owner == policy.workloads.end() ? nullptr : &*owner, address};
    }
    const auto* workload = policy.workload(who);
    if (!workload)
        return not_found(
            fmt::format("{} is neither an IP address nor a workload; GET /api/v1/workloads lists "
                        "them",
                        in_quotes(who)));
    return End{workload, address_of(policy, *workload)};
}

Result<v1::Snapshot> snapshot_of(const core::Controller& controller, const WhyQuestion& question,
                                 const std::string& host, const std::vector<std::string>& names) {
    if (!question.draft) {
        auto snapshot = controller.snapshot(host);
        if (!snapshot)
            return std::unexpected(from(snapshot.error()));
        return std::move(*snapshot);
    }
    auto snapshot = compute::snapshot(excerpt(controller.draft(), names), host, 1);
    if (!snapshot)
        return std::unexpected(Problem{422, "invalid", snapshot.error().message});
    return std::move(*snapshot);
}

Result<std::optional<Judgement>> judge_end(const core::Controller& controller,
                                           const WhyQuestion& question, bool inbound,
                                           const End& here, const End& there) {
    if (!here.workload || !here.workload->managed || !there.address)
        return std::nullopt;
    const auto& workload = *here.workload;
    std::vector<std::string> names{workload.name};
    if (there.workload)
        names.push_back(there.workload->name);
    const auto snapshot = snapshot_of(
        controller, question, workload.cgroup.empty() ? workload.name : workload.host, names);
    if (!snapshot)
        return std::unexpected(snapshot.error());
    const auto* subject = agent::subject_of(*snapshot, workload.name);
    if (!subject)
        return std::nullopt;
    return agent::judge(*snapshot, *subject, inbound,
                        {.peer = *there.address,
                         .protocol = question.protocol,
                         .port = question.port.value_or(0),
                         .any_port = !question.port},
                        inbound ? question.process : question.from_process);
}

// The strictest decides: both ends have to let a flow pass.
void conclude(WhyAnswer& answer) {
    constexpr std::array order{"not judged", "allowed", "unmatched", "would-block", "blocked"};
    const auto rank = [&](const std::string& verdict) {
        return std::ranges::find(order, verdict) - order.begin();
    };
    answer.verdict = order.front();
    answer.sentence = "neither end has an agent, so nobody judges this flow";
    const Judgement* strictest = nullptr;
    for (const auto& end : answer.ends)
        if (!strictest || rank(end.verdict) > rank(strictest->verdict))
            strictest = &end;
    if (!strictest)
        return;
    answer.verdict = strictest->verdict;
    answer.sentence = fmt::format("{} at {} ({}): {}", strictest->verdict, strictest->workload,
                                  strictest->inbound ? "inbound" : "outbound", strictest->reason);
}

} // namespace

model::Policy excerpt(const model::Policy& policy, const std::vector<std::string>& names) {
    std::set<std::string> wanted(names.begin(), names.end());
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules)
            model::add_named(rule, wanted);
    std::set<Address> addresses;
    std::set<std::string> hosts;
    for (const auto& workload : policy.workloads)
        if (wanted.contains(workload.name)) {
            addresses.insert(workload.addresses.begin(), workload.addresses.end());
            hosts.insert(workload.cgroup.empty() ? workload.name : workload.host);
        }
    model::Policy out;
    out.services = policy.services;
    out.lists = policy.lists;
    out.groups = policy.groups;
    out.rule_sets = policy.rule_sets;
    for (const auto& workload : policy.workloads) {
        const auto shared = [&](const Address& address) { return addresses.contains(address); };
        if (wanted.contains(workload.name) || hosts.contains(workload.name) ||
            (!workload.host.empty() && hosts.contains(workload.host)) ||
            std::ranges::any_of(workload.addresses, shared))
            out.workloads.push_back(workload);
    }
    // Whoever shares an address may itself be a part of a host.
    std::set<std::string> there;
    for (const auto& workload : out.workloads)
        there.insert(workload.name);
    for (const auto& workload : std::vector(out.workloads))
        if (!workload.host.empty() && there.insert(workload.host).second)
            if (const auto* host = policy.workload(workload.host))
                out.workloads.push_back(*host);
    return out;
}

Result<WhyAnswer> why(const core::Controller& controller, const WhyQuestion& question,
                      const Scope& scope) {
    const auto& policy = question.draft ? controller.draft() : controller.active();
    const auto from = resolve(policy, question.from);
    const auto to = resolve(policy, question.to);
    if (!from || !to)
        return std::unexpected(from ? to.error() : from.error());
    const auto sees = [&](const End& end) {
        return end.workload && inside(scope, end.workload->labels);
    };
    if (!scope.empty() && !sees(*from) && !sees(*to))
        return not_found(fmt::format("neither {} nor {} is a workload inside {}",
                                     in_quotes(question.from), in_quotes(question.to),
                                     text(scope)));
    WhyAnswer out;
    for (const bool inbound : {false, true}) {
        auto end =
            judge_end(controller, question, inbound, inbound ? *to : *from, inbound ? *from : *to);
        if (!end)
            return std::unexpected(end.error());
        if (*end)
            out.ends.push_back(std::move(**end));
    }
    conclude(out);
    return out;
}

} // namespace ringwall::api
