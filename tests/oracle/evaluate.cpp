#include "tests/oracle/evaluate.h"

#include <algorithm>
#include <cstdlib>

namespace ringwall::oracle {
namespace {

using model::Action;
using model::Policy;
using model::ProcessSelector;
using model::Rule;
using model::RuleSet;
using model::Scope;
using model::Selector;
using model::Workload;

enum class Holds { no, maybe, sure };

constexpr std::uint8_t icmp_v4 = 1, icmp_v6 = 58;

// ---- who ---------------------------------------------------------------------------------------

const Workload& find_workload(const Policy& policy, const std::string& wanted) {
    for (const Workload& workload : policy.workloads)
        if (workload.name == wanted)
            return workload;
    std::abort();
}

bool has_label(const Workload& workload, const std::string& key, const std::string& value) {
    for (const auto& [own_key, own_value] : workload.labels)
        if (own_key == key && own_value == value)
            return true;
    return false;
}

bool labels_match(const Policy&, const model::LabelSelector&, const Workload&);

bool group_matches(const Policy& policy, const std::string& wanted, const Workload& workload) {
    for (const auto& group : policy.groups)
        if (group.name == wanted)
            for (const auto& member : group.members)
                if (labels_match(policy, member, workload))
                    return true;
    return false;
}

// Keys AND, several values of one key OR, groups AND, `not`.
bool labels_match(const Policy& policy, const model::LabelSelector& selector,
                  const Workload& workload) {
    for (const auto& [key, values] : selector.labels) {
        bool one = false;
        for (const auto& value : values)
            one = one || has_label(workload, key, value);
        if (!one)
            return false;
    }
    for (const auto& group : selector.groups)
        if (!group_matches(policy, group, workload))
            return false;
    for (const auto& unwanted : selector.none_of)
        if (labels_match(policy, unwanted, workload))
            return false;
    return true;
}

bool inside(const Scope& scope, const Workload& workload) {
    for (const auto& [key, value] : scope)
        if (!has_label(workload, key, value))
            return false;
    return true;
}

// Lists, `any` and workloads by name are not narrowed by a scope. A list is addresses, never an end
// with an agent of its own.
bool chooses(const Policy& policy, const Selector& selector, const Scope& scope,
             const Workload& workload) {
    switch (selector.form) {
    case Selector::Form::any:
        return true;
    case Selector::Form::workload:
        return selector.name == workload.name;
    case Selector::Form::all:
        return inside(scope, workload);
    case Selector::Form::labels:
        return inside(scope, workload) && labels_match(policy, selector.labels, workload);
    case Selector::Form::list:
        return false;
    }
    return false;
}

bool is_mapped_v4(const Address& address) {
    for (int i = 0; i < 10; ++i)
        if (address.bytes[i] != 0)
            return false;
    return address.bytes[10] == 0xff && address.bytes[11] == 0xff;
}

// A range has one family: `::/0` is every IPv6 address and no IPv4 address.
bool between(const model::AddressRange& range, const Address& address) {
    return is_mapped_v4(range.first) == is_mapped_v4(address) &&
           range.first.bytes <= address.bytes && address.bytes <= range.last.bytes;
}

bool list_has(const Policy& policy, const std::string& wanted, const Address& address) {
    for (const auto& list : policy.lists) {
        if (list.name != wanted)
            continue;
        for (const auto& range : list.exclude)
            if (between(range, address))
                return false;
        for (const auto& range : list.ranges)
            if (between(range, address))
                return true;
    }
    return false;
}

// Does the selector mean the address itself, whoever it belongs to?
bool means_address(const Policy& policy, const Selector& selector, const Address& address) {
    if (selector.form == Selector::Form::any)
        return true;
    return selector.form == Selector::Form::list && list_has(policy, selector.name, address);
}

std::string host_of(const Workload& workload) {
    return workload.cgroup.empty() && workload.host.empty() ? workload.name : workload.host;
}

// All workloads that claim the address, as seen from the subject's host.
std::set<const Workload*> claimants(const Policy& policy, const Workload& subject,
                                    const Address& address) {
    std::set<const Workload*> out;
    for (const Workload& workload : policy.workloads) {
        if (workload.realm == model::Realm::host && host_of(workload) != host_of(subject))
            continue;
        for (const Address& own : workload.addresses)
            if (own.bytes == address.bytes)
                out.insert(&workload);
    }
    return out;
}

// ---- which service -----------------------------------------------------------------------------

bool port_covers(const model::Port& port, const Flow& flow) {
    if (!port.protocol)
        return true;
    if (*port.protocol != flow.protocol)
        return false;
    if (*port.protocol == icmp_v4 || *port.protocol == icmp_v6) {
        if (port.icmp.empty())
            return true;
        for (const auto& wanted : port.icmp)
            if (!flow.fragment && wanted.type == flow.icmp_type &&
                (wanted.code == -1 || wanted.code == flow.icmp_code))
                return true;
        return false;
    }
    if (port.ports.empty())
        return true;
    for (const auto& range : port.ports)
        if (!flow.fragment && range.first <= flow.port && flow.port <= range.last)
            return true;
    return false;
}

struct ServiceView {
    bool covers = false;
    const ProcessSelector* process = nullptr; // of the destination
};

ServiceView view(const Policy& policy, const model::ServiceUse& use, const Flow& flow) {
    ServiceView out;
    if (use.service.empty()) {
        out.covers = port_covers(use.port, flow);
    } else {
        for (const auto& service : policy.services) {
            if (service.name != use.service)
                continue;
            for (const auto& port : service.ports)
                out.covers = out.covers || port_covers(port, flow);
            if (service.process)
                out.process = &*service.process;
        }
    }
    if (use.process)
        out.process = &*use.process;
    return out;
}

// ---- which process -----------------------------------------------------------------------------

std::uint32_t number(const std::map<std::string, std::uint32_t>& names, const std::string& text) {
    for (const auto& [known, id] : names)
        if (known == text)
            return id;
    return static_cast<std::uint32_t>(std::stoul(text));
}

std::string basename(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string unit_path(const Node& node, const std::string& unit) {
    return unit.find('/') == std::string::npos ? node.unit_parent + "/" + unit : unit;
}

class Judge {
  public:
    Judge(const Node& node, const Process& process, Touched& touched)
        : node_(node), process_(process), touched_(touched) {}

    // All given parts must hold; an unresolved one leaves it maybe.
    Holds holds(const ProcessSelector* selector) {
        result_ = Holds::sure;
        if (!selector)
            return result_;
        const Process& p = process_;
        part("path", selector->path, p.path, [](auto& want, auto& have) { return want == have; });
        part("name", selector->name, p.path,
             [](auto& want, auto& have) { return want == basename(have); });
        part("unit", selector->unit, p.unit,
             [&](auto& want, auto& have) { return unit_path(node_, want) == have; });
        part("container", selector->container, p.container,
             [](auto& want, auto& have) { return want == have; });
        part("user", selector->user, p.user,
             [&](auto& want, auto have) { return number(node_.users, want) == have; });
        groups(selector->group);
        part("sha256", selector->sha256, p.sha256,
             [](auto& want, auto& have) { return want == have; });
        return result_;
    }

  private:
    void part(const char* what, const std::string& wanted, const auto& fact, auto equal) {
        if (wanted.empty())
            return;
        touched_.parts.insert(what);
        touched_.unresolved = touched_.unresolved || !fact;
        const Holds here = !fact ? Holds::maybe : equal(wanted, *fact) ? Holds::sure : Holds::no;
        result_ = std::min(result_, here);
    }

    // One that is known suffices; that none fits is known only when all are.
    void groups(const std::string& wanted) {
        std::optional<std::set<std::uint32_t>> known = process_.groups;
        if (wanted.empty())
            return;
        const std::uint32_t id = number(node_.groups, wanted);
        if (known && !known->contains(id) && process_.more_groups)
            known.reset();
        part("group", wanted, known, [&](auto&, auto& have) { return have.contains(id); });
    }

    const Node& node_;
    const Process& process_;
    Touched& touched_;
    Holds result_ = Holds::sure;
};

// ---- does one rule hold at this end ------------------------------------------------------------

// The peer in one guise: as one of the workloads that claim its address, or as nobody.
struct Question {
    const Policy& policy;
    const Node& node;
    const Flow& flow;
    const Workload& subject;
    std::int64_t now_ns = 0;
    const Workload* peer = nullptr;
};

const char* form_name(const Selector& selector) {
    switch (selector.form) {
    case Selector::Form::any:
        return "any";
    case Selector::Form::all:
        return "all";
    case Selector::Form::list:
        return "list";
    case Selector::Form::workload:
        return "workload";
    case Selector::Form::labels:
        break;
    }
    if (!selector.labels.none_of.empty())
        return "not";
    return selector.labels.groups.empty() ? "labels" : "group";
}

// A remote selector counts as true in an allow, if an agent there judges it, and as false in a
// deny.
bool means_peer(const Question& q, Action action, const Selector& selector, const Scope& scope,
                bool judged_there) {
    const bool chosen = q.peer && chooses(q.policy, selector, scope, *q.peer);
    if (judged_there)
        return action == Action::allow && chosen && q.peer->managed;
    return chosen || means_address(q.policy, selector, q.flow.peer);
}

// One way to read the rule: under one scope, by one element of the own side, by one service.
bool holds_so(const Question& q, const Rule& rule, const Scope& scope, const Selector& own,
              const model::ServiceUse& use, Touched& touched) {
    static const Scope everything;
    const bool outbound = q.flow.direction == Direction::outbound;
    const Scope& from_scope = rule.scope == model::RuleScope::intra ? scope : everything;
    if (!chooses(q.policy, own, outbound ? from_scope : scope, q.subject))
        return false;
    const ServiceView service = view(q.policy, use, q.flow);
    if (!service.covers)
        return false;
    std::set<std::string> forms;
    for (const Selector& peer : outbound ? rule.to : rule.from)
        if (means_peer(q, rule.action, peer, outbound ? scope : from_scope,
                       outbound ? service.process != nullptr : peer.process.has_value()))
            forms.insert(form_name(peer));
    if (forms.empty())
        return false;
    const ProcessSelector* source = own.process ? &*own.process : nullptr;
    const Holds holds =
        Judge(q.node, q.flow.process, touched).holds(outbound ? source : service.process);
    if (holds < (rule.action == Action::allow ? Holds::sure : Holds::maybe))
        return false;
    touched.forms.insert(forms.begin(), forms.end());
    return true;
}

bool rule_holds(const Question& q, const RuleSet& rule_set, const Rule& rule, Touched& touched) {
    if (rule.expires_ns && q.now_ns >= *rule.expires_ns)
        return false;
    std::vector<Scope> scopes = rule_set.scopes;
    if (scopes.empty())
        scopes.push_back({});
    bool holds = false;
    for (const Scope& scope : scopes)
        for (const Selector& own : q.flow.direction == Direction::outbound ? rule.from : rule.to)
            for (const auto& use : rule.services)
                holds = holds_so(q, rule, scope, own, use, touched) || holds;
    return holds;
}

std::string scope_kind(const RuleSet& rule_set, const Rule& rule) {
    const char* ends = rule.scope == model::RuleScope::intra ? "intra" : "extra";
    const auto count = rule_set.scopes.size();
    return std::string(ends) + (count == 0   ? ", no scope"
                                : count == 1 ? ", one scope"
                                             : ", several scopes");
}

Verdict verdict(model::Mode mode, std::optional<Action> action) {
    const bool allowed = action == Action::allow;
    switch (mode) {
    case model::Mode::idle:
        return Verdict::idle;
    case model::Mode::visibility:
        return allowed ? Verdict::allowed : Verdict::would_block;
    case model::Mode::selective:
        return allowed ? Verdict::allowed : action ? Verdict::blocked : Verdict::unmatched;
    case model::Mode::full:
        return allowed ? Verdict::allowed : Verdict::blocked;
    }
    return Verdict::idle;
}

// Does a rule of this action hold for the peer in this guise? Keeps the lowest id of all that do.
bool any_rule(const Question& q, Action action, Decision& decision) {
    bool found = false;
    for (const RuleSet& rule_set : q.policy.rule_sets)
        for (const Rule& rule : rule_set.rules) {
            const std::string id = rule_set.name + "/" + rule.name;
            if (rule.action != action || !rule_holds(q, rule_set, rule, decision.touched))
                continue;
            found = true;
            if (!decision.rule.empty() && decision.rule <= id)
                continue;
            decision.rule = id;
            decision.touched.scope = scope_kind(rule_set, rule);
            decision.touched.action = model::name(action);
        }
    return found;
}

// An address of several workloads: allow must hold for each, deny for any.
bool decide(const std::vector<Question>& guises, Action action, Decision& decision) {
    std::size_t holding = 0;
    for (const Question& q : guises)
        holding += any_rule(q, action, decision);
    if (action == Action::allow ? holding == guises.size() : holding > 0) {
        decision.action = action;
        return true;
    }
    decision.rule.clear();
    return false;
}

} // namespace

const char* name(Direction direction) {
    return direction == Direction::outbound ? "outbound" : "inbound";
}

const char* name(Verdict verdict) {
    switch (verdict) {
    case Verdict::idle:
        return "idle";
    case Verdict::allowed:
        return "allowed";
    case Verdict::would_block:
        return "would-block";
    case Verdict::unmatched:
        return "unmatched";
    case Verdict::blocked:
        return "blocked";
    }
    return "?";
}

bool passes(Verdict verdict) {
    return verdict != Verdict::blocked;
}

bool concerns(const Policy& policy, const RuleSet& rule_set, const Rule& rule, Direction direction,
              const Workload& workload) {
    std::vector<Scope> scopes = rule_set.scopes;
    if (scopes.empty())
        scopes.push_back({});
    const bool outbound = direction == Direction::outbound;
    for (const Scope& scope : scopes)
        for (const Selector& own : outbound ? rule.from : rule.to)
            if (chooses(policy, own,
                        outbound && rule.scope == model::RuleScope::extra ? Scope{} : scope,
                        workload))
                return true;
    return false;
}

Decision evaluate(const Policy& policy, const Node& node, const Flow& flow, std::int64_t now_ns) {
    const Workload& subject = find_workload(policy, flow.subject);
    std::vector<Question> guises;
    for (const Workload* owner : claimants(policy, subject, flow.peer))
        guises.push_back({policy, node, flow, subject, now_ns, owner});
    if (guises.empty())
        guises.push_back({policy, node, flow, subject, now_ns, nullptr});
    Decision decision;
    if (!decide(guises, Action::override_deny, decision) &&
        !decide(guises, Action::allow, decision))
        decide(guises, Action::deny, decision);
    decision.verdict = verdict(subject.mode, decision.action);
    return decision;
}

} // namespace ringwall::oracle
