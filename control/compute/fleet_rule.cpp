#include "control/compute/fleet_rule.h"

#include <algorithm>

#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::Action;
using model::Selector;

ServiceBits with(const ServiceBits& ports, const std::optional<model::ProcessSelector>& process) {
    ServiceBits out;
    for (ServiceBit service : ports) {
        service.process = process;
        out.insert(std::move(service));
    }
    return out;
}

ServiceBits ports_of(const model::ServiceUse& use, const model::Policy& policy) {
    ServiceBits out;
    for (const model::Port& port : model::ports(use, policy)) {
        ServiceBit service{port.protocol, port.ports, port.icmp, std::nullopt};
        std::ranges::sort(service.ports);
        std::ranges::sort(service.icmp);
        out.insert(std::move(service));
    }
    return out;
}

void add_peers(const Selector& selector, const Extent* extent, bool narrowed, bool judged_there,
               const Bitmap& managed, PeerBits& out) {
    using Form = Selector::Form;
    if (!judged_there && selector.form == Form::any)
        out.any = true;
    else if (!judged_there && selector.form == Form::list)
        out.lists.insert(selector.name);
    else if (!judged_there && selector.form == Form::all && !narrowed)
        out.all_workloads = true;
    else if (extent)
        out.identities |= judged_there ? intersection(extent->members, managed) : extent->members;
}

} // namespace

CompiledRule::CompiledRule(const model::RuleSet& set, const model::Rule& rule,
                           const model::Policy& policy)
    : id_(set.name + "/" + rule.name), rule_(rule), scopes_(set.scopes.begin(), set.scopes.end()) {
    if (scopes_.empty())
        scopes_.emplace_back();
    for (const auto& use : rule.services) {
        const model::ProcessSelector* process = model::process(use, policy);
        services_.push_back(
            {ports_of(use, policy), process ? std::optional(*process) : std::nullopt});
    }
}

void CompiledRule::join(Extents& extents, const IdentityTable& identities,
                        const model::Policy& policy) {
    const bool intra = rule_.scope == model::RuleScope::intra;
    for (const auto& scope : scopes_) {
        const auto number = static_cast<std::uint32_t>(instances_.size());
        Instance& instance = instances_.emplace_back();
        const auto element = [&](const Selector& selector, bool from, std::uint32_t index) {
            const model::Scope* narrows = scope && (intra || !from) ? &*scope : nullptr;
            Extent* extent = nullptr;
            if (selector.form != Selector::Form::list)
                extent =
                    extents.add(selector, narrows, {this, from, number, index}, identities, policy);
            return Element{extent, &selector, narrows != nullptr};
        };
        for (const Selector& from : rule_.from)
            instance.from.push_back(
                element(from, true, static_cast<std::uint32_t>(instance.from.size())));
        for (const Selector& to : rule_.to)
            instance.to.push_back(
                element(to, false, static_cast<std::uint32_t>(instance.to.size())));
    }
}

void CompiledRule::leave(Extents& extents) {
    for (std::uint32_t i = 0; i < instances_.size(); ++i)
        for (const bool from : {true, false}) {
            const auto& elements = from ? instances_[i].from : instances_[i].to;
            for (std::uint32_t e = 0; e < elements.size(); ++e)
                if (elements[e].extent)
                    extents.remove(elements[e].extent, {this, from, i, e});
        }
    instances_.clear();
}

CompiledRule::Ends CompiledRule::own_ends(bool outbound) const {
    Ends out;
    for (std::uint32_t i = 0; i < instances_.size(); ++i) {
        const auto& elements = outbound ? instances_[i].from : instances_[i].to;
        for (std::uint32_t e = 0; e < elements.size(); ++e)
            if (elements[e].extent)
                out.push_back({{i, outbound ? e : 0}, &elements[e].extent->members});
    }
    return out;
}

// Splits the managed identities into those that stand alike.
void CompiledRule::program_side(bool outbound, const Bitmap& managed) {
    std::vector<std::pair<Standing, Bitmap>> parts;
    Bitmap placed;
    for (const auto& [place, members] : own_ends(outbound)) {
        Bitmap fresh = intersection(*members, managed);
        const std::size_t known = parts.size();
        if (fresh.intersects(placed))
            for (std::size_t i = 0; i < known; ++i) {
                Bitmap both = intersection(parts[i].second, fresh);
                if (both.empty() || parts[i].first.contains(place))
                    continue;
                Standing standing = parts[i].first;
                standing.insert(place);
                parts[i].second -= both;
                parts.emplace_back(std::move(standing), std::move(both));
            }
        fresh -= placed;
        placed |= fresh;
        if (!fresh.empty())
            parts.emplace_back(Standing{place}, std::move(fresh));
    }
    for (auto& [standing, subjects] : parts) {
        if (subjects.empty())
            continue;
        auto& node = nodes_[{!outbound, standing}];
        if (!node)
            node =
                std::make_unique<ProgramNode>(ProgramNode{this, outbound, standing, {}, nullptr});
        node->subjects |= subjects;
    }
}

void CompiledRule::program_everybody(const Bitmap& managed) {
    program_side(true, managed);
    program_side(false, managed);
    for (auto& [key, node] : nodes_)
        node->program = compile(*node, managed);
}

ProgramNode* CompiledRule::stand(bool outbound, const Standing& standing, std::uint32_t identity,
                                 const Bitmap& managed) {
    auto& node = nodes_[{!outbound, standing}];
    if (!node) {
        node = std::make_unique<ProgramNode>(ProgramNode{this, outbound, standing, {}, nullptr});
        node->program = compile(*node, managed);
    }
    node->subjects.add(identity);
    return node.get();
}

void CompiledRule::unstand(ProgramNode* node, std::uint32_t identity) {
    node->subjects.remove(identity);
    if (node->subjects.empty())
        nodes_.erase({!node->outbound, Standing(node->standing)});
}

std::vector<ProgramNode*> CompiledRule::facing(const Use& use) const {
    std::vector<ProgramNode*> out;
    for (const auto& [key, node] : nodes_)
        if (node->outbound != use.from && std::ranges::any_of(node->standing, [&](const auto& at) {
                return at.first == use.instance;
            }))
            out.push_back(node.get());
    return out;
}

std::vector<ProgramNode*> CompiledRule::nodes() const {
    std::vector<ProgramNode*> out;
    for (const auto& [key, node] : nodes_)
        out.push_back(node.get());
    return out;
}

void CompiledRule::add_outbound(const Instance& at, const Selector& own, const Bitmap& managed,
                                PieceMaker& out) const {
    for (const bool judged_there : {false, true}) {
        if (judged_there && rule_.action != Action::allow)
            continue;
        ServiceBits services;
        for (const ServiceAt& service : services_)
            if (service.process.has_value() == judged_there)
                services.merge(with(service.ports, own.process));
        PeerBits peers;
        for (const Element& to : at.to)
            add_peers(*to.selector, to.extent, to.narrowed, judged_there, managed, peers);
        out.add(std::move(peers), services);
    }
}

void CompiledRule::add_inbound(const Instance& at, const Bitmap& managed, PieceMaker& out) const {
    ServiceBits services;
    for (const ServiceAt& service : services_)
        services.merge(with(service.ports, service.process));
    PeerBits peers;
    for (const Element& from : at.from) {
        const bool judged_there = from.selector->process.has_value();
        if (!judged_there || rule_.action == Action::allow)
            add_peers(*from.selector, from.extent, from.narrowed, judged_there, managed, peers);
    }
    out.add(std::move(peers), services);
}

std::shared_ptr<const Program> CompiledRule::compile(const ProgramNode& node,
                                                     const Bitmap& managed) const {
    PieceMaker pieces;
    for (const auto& [instance, element] : node.standing) {
        const Instance& at = instances_[instance];
        if (node.outbound)
            add_outbound(at, *at.from[element].selector, managed, pieces);
        else
            add_inbound(at, managed, pieces);
    }
    return std::make_shared<const Program>(Program::make(id_, rule_, node.outbound, pieces));
}

// Of elements first..last-1 at that end, over all instances: is one meant, and none with an agent?
bool CompiledRule::nobody_judges(bool from, std::size_t first, std::size_t last,
                                 const Bitmap& managed) const {
    bool meant = false;
    for (const Instance& at : instances_)
        for (std::size_t e = first; e < last; ++e) {
            const Element& element = from ? at.from[e] : at.to[e];
            if (!element.extent || element.selector->form == Selector::Form::any)
                meant = true;
            if (!element.extent)
                continue;
            meant |= !element.extent->members.empty();
            if (element.extent->members.intersects(managed))
                return false;
        }
    return meant;
}

bool CompiledRule::unjudged(const Bitmap& managed) const {
    if (rule_.action != Action::allow)
        return false;
    const bool judges = std::ranges::any_of(
        services_, [](const ServiceAt& service) { return service.process.has_value(); });
    if (judges && nobody_judges(false, 0, rule_.to.size(), managed))
        return true;
    for (std::size_t e = 0; e < rule_.from.size(); ++e)
        if (rule_.from[e].process && nobody_judges(true, e, e + 1, managed))
            return true;
    return false;
}

} // namespace ringwall::compute
