#include <array>
#include <utility>

#include <fmt/format.h>

#include "control/policy/objects.h"
#include "control/policy/scalars.h"

namespace ringwall::policy {
namespace {

std::vector<model::Selector> selectors(Context& context, const Node& node, bool source) {
    std::vector<model::Selector> out;
    const char* what = source ? "from" : "to";
    if (const auto* entries =
            items(context, node, what, fmt::format("{}: [{{role: Web Server}}]", what)))
        for (const Node& entry : *entries)
            if (auto one = selector(context, entry, source))
                out.push_back(std::move(*one));
    return out;
}

void refuse_beside_service(Context& context, const Node& node) {
    for (const Node& key : node.keys)
        if (key.text == "proto" || key.text == "ports" || key.text == "types")
            context.error(key, fmt::format("\"{}\" cannot stand beside \"service\", which has its "
                                           "own; remove one of the two",
                                           key.text));
}

std::optional<model::ServiceUse> service_use(Context& context, const Node& node) {
    const Fields fields(context, node, "an entry of services", "{proto: tcp, ports: [80]}",
                        {"proto", "ports", "types", "process", "service"});
    if (!fields.is_mapping())
        return std::nullopt;
    model::ServiceUse out;
    out.place = context.place(node);
    if (const Node* named = fields.find("service")) {
        refuse_beside_service(context, node);
        if (auto service = name(context, *named, "service"))
            out.service = *service;
    } else {
        out.port = port(context, node, fields);
    }
    if (const Node* selected = fields.find("process"))
        out.process = process(context, *selected);
    return out;
}

std::vector<model::ServiceUse> service_uses(Context& context, const Node& node) {
    std::vector<model::ServiceUse> out;
    if (const auto* entries =
            items(context, node, "services", "services: [{proto: tcp, ports: [80]}]"))
        for (const Node& entry : *entries)
            if (auto use = service_use(context, entry))
                out.push_back(std::move(*use));
    return out;
}

void read_ends(Context& context, const Fields& fields, model::Rule& out) {
    if (const Node* from = fields.require("from", "from: [{role: Web Server}]"))
        out.from = selectors(context, *from, true);
    if (const Node* to = fields.require("to", "to: [{role: App Server}]"))
        out.to = selectors(context, *to, false);
    if (const Node* services = fields.require("services", "services: [{proto: tcp, ports: [80]}]"))
        out.services = service_uses(context, *services);
}

void read_expiry(Context& context, const Node& node, const Node* action, model::Rule& out) {
    out.expires_ns = time(context, node, "expires");
    if (!action || out.action == model::Action::allow)
        return;
    context.error(node, fmt::format("a rule of action {} cannot expire, it would open by itself; "
                                    "remove \"expires\", and the rule by a provision when its "
                                    "time has come",
                                    action->text));
    out.expires_ns.reset();
}

std::optional<model::Rule> rule(Context& context, const Node& node) {
    static constexpr std::array actions{model::Action::allow, model::Action::deny,
                                        model::Action::override_deny};
    const Fields fields(
        context, node, "a rule",
        "{name: web-to-app, action: allow, from: [...], to: [...], services: [...]}",
        {"name", "action", "scope", "from", "to", "services", "expires"});
    if (!fields.is_mapping())
        return std::nullopt;
    model::Rule out;
    out.place = context.place(node);
    if (const Node* value = fields.require("name", "name: web-to-app")) {
        out.place = context.place(*value);
        out.name = name(context, *value, "rule name").value_or("");
    }
    const Node* action = fields.require("action", "action: allow");
    if (action)
        if (const auto i = one_of(context, *action, "action", {"allow", "deny", "override-deny"}))
            out.action = actions[*i];
    if (const Node* value = fields.find("scope"))
        if (const auto i = one_of(context, *value, "scope", {"intra", "extra"}))
            out.scope = *i == 0 ? model::RuleScope::intra : model::RuleScope::extra;
    if (const Node* value = fields.find("expires"))
        read_expiry(context, *value, action, out);
    read_ends(context, fields, out);
    return out;
}

std::string split_scope(const Node& scope) {
    for (std::size_t i = 0; i < scope.keys.size(); ++i)
        if (const Node& values = scope.items[i];
            values.kind == Node::Kind::sequence && values.items.size() > 1)
            return fmt::format("write one scope for each: {{{0}: {1}}} and {{{0}: {2}}}",
                               scope.keys[i].text, values.items[0].text, values.items[1].text);
    return "a scope has one value per key, write one scope for each value";
}

std::vector<model::Scope> scopes(Context& context, const Node& node) {
    std::vector<model::Scope> out;
    const auto* entries = items(context, node, "scopes",
                                "scopes: [{app: Payments, env: Production}], or leave it out for "
                                "rules that hold everywhere");
    if (!entries)
        return out;
    for (const Node& entry : *entries) {
        if (entry.kind == Node::Kind::mapping && entry.keys.empty()) {
            context.error(entry, "an empty scope holds everything; leave scopes out if that is "
                                 "what you mean");
            continue;
        }
        auto scope = one_value_labels(context, entry, "a scope", split_scope(entry));
        if (!scope.empty())
            out.push_back(std::move(scope));
    }
    return out;
}

} // namespace

model::RuleSet rule_set(Context& context, const Node& spec) {
    model::RuleSet out;
    const Fields fields(context, spec, "spec of a RuleSet", "spec: {scopes: [...], rules: [...]}",
                        {"scopes", "rules"});
    if (const Node* value = fields.find("scopes"))
        out.scopes = scopes(context, *value);
    const Node* rules = fields.require("rules", "rules: [{name: web-to-app, action: allow, ...}]");
    if (!rules)
        return out;
    if (const auto* entries = items(context, *rules, "rules", "at least one rule"))
        for (const Node& entry : *entries)
            if (auto one = rule(context, entry))
                out.rules.push_back(std::move(*one));
    return out;
}

} // namespace ringwall::policy
