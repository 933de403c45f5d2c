#include "control/compute/reach.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/time.h"
#include "control/compute/identities.h"
#include "control/compute/program.h"
#include "control/compute/rule_words.h"
#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::ProcessSelector;
using model::Selector;
using Process = std::optional<ProcessSelector>;

constexpr std::size_t told_peers = 5; // alternatives in a sentence

// The part of a rule that is for one process at each end; all parts together are the rule.
struct Part {
    Process source, destination;
    model::Rule rule;
};

Process process_of(const model::ServiceUse& use, const model::Policy& policy) {
    const auto* process = model::process(use, policy);
    return process ? Process(*process) : Process();
}

std::vector<Part> parts_of(const model::Rule& rule, const model::Policy& policy) {
    std::set<Process> sources, destinations;
    for (const auto& from : rule.from)
        sources.insert(from.process);
    for (const auto& use : rule.services)
        destinations.insert(process_of(use, policy));
    std::vector<Part> out;
    for (const auto& source : sources)
        for (const auto& destination : destinations) {
            Part part{source, destination, rule};
            std::erase_if(part.rule.from, [&](const auto& each) { return each.process != source; });
            std::erase_if(part.rule.services, [&](const auto& each) {
                return process_of(each, policy) != destination;
            });
            out.push_back(std::move(part));
        }
    return out;
}

// Whom the other side of a rule means, each alternative once.
struct Peers {
    std::vector<std::string> full, brief;
};

void add(std::vector<std::string>& out, std::string words) {
    if (std::ranges::find(out, words) == out.end())
        out.push_back(std::move(words));
}

Peers peers_of(const model::Policy& policy, const model::RuleSet& set, const model::Rule& rule,
               const model::Workload& subject, bool inbound) {
    Peers out;
    for (const auto& at : model::instances(set, rule)) {
        const auto* own_scope = inbound ? at.to_scope : at.from_scope;
        const bool here = std::ranges::any_of(inbound ? rule.to : rule.from, [&](const auto& own) {
            return model::selects(own, own_scope, subject, policy);
        });
        if (!here)
            continue;
        const auto* scope = inbound ? at.from_scope : at.to_scope;
        for (const Selector& peer : inbound ? rule.from : rule.to) {
            add(out.full, in_full(peer, scope));
            add(out.brief, in_short(peer, scope));
        }
    }
    return out;
}

std::string alternatives(std::vector<std::string> words) {
    const auto all = words.size();
    if (all > told_peers) {
        words.resize(told_peers - 1);
        words.push_back(fmt::format("{} others", all - words.size()));
    }
    return fmt::format("{}", fmt::join(words, " or "));
}

const char* verb(model::Action action) {
    switch (action) {
    case model::Action::allow:
        return "may reach";
    case model::Action::deny:
        return "may not reach";
    case model::Action::override_deny:
        return "may never reach";
    }
    return "";
}

std::string counted(const ReachRow& row, const v1::Peers& peers) {
    if (peers.any() || (row.workloads == 0 && !peers.lists().empty()))
        return {};
    return row.workloads == 1 ? std::string(" (1 workload)")
                              : fmt::format(" ({} workloads)", row.workloads);
}

std::string sentence(const ReachRow& row, const std::string& peers) {
    const auto services = fmt::format("{}", fmt::join(row.services, ", "));
    const auto of = [](const std::string& process) {
        return process.empty() ? std::string() : " of " + process;
    };
    const auto as = [](const std::string& process) {
        return process.empty() ? std::string() : " as " + process;
    };
    const auto until = row.expires_ns ? " until " + rfc3339(*row.expires_ns) : std::string();
    if (row.inbound)
        return fmt::format("{}{} {} {}{} here{}", peers, as(row.peer_process), verb(row.action),
                           services, of(row.process), until);
    return fmt::format("it{} {} {}{} at {}{}", as(row.process), verb(row.action), services,
                       of(row.peer_process), peers, until);
}

// Rows of one workload, rule by rule.
class Reader {
  public:
    Reader(const model::Policy& policy, const model::Workload& subject)
        : policy_(policy), subject_(subject), identities_(policy),
          members_(identities_.all().size() + 1) {
        for (const auto& workload : policy.workloads)
            if (&workload != &subject)
                ++members_[identities_.of(workload)];
    }

    void add(const model::RuleSet& set, const model::Rule& rule, Reach& out) const {
        for (const Part& part : parts_of(rule, policy_)) {
            v1::Subject compiled;
            program(policy_, identities_, set, part.rule, subject_, compiled);
            for (const auto& each : compiled.rules()) {
                auto made = row(set, part, each);
                (made.inbound ? out.inbound : out.outbound).push_back(std::move(made));
            }
        }
    }

  private:
    ReachRow row(const model::RuleSet& set, const Part& part, const v1::Rule& compiled) const {
        ReachRow out;
        out.rule = compiled.id();
        out.action = part.rule.action;
        out.inbound = compiled.direction() == v1::INBOUND;
        out.expires_ns = part.rule.expires_ns;
        for (const auto& service : compiled.services())
            for (auto& words : in_words(service))
                out.services.push_back(std::move(words));
        const auto words = [](const Process& process) {
            return process ? in_words(*process) : std::string();
        };
        out.process = words(out.inbound ? part.destination : part.source);
        out.peer_process = words(out.inbound ? part.source : part.destination);
        out.workloads = count(compiled.peers());
        const auto peers = peers_of(policy_, set, part.rule, subject_, out.inbound);
        out.peers = fmt::format("{}", fmt::join(peers.full, "; "));
        out.words = sentence(out, alternatives(peers.brief) + counted(out, compiled.peers()));
        return out;
    }
    std::size_t count(const v1::Peers& peers) const {
        if (peers.any() || peers.all_workloads())
            return policy_.workloads.size() - 1;
        std::size_t out = 0;
        for (const auto identity : peers.identities())
            out += members_[identity];
        return out;
    }

    const model::Policy& policy_;
    const model::Workload& subject_;
    Identities identities_;
    std::vector<std::size_t> members_; // by number of identity, without the subject
};

int rank(model::Action action) {
    return action == model::Action::override_deny ? 0 : action == model::Action::allow ? 1 : 2;
}

} // namespace

Reach reach(const model::Policy& policy, const model::Workload& subject) {
    const Reader reader(policy, subject);
    Reach out;
    for (const auto& set : policy.rule_sets)
        for (const auto& rule : set.rules)
            reader.add(set, rule, out);
    for (auto* rows : {&out.inbound, &out.outbound})
        std::ranges::sort(*rows, {}, [](const ReachRow& row) {
            return std::tuple(rank(row.action), row.rule, row.process, row.peer_process);
        });
    return out;
}

std::string otherwise(const model::Workload& subject, bool inbound) {
    const auto what = inbound ? "Everything else that comes in" : "Everything else that goes out";
    if (!subject.managed)
        return fmt::format("No agent judges here: {} by the agents of its peers only.",
                           inbound ? "what comes in is judged" : "what goes out is judged");
    switch (subject.mode) {
    case model::Mode::idle:
        return "Nothing is judged while the workload is idle: everything passes.";
    case model::Mode::visibility:
        return fmt::format("{} passes and is reported as would-block, and so is what a row denies.",
                           what);
    case model::Mode::selective:
        return fmt::format("{} passes and is reported as unmatched.", what);
    case model::Mode::full:
        return fmt::format("{} is blocked.", what);
    }
    return {};
}

} // namespace ringwall::compute
