// The policy a person writes, as plain values. No I/O, no YAML, no kernel. Semantics: each field.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/error.h"
#include "common/ip.h"

namespace ringwall::model {

enum class Mode { idle, visibility, selective, full };
enum class Action { allow, deny, override_deny };
enum class RuleScope { intra, extra };

// At most one value per key. Keys `role`, `app`, `env`, `loc` are built in, any other is allowed
// except the selector words (group, workload, list, any, all, not, process).
using Labels = std::map<std::string, std::string>;

enum class Realm { routable, host }; // host: these addresses mean something on one host only

struct Workload {
    std::string name;
    Labels labels;
    std::vector<Address> addresses;
    Mode mode = Mode::visibility;
    bool managed = true; // false: addresses and labels only, no agent
    std::string cgroup;  // below the host's subtree; empty: the workload is a host
    std::string host;    // the workload whose agent enforces `cgroup`
    Realm realm = Realm::routable;
    Place place;
};

// All given (non-empty) parts must hold; at least one is given.
struct ProcessSelector {
    std::string path, name, unit, container, user, group, sha256;
    Place place;
    bool empty() const;
    auto tie() const { return std::tie(path, name, unit, container, user, group, sha256); }
    bool operator==(const ProcessSelector& other) const { return tie() == other.tie(); }
    bool operator<(const ProcessSelector& other) const { return tie() < other.tie(); }
};

struct PortRange {
    std::uint16_t first = 0, last = 0; // inclusive
    auto operator<=>(const PortRange&) const = default;
};

struct IcmpType {
    std::uint8_t type = 0;
    int code = -1; // -1: any
    auto operator<=>(const IcmpType&) const = default;
};

struct Port {
    std::optional<std::uint8_t> protocol; // nullopt: any protocol
    std::vector<PortRange> ports;         // empty: all
    std::vector<IcmpType> icmp;           // empty: all
    Place place;
};

// kind Service: several protocol/port sets under one name, with one optional process.
struct Service {
    std::string name;
    std::vector<Port> ports;
    std::optional<ProcessSelector> process;
    Place place;
};

struct AddressRange {
    Address first, last; // inclusive, one family
};

struct AddressList {
    std::string name;
    std::vector<AddressRange> ranges;
    std::vector<AddressRange> exclude; // win over ranges
    Place place;
};

// keys AND, values of one key OR; `groups` each AND; `none_of` each must not match. A workload
// without the key never matches a value. Nested groups are allowed, cycles are refused.
struct LabelSelector {
    std::map<std::string, std::set<std::string>> labels;
    std::set<std::string> groups;
    std::vector<LabelSelector> none_of;
    bool empty() const { return labels.empty() && groups.empty() && none_of.empty(); }
};

struct LabelGroup {
    std::string name;
    std::vector<LabelSelector> members; // OR
    Place place;
};

// One element of `from` or `to`; elements are alternatives (OR). Exactly one form.
struct Selector {
    enum class Form { labels, workload, list, any, all };
    Form form = Form::labels;
    LabelSelector labels;
    std::string name;                       // of the workload or list
    std::optional<ProcessSelector> process; // on the `from` side only
    Place place;
};

// Use of a service in a rule: by name, or written in place.
struct ServiceUse {
    std::string service; // name; empty: `port` and `process`
    Port port;
    std::optional<ProcessSelector> process; // destination's process
    Place place;
};

struct Rule {
    std::string name;
    Action action = Action::allow;
    RuleScope scope = RuleScope::intra;
    std::vector<Selector> from, to;
    std::vector<ServiceUse> services;
    // Wall clock, ns since 1970: from then on it matches nothing. Of allow only: a deny that ends
    // would open by itself.
    std::optional<std::int64_t> expires_ns;
    Place place;
};

// One value per key; several scopes are alternatives. No scope: everything.
using Scope = Labels;

struct RuleSet {
    std::string name;
    std::vector<Scope> scopes;
    std::vector<Rule> rules;
    Place place;
};

struct Policy {
    std::vector<Workload> workloads;
    std::vector<Service> services;
    std::vector<AddressList> lists;
    std::vector<LabelGroup> groups;
    std::vector<RuleSet> rule_sets;

    const Workload* workload(std::string_view name) const;
    const Service* service(std::string_view name) const;
    const AddressList* list(std::string_view name) const;
    const LabelGroup* group(std::string_view name) const;
};

const char* name(Mode);
const char* name(Action);

} // namespace ringwall::model
