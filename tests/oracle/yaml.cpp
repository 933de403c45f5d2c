#include "tests/oracle/yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/time.h"

namespace ringwall::oracle {
namespace {

using namespace model;

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

template <typename Range, typename Write>
std::string list(const Range& range, Write write) {
    std::vector<std::string> items;
    for (const auto& item : range)
        items.push_back(write(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string map(const std::vector<std::string>& pairs) {
    return fmt::format("{{{}}}", fmt::join(pairs, ", "));
}

std::string labels(const Labels& labels) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : labels)
        pairs.push_back(key + ": " + quoted(value));
    return map(pairs);
}

std::string process(const ProcessSelector& process) {
    std::vector<std::string> pairs;
    const auto part = [&](const char* key, const std::string& value) {
        if (!value.empty())
            pairs.push_back(std::string(key) + ": " + quoted(value));
    };
    part("path", process.path);
    part("name", process.name);
    part("unit", process.unit);
    part("container", process.container);
    part("user", process.user);
    part("group", process.group);
    part("sha256", process.sha256);
    return map(pairs);
}

std::vector<std::string> pairs(const LabelSelector& selector) {
    std::vector<std::string> out;
    for (const auto& [key, values] : selector.labels)
        out.push_back(key + ": " + list(values, quoted));
    for (const auto& group : selector.groups)
        out.push_back("group: " + group);
    if (!selector.none_of.empty())
        out.push_back("not: " +
                      list(selector.none_of, [](const auto& inner) { return map(pairs(inner)); }));
    return out;
}

std::string selector(const Selector& selector) {
    std::vector<std::string> out;
    switch (selector.form) {
    case Selector::Form::labels:
        out = pairs(selector.labels);
        break;
    case Selector::Form::workload:
        out = {"workload: " + selector.name};
        break;
    case Selector::Form::list:
        out = {"list: " + selector.name};
        break;
    case Selector::Form::any:
        out = {"any: true"};
        break;
    case Selector::Form::all:
        out = {"all: true"};
        break;
    }
    if (selector.process)
        out.push_back("process: " + process(*selector.process));
    return map(out);
}

std::string protocol(const Port& port) {
    static const std::map<int, const char*> names{{1, "icmp"},    {6, "tcp"},    {17, "udp"},
                                                  {58, "icmpv6"}, {132, "sctp"}, {136, "udplite"}};
    if (!port.protocol)
        return "any";
    const auto found = names.find(*port.protocol);
    return found != names.end() ? found->second : std::to_string(*port.protocol);
}

std::vector<std::string> pairs(const Port& port) {
    std::vector<std::string> out{"proto: " + protocol(port)};
    if (!port.ports.empty())
        out.push_back("ports: " + list(port.ports, [](const PortRange& range) {
                          return range.first == range.last
                                     ? std::to_string(range.first)
                                     : fmt::format("{}-{}", range.first, range.last);
                      }));
    if (!port.icmp.empty())
        out.push_back("types: " + list(port.icmp, [](const IcmpType& icmp) {
                          return icmp.code < 0 ? std::to_string(icmp.type)
                                               : fmt::format("{}/{}", icmp.type, icmp.code);
                      }));
    return out;
}

std::string service_use(const ServiceUse& use) {
    std::vector<std::string> out;
    if (use.service.empty())
        out = pairs(use.port);
    else
        out.push_back("service: " + use.service);
    if (use.process)
        out.push_back("process: " + process(*use.process));
    return map(out);
}

std::string range(const AddressRange& range) {
    return range.first == range.last ? quoted(range.first.text())
                                     : quoted(range.first.text() + "-" + range.last.text());
}

std::string document(const char* kind, const std::string& name, const std::string& spec) {
    return fmt::format("---\napiVersion: ringwall/v1\nkind: {}\nmetadata: {{name: {}}}\nspec:\n{}",
                       kind, name, spec);
}

std::string spec(const Workload& workload) {
    std::string out;
    if (!workload.labels.empty())
        out += "  labels: " + labels(workload.labels) + "\n";
    if (!workload.addresses.empty())
        out += "  addresses: " +
               list(workload.addresses,
                    [](const Address& address) { return quoted(address.text()); }) +
               "\n";
    out += workload.managed ? fmt::format("  mode: {}\n", name(workload.mode))
                            : std::string("  managed: false\n");
    if (!workload.cgroup.empty())
        out += "  cgroup: " + workload.cgroup + "\n";
    if (!workload.host.empty())
        out += "  host: " + workload.host + "\n";
    if (workload.realm == Realm::host)
        out += "  realm: host\n";
    return out;
}

std::string spec(const Service& service) {
    std::string out =
        "  ports: " + list(service.ports, [](const Port& port) { return map(pairs(port)); }) + "\n";
    return service.process ? out + "  process: " + process(*service.process) + "\n" : out;
}

std::string spec(const AddressList& list_) {
    std::string out = "  cidrs: " + list(list_.ranges, range) + "\n";
    return list_.exclude.empty() ? out : out + "  exclude: " + list(list_.exclude, range) + "\n";
}

std::string spec(const LabelGroup& group) {
    return "  labels: " +
           list(group.members, [](const LabelSelector& member) { return map(pairs(member)); }) +
           "\n";
}

std::string spec(const RuleSet& rule_set) {
    std::string out;
    if (!rule_set.scopes.empty())
        out += "  scopes: " + list(rule_set.scopes, labels) + "\n";
    out += "  rules:\n";
    for (const Rule& rule : rule_set.rules)
        out += fmt::format("  - name: {}\n    action: {}\n    scope: {}\n    from: {}\n    to: {}\n"
                           "    services: {}\n",
                           rule.name, name(rule.action),
                           rule.scope == RuleScope::intra ? "intra" : "extra",
                           list(rule.from, selector), list(rule.to, selector),
                           list(rule.services, service_use)) +
               (rule.expires_ns ? "    expires: " + rfc3339(*rule.expires_ns) + "\n" : "");
    return out;
}

std::string words(const Process& process) {
    const auto say = [](const char* what, const auto& fact) {
        return fmt::format("{} {}", what, fact ? fmt::format("{}", *fact) : "unresolved");
    };
    return fmt::format("{}, {}, {}, {}, {}{}, {}", say("path", process.path),
                       say("unit", process.unit), say("container", process.container),
                       say("user", process.user), say("groups", process.groups),
                       process.more_groups ? " and others" : "", say("sha256", process.sha256));
}

} // namespace

std::string yaml(const Policy& policy) {
    std::string out;
    for (const auto& workload : policy.workloads)
        out += document("Workload", workload.name, spec(workload));
    for (const auto& service : policy.services)
        out += document("Service", service.name, spec(service));
    for (const auto& one : policy.lists)
        out += document("AddressList", one.name, spec(one));
    for (const auto& group : policy.groups)
        out += document("LabelGroup", group.name, spec(group));
    for (const auto& rule_set : policy.rule_sets)
        out += document("RuleSet", rule_set.name, spec(rule_set));
    return out;
}

std::string words(const Policy& policy, const Flow& flow) {
    std::string owners, mode;
    for (const Workload& workload : policy.workloads) {
        if (workload.name == flow.subject)
            mode = name(workload.mode);
        for (const Address& address : workload.addresses)
            if (address == flow.peer)
                owners += (owners.empty() ? "" : ", ") + workload.name;
    }
    const bool icmp = flow.protocol == 1 || flow.protocol == 58;
    return fmt::format("at {} ({}): {} {} {} ({}), protocol {} {}{}\n  local process: {}",
                       flow.subject, mode, name(flow.direction),
                       flow.direction == Direction::outbound ? "to" : "from", flow.peer.text(),
                       owners.empty() ? "nobody" : owners, flow.protocol,
                       icmp ? fmt::format("type {} code {}", flow.icmp_type, flow.icmp_code)
                            : fmt::format("port {}", flow.port),
                       flow.fragment ? ", a later fragment" : "", words(flow.process));
}

} // namespace ringwall::oracle
