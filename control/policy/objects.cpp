#include "control/policy/objects.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/policy/scalars.h"

namespace ringwall::policy {
namespace {

std::string quoted_path_cure(const std::string& cgroup) {
    return fmt::format("cgroup {} is no absolute path below the host's cgroup; write one such as "
                       "/machine.slice/web",
                       in_quotes(cgroup));
}

bool good_cgroup(const std::string& path) {
    if (!path.starts_with('/') || path.ends_with('/') || path.find("//") != std::string::npos)
        return false;
    const std::string closed = path + "/";
    return closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos;
}

void read_addresses(Context& context, const Node& node, model::Workload& out) {
    const auto* entries = items(context, node, "addresses",
                                "addresses: [10.0.0.1], or leave it out for a cgroup that shares "
                                "its host's network");
    if (!entries)
        return;
    for (const Node& entry : *entries) {
        const auto address = workload_address(context, entry);
        if (!address)
            continue;
        if (std::ranges::find(out.addresses, *address) != out.addresses.end())
            context.error(entry, fmt::format("address {} is given twice; keep one", entry.text));
        else
            out.addresses.push_back(*address);
    }
}

void read_agent_fields(Context& context, const Fields& fields, model::Workload& out) {
    static constexpr std::array modes{model::Mode::idle, model::Mode::visibility,
                                      model::Mode::selective, model::Mode::full};
    if (const Node* value = fields.find("managed"))
        out.managed = boolean(context, *value, "managed").value_or(true);
    if (const Node* value = fields.find("mode")) {
        if (const auto i =
                one_of(context, *value, "mode", {"idle", "visibility", "selective", "full"}))
            out.mode = modes[*i];
        if (!out.managed)
            context.error(*value, "an unmanaged workload has no agent that could keep a mode; "
                                  "remove mode, or write managed: true");
    }
    if (const Node* value = fields.find("cgroup"))
        if (const auto path = text(context, *value, "cgroup")) {
            out.cgroup = *path;
            if (!good_cgroup(*path))
                context.error(*value, quoted_path_cure(*path));
            else if (!out.managed)
                context.error(*value, "an unmanaged workload has no agent to enforce a cgroup; "
                                      "remove cgroup, or write managed: true");
        }
}

void read_host_fields(Context& context, const Fields& fields, model::Workload& out) {
    if (const Node* value = fields.find("realm"))
        if (const auto i = one_of(context, *value, "realm", {"routable", "host"}))
            out.realm = *i == 0 ? model::Realm::routable : model::Realm::host;
    const Node* host = fields.find("host");
    if (!host)
        return;
    out.host = name(context, *host, "host").value_or("");
    if (!fields.find("cgroup") && out.realm != model::Realm::host)
        context.error(*host, "host says whose agent enforces a cgroup, but there is no cgroup; "
                             "add cgroup, or remove host");
}

model::Workload workload(Context& context, const Node& spec) {
    model::Workload out;
    const Fields fields(context, spec, "spec of a Workload",
                        "spec: {labels: {role: Web Server}, addresses: [10.0.0.1]}",
                        {"labels", "addresses", "mode", "managed", "cgroup", "host", "realm"});
    if (const Node* labels = fields.find("labels"))
        out.labels = one_value_labels(context, *labels, "labels",
                                      "a workload has one value per key, write one of them");
    if (const Node* addresses = fields.find("addresses"))
        read_addresses(context, *addresses, out);
    read_agent_fields(context, fields, out);
    read_host_fields(context, fields, out);
    if (fields.is_mapping() && !fields.find("addresses") && out.cgroup.empty())
        context.error(spec, "spec of a Workload needs \"addresses\"; write addresses: [10.0.0.1]");
    return out;
}

void read_ranges(Context& context, const Fields& fields, const char* field,
                 std::vector<model::AddressRange>& out) {
    const Node* node = fields.find(field);
    if (!node)
        return;
    if (const auto* entries = items(context, *node, field, fmt::format("{}: [10.0.0.0/8]", field)))
        for (const Node& entry : *entries)
            if (const auto range = address_range(context, entry))
                out.push_back(*range);
}

model::AddressList address_list(Context& context, const Node& spec) {
    model::AddressList out;
    const Fields fields(context, spec, "spec of an AddressList", "spec: {cidrs: [10.0.0.0/8]}",
                        {"cidrs", "exclude", "fqdns"});
    if (const Node* names = fields.find("fqdns"))
        context.error(*names, "DNS names are not enforced yet; write their addresses under cidrs "
                              "and remove fqdns");
    else
        fields.require("cidrs", "cidrs: [10.0.0.0/8]");
    read_ranges(context, fields, "cidrs", out.ranges);
    read_ranges(context, fields, "exclude", out.exclude);
    return out;
}

model::Service service(Context& context, const Node& spec) {
    model::Service out;
    const char* const example = "ports: [{proto: tcp, ports: [80]}]";
    const Fields fields(context, spec, "spec of a Service", fmt::format("spec: {{{}}}", example),
                        {"ports", "process"});
    if (const Node* node = fields.require("ports", example))
        if (const auto* entries = items(context, *node, "ports", example))
            for (const Node& entry : *entries) {
                const Fields inner(context, entry, "an entry of ports", "{proto: tcp, ports: [80]}",
                                   {"proto", "ports", "types"});
                if (inner.is_mapping())
                    out.ports.push_back(port(context, entry, inner));
            }
    if (const Node* selected = fields.find("process"))
        out.process = process(context, *selected);
    return out;
}

model::LabelGroup label_group(Context& context, const Node& spec) {
    model::LabelGroup out;
    const char* const example = "labels: [{env: Production}]";
    const Fields fields(context, spec, "spec of a LabelGroup", fmt::format("spec: {{{}}}", example),
                        {"labels"});
    if (const Node* node = fields.require("labels", example))
        if (const auto* entries = items(context, *node, "labels", example))
            for (const Node& entry : *entries)
                if (auto member = label_selector(context, entry, "an entry of labels"))
                    out.members.push_back(std::move(*member));
    return out;
}

struct Header {
    std::optional<std::size_t> kind;
    std::string name;
    Place place;
};

Header header(Context& context, const Node& document, const Fields& fields) {
    Header out;
    out.place = context.place(document);
    if (const Node* version = fields.require("apiVersion", "apiVersion: ringwall/v1"))
        one_of(context, *version, "apiVersion", {"ringwall/v1"});
    if (const Node* kind = fields.require("kind", "kind: Workload, Service, AddressList, "
                                                  "LabelGroup or RuleSet"))
        out.kind = one_of(context, *kind, "kind",
                          {"Workload", "Service", "AddressList", "LabelGroup", "RuleSet"});
    const Node* metadata = fields.require("metadata", "metadata: {name: web-1}");
    if (!metadata)
        return out;
    const Fields inner(context, *metadata, "metadata", "metadata: {name: web-1}", {"name"});
    if (const Node* value = inner.require("name", "metadata: {name: web-1}")) {
        out.place = context.place(*value);
        out.name = name(context, *value, "name").value_or("");
    }
    return out;
}

template <typename T>
void add(std::vector<T>& all, T object, const Header& header) {
    if (header.name.empty())
        return;
    object.name = header.name;
    object.place = header.place;
    all.push_back(std::move(object));
}

} // namespace

void read_document(Context& context, const Node& document, model::Policy& policy) {
    if (document.kind == Node::Kind::broken)
        return;
    if (document.kind == Node::Kind::null) {
        context.error(document, "the document is empty; remove the extra \"---\"");
        return;
    }
    const Fields fields(context, document, "a document", "apiVersion, kind, metadata and spec",
                        {"apiVersion", "kind", "metadata", "spec"});
    if (!fields.is_mapping())
        return;
    const Header head = header(context, document, fields);
    const Node* spec = fields.require("spec", "spec: {...}");
    if (!head.kind || !spec)
        return;
    switch (*head.kind) {
    case 0:
        return add(policy.workloads, workload(context, *spec), head);
    case 1:
        return add(policy.services, service(context, *spec), head);
    case 2:
        return add(policy.lists, address_list(context, *spec), head);
    case 3:
        return add(policy.groups, label_group(context, *spec), head);
    default:
        return add(policy.rule_sets, rule_set(context, *spec), head);
    }
}

} // namespace ringwall::policy
