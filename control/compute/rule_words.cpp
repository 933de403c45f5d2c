#include "control/compute/rule_words.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/label_order.h"
#include "common/protocol.h"

namespace ringwall::compute {
namespace {

using model::LabelSelector;
using model::Selector;
using Values = std::map<std::string, std::set<std::string>>;
using Parts = std::vector<std::pair<std::string, std::string>>; // key, values

Values narrowed(Values values, const model::Scope* scope) {
    if (scope)
        for (const auto& [key, value] : *scope)
            if (const auto found = values.find(key);
                found == values.end() || found->second.contains(value))
                values[key] = {value};
    return values;
}

Parts ordered(const Values& values) {
    Parts out;
    for (const auto& [key, of_key] : in_usual_order(values))
        out.emplace_back(key, fmt::format("{}", fmt::join(of_key, " or ")));
    return out;
}

std::string full(const LabelSelector& selector, const model::Scope* scope) {
    std::vector<std::string> out;
    for (const auto& [key, values] : ordered(narrowed(selector.labels, scope)))
        out.push_back(key + "=" + values);
    for (const auto& group : selector.groups)
        out.push_back("group " + group);
    for (const auto& excluded : selector.none_of)
        out.push_back(fmt::format("not ({})", full(excluded, nullptr)));
    return fmt::format("{}", fmt::join(out, ", "));
}

std::string brief(const LabelSelector& selector, const model::Scope* scope) {
    if (!selector.groups.empty() || !selector.none_of.empty())
        return full(selector, scope);
    std::string role;
    std::vector<std::string> others;
    for (auto& [key, values] : ordered(narrowed(selector.labels, scope)))
        if (key == "role")
            role = std::move(values);
        else
            others.push_back(std::move(values));
    return fmt::format("{}{}{}", role, role.empty() || others.empty() ? "" : " of ",
                       fmt::join(others, ", "));
}

std::string of_form(const Selector& selector) {
    switch (selector.form) {
    case Selector::Form::workload:
        return "workload " + selector.name;
    case Selector::Form::list:
        return "list " + selector.name;
    case Selector::Form::any:
        return "anybody";
    default:
        return "all workloads";
    }
}

std::string protocol_in_words(std::uint32_t protocol) {
    auto name = protocol_name(static_cast<std::uint8_t>(protocol));
    const bool is_number = name.front() >= '0' && name.front() <= '9';
    return is_number ? "protocol " + name : name;
}

} // namespace

std::string in_full(const Selector& selector, const model::Scope* scope) {
    if (selector.form == Selector::Form::labels)
        return full(selector.labels, scope);
    if (selector.form == Selector::Form::all && scope)
        return "all of " + full({}, scope);
    return of_form(selector);
}

std::string in_short(const Selector& selector, const model::Scope* scope) {
    if (selector.form == Selector::Form::labels)
        return brief(selector.labels, scope);
    if (selector.form == Selector::Form::all && scope)
        return "all of " + brief({}, scope);
    return of_form(selector);
}

std::string in_words(const model::ProcessSelector& process) {
    std::vector<std::string> out;
    for (const auto& [what, value] : {std::pair{"", &process.path},
                                      {"", &process.unit},
                                      {"name ", &process.name},
                                      {"container ", &process.container},
                                      {"user ", &process.user},
                                      {"group ", &process.group},
                                      {"sha256 ", &process.sha256}})
        if (!value->empty())
            out.push_back(what + *value);
    return fmt::format("{}", fmt::join(out, ", "));
}

std::vector<std::string> in_words(const v1::Service& service) {
    if (service.any_protocol())
        return {"everything"};
    const auto protocol = protocol_in_words(service.protocol());
    std::vector<std::string> out;
    for (const auto& range : service.ports())
        out.push_back(range.first() == range.last()
                          ? fmt::format("{} {}", protocol, range.first())
                          : fmt::format("{} {}-{}", protocol, range.first(), range.last()));
    for (const auto& icmp : service.icmp())
        out.push_back(icmp.code() < 0
                          ? fmt::format("{} type {}", protocol, icmp.type())
                          : fmt::format("{} type {} code {}", protocol, icmp.type(), icmp.code()));
    const bool has_ports = service.protocol() != 1 && service.protocol() != 58;
    if (out.empty())
        out.push_back(has_ports ? protocol + " (all ports)" : protocol);
    return out;
}

} // namespace ringwall::compute
