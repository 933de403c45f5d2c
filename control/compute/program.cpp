#include "control/compute/program.h"

#include <algorithm>
#include <map>
#include <set>

#include "control/compute/wire.h"
#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::Action;
using model::ProcessSelector;
using model::Selector;

struct PeerSet {
    bool any = false, all_workloads = false;
    std::set<std::uint32_t> identities;
    std::set<std::string> lists;
    auto operator<=>(const PeerSet&) const = default;

    bool empty() const { return !any && !all_workloads && identities.empty() && lists.empty(); }
    void merge(const PeerSet& other) {
        any |= other.any;
        all_workloads |= other.all_workloads;
        identities.insert(other.identities.begin(), other.identities.end());
        lists.insert(other.lists.begin(), other.lists.end());
    }
    // Without what the wider parts already say.
    void normalise() {
        if (any || all_workloads)
            identities.clear();
        if (any) {
            lists.clear();
            all_workloads = false;
        }
    }
};

using Service = ServiceBit;

// What a rule says in one direction: alternatives of peers with their services.
class Pieces {
  public:
    void add(PeerSet peers, const std::set<Service>& services) {
        peers.normalise();
        if (!peers.empty() && !services.empty())
            by_peers_[std::move(peers)].insert(services.begin(), services.end());
    }
    // The fewest pieces: equal services take the union of their peers.
    std::map<std::set<Service>, PeerSet> merged() const {
        std::map<std::set<Service>, PeerSet> out;
        for (const auto& [peers, services] : by_peers_)
            out[services].merge(peers);
        for (auto& [services, peers] : out)
            peers.normalise();
        return out;
    }

  private:
    std::map<PeerSet, std::set<Service>> by_peers_;
};

class Programmer {
  public:
    Programmer(const model::Policy& policy, const Identities& identities,
               const model::Workload& subject)
        : policy_(policy), identities_(identities), subject_(subject) {}

    void add(const model::RuleInstance& at) {
        for (const Selector& own : at.rule->from)
            if (model::selects(own, at.from_scope, subject_, policy_))
                add_outbound(at, own);
        if (std::ranges::any_of(at.rule->to, [&](const Selector& own) {
                return model::selects(own, at.to_scope, subject_, policy_);
            }))
            add_inbound(at);
    }

    Pieces outbound, inbound;

  private:
    void add_outbound(const model::RuleInstance& at, const Selector& own) {
        for (const bool judged_there : {false, true}) {
            if (judged_there && at.rule->action != Action::allow)
                continue;
            std::set<Service> services;
            for (const auto& use : at.rule->services)
                if ((model::process(use, policy_) != nullptr) == judged_there)
                    add_service(use, own.process ? &*own.process : nullptr, services);
            PeerSet peers;
            for (const Selector& to : at.rule->to)
                add_peers(to, at.to_scope, judged_there, peers);
            outbound.add(std::move(peers), services);
        }
    }

    void add_inbound(const model::RuleInstance& at) {
        std::set<Service> services;
        for (const auto& use : at.rule->services)
            add_service(use, model::process(use, policy_), services);
        PeerSet peers;
        for (const Selector& from : at.rule->from)
            if (!from.process || at.rule->action == Action::allow)
                add_peers(from, at.from_scope, from.process.has_value(), peers);
        inbound.add(std::move(peers), services);
    }

    void add_service(const model::ServiceUse& use, const ProcessSelector* process,
                     std::set<Service>& out) const {
        for (const model::Port& port : model::ports(use, policy_)) {
            Service service{port.protocol, port.ports, port.icmp, std::nullopt};
            std::ranges::sort(service.ports);
            std::ranges::sort(service.icmp);
            if (process)
                service.process = *process;
            out.insert(std::move(service));
        }
    }

    void add_peers(const Selector& selector, const model::Scope* scope, bool judged_there,
                   PeerSet& out) const {
        using Form = Selector::Form;
        if (!judged_there && selector.form == Form::any) {
            out.any = true;
        } else if (!judged_there && selector.form == Form::list) {
            out.lists.insert(selector.name);
        } else if (!judged_there && selector.form == Form::all && !scope) {
            out.all_workloads = true;
        } else {
            for (const std::uint32_t number : identities_.select(selector, scope))
                if (!judged_there || identities_[number].managed)
                    out.identities.insert(number);
        }
    }

    const model::Policy& policy_;
    const Identities& identities_;
    const model::Workload& subject_;
};

void write(const PeerSet& peers, v1::Peers& out) {
    out.set_any(peers.any);
    out.set_all_workloads(peers.all_workloads);
    out.mutable_identities()->Assign(peers.identities.begin(), peers.identities.end());
    for (const auto& list : peers.lists)
        out.add_lists(list);
}

void write(const Pieces& pieces, v1::Direction direction, const std::string& id,
           const model::Rule& from, v1::Subject& out) {
    for (const auto& [services, peers] : pieces.merged()) {
        v1::Rule& rule = *out.add_rules();
        rule.set_id(id);
        rule.set_action(wire(from.action));
        rule.set_ends_ns(from.expires_ns.value_or(0));
        rule.set_direction(direction);
        write(peers, *rule.mutable_peers());
        for (const Service& service : services)
            write(service, *rule.add_services());
    }
}

} // namespace

void program(const model::Policy& policy, const Identities& identities,
             const model::RuleSet& rule_set, const model::Rule& rule,
             const model::Workload& subject, v1::Subject& out) {
    Programmer programmer(policy, identities, subject);
    for (const auto& instance : model::instances(rule_set, rule))
        programmer.add(instance);
    const std::string id = rule_set.name + "/" + rule.name;
    write(programmer.outbound, v1::OUTBOUND, id, rule, out);
    write(programmer.inbound, v1::INBOUND, id, rule, out);
}

} // namespace ringwall::compute
