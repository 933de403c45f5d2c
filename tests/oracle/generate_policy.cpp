#include <algorithm>

#include <fmt/format.h>

#include "tests/oracle/generate.h"
#include "tests/oracle/vocabulary.h"

namespace ringwall::oracle {
namespace {

using namespace model;

constexpr std::int64_t year_ns = 365 * 86'400'000'000'000;

const std::vector<std::uint16_t> ports{1,    22,   53,   80,   81,   443,   1023,
                                       1024, 5432, 8080, 8083, 9000, 32768, 65535};

const std::vector<std::int64_t> expiries{usual_now_ns - 25 * year_ns, usual_now_ns + 50 * year_ns,
                                         usual_now_ns + 100 * year_ns};

Address v4(std::uint32_t text) {
    return Address::v4(text);
}

Address v6(std::uint64_t site, std::uint64_t host) {
    return *Address::parse(fmt::format("2001:db8:{:x}::{:x}", site, host));
}

class Builder {
  public:
    Builder(Dice& dice, const Programs& programs, Expiry expiry)
        : dice_(dice), expiry_dice_(dice), programs_(programs), expiry_(expiry) {}

    Policy run() {
        workloads();
        const auto lists = dice_.between(1, 4);
        for (std::uint64_t i = 0; i < lists; ++i)
            policy_.lists.push_back(list(i));
        const auto groups = dice_.below(4);
        for (std::uint64_t i = 0; i < groups; ++i)
            policy_.groups.push_back(group(i));
        const auto services = dice_.between(1, 4);
        for (std::uint64_t i = 0; i < services; ++i)
            policy_.services.push_back(service(i));
        const auto sets = dice_.between(1, 4);
        for (std::uint64_t i = 0; i < sets; ++i)
            policy_.rule_sets.push_back(rule_set(i));
        drop_unjudged(policy_);
        return std::move(policy_);
    }

  private:
    // ---- workloads -----------------------------------------------------------------------------

    Labels labels() { return random_labels(dice_); }
    Mode mode() { return random_mode(dice_); }

    Address fresh_address() {
        if (dice_.percent(60))
            return v4(0x0a000000 + static_cast<std::uint32_t>(dice_.below(3) << 8) +
                      static_cast<std::uint32_t>(dice_.between(1, 30)));
        return v6(dice_.below(2), dice_.between(1, 30));
    }

    Address unused_address() {
        Address out = fresh_address();
        while (std::ranges::find(used_, out) != used_.end())
            out = fresh_address();
        return out;
    }

    std::vector<Address> addresses() {
        std::vector<Address> out;
        const auto count = dice_.between(1, 3);
        while (out.size() < count) {
            const bool shared = !used_.empty() && dice_.percent(10);
            const Address next = shared ? dice_.pick(used_) : unused_address();
            if (std::ranges::find(out, next) == out.end())
                out.push_back(next);
        }
        used_.insert(used_.end(), out.begin(), out.end());
        return out;
    }

    // Container bridges reuse the same addresses on every host.
    std::vector<Address> bridge_addresses() {
        std::vector<Address> out{v4(0xac110000 + static_cast<std::uint32_t>(dice_.between(2, 4)))};
        if (dice_.percent(30))
            out.push_back(plus(*Address::parse("fd00::"), dice_.between(2, 4)));
        return out;
    }

    void workloads() {
        const auto hosts = dice_.between(3, 6);
        for (std::uint64_t i = 0; i < hosts; ++i) {
            Workload host;
            host.name = fmt::format("host-{}", i);
            host.labels = labels();
            host.addresses = addresses();
            host.mode = mode();
            policy_.workloads.push_back(host);
            const auto containers = dice_.below(3);
            for (std::uint64_t j = 0; j < containers; ++j)
                policy_.workloads.push_back(container(host.name, j));
        }
        const auto unmanaged = dice_.below(4);
        for (std::uint64_t i = 0; i < unmanaged; ++i)
            policy_.workloads.push_back(unmanaged_workload(i, hosts));
    }

    Workload container(const std::string& host, std::uint64_t index) {
        Workload out;
        out.name = fmt::format("{}-c{}", host, index);
        out.labels = labels();
        out.mode = mode();
        out.host = host;
        out.cgroup = fmt::format("/machine.slice/c{}", index);
        switch (dice_.below(3)) {
        case 0:
            break; // shares the host's network namespace
        case 1:
            out.addresses = addresses();
            break;
        default:
            out.addresses = bridge_addresses();
            out.realm = Realm::host;
        }
        return out;
    }

    Workload unmanaged_workload(std::uint64_t index, std::uint64_t hosts) {
        Workload out;
        out.name = fmt::format("printer-{}", index);
        out.labels = labels();
        out.managed = false;
        out.addresses = addresses();
        if (dice_.percent(20)) {
            out.addresses = bridge_addresses();
            out.realm = Realm::host;
            out.host = fmt::format("host-{}", dice_.below(hosts));
        }
        return out;
    }

    // ---- lists, groups, services ---------------------------------------------------------------

    Address some_address() { return dice_.percent(80) ? dice_.pick(used_) : fresh_address(); }

    AddressRange range() {
        const Address base = some_address();
        if (dice_.percent(12))
            return broad();
        if (dice_.percent(30))
            return {base, base};
        if (dice_.percent(50))
            return {base, plus(base, dice_.between(1, 12))};
        Address first = base; // an aligned block of 2 to 64 addresses
        const auto size = 1u << dice_.between(1, 6);
        first.bytes[15] = static_cast<std::uint8_t>(first.bytes[15] & ~(size - 1));
        return {first, plus(first, size - 1)};
    }

    AddressRange broad() {
        switch (dice_.below(4)) {
        case 0:
            return {v4(0x0a000000), v4(0x0affffff)};
        case 1:
            return {v4(0), v4(0xffffffff)};
        case 2:
            return {*Address::parse("::"),
                    *Address::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")};
        default:
            return {*Address::parse("2001:db8::"),
                    *Address::parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")};
        }
    }

    AddressList list(std::uint64_t index) {
        AddressList out;
        out.name = fmt::format("list-{}", index);
        const auto ranges = dice_.between(1, 3);
        for (std::uint64_t i = 0; i < ranges; ++i)
            out.ranges.push_back(range());
        const auto excluded = dice_.percent(50) ? dice_.between(1, 2) : 0;
        for (std::uint64_t i = 0; i < excluded; ++i)
            out.exclude.push_back(range());
        return out;
    }

    LabelSelector keyed() {
        LabelSelector out;
        const auto count = dice_.weighted({0, 6, 3, 1});
        while (out.labels.size() < count) {
            const Key& key = dice_.pick(label_keys());
            auto& values = out.labels[key.name];
            values.insert(dice_.pick(key.values));
            if (dice_.percent(30))
                values.insert(dice_.pick(key.values));
        }
        return out;
    }

    LabelSelector label_selector(bool groups) {
        LabelSelector out = dice_.percent(75) ? keyed() : LabelSelector{};
        if (groups && !policy_.groups.empty() && dice_.percent(30))
            out.groups.insert(dice_.pick(policy_.groups).name);
        if (dice_.percent(20))
            out.none_of.push_back(keyed());
        if (dice_.percent(5) && groups && !policy_.groups.empty()) {
            LabelSelector unwanted;
            unwanted.groups.insert(dice_.pick(policy_.groups).name);
            out.none_of.push_back(unwanted);
        }
        return out.empty() ? keyed() : out;
    }

    LabelGroup group(std::uint64_t index) {
        LabelGroup out;
        out.name = fmt::format("group-{}", index);
        const auto members = dice_.between(1, 3);
        for (std::uint64_t i = 0; i < members; ++i)
            out.members.push_back(label_selector(true)); // groups made before: nested, no cycle
        return out;
    }

    PortRange port_range() {
        const std::uint16_t first = dice_.pick(ports);
        switch (dice_.below(4)) {
        case 0:
        case 1:
            return {first, first};
        case 2:
            return {first, static_cast<std::uint16_t>(
                               std::min<std::uint64_t>(65535, first + dice_.between(1, 700)))};
        default:
            return {first, std::max(first, dice_.pick(ports))};
        }
    }

    Port port() {
        static const std::vector<std::optional<std::uint8_t>> protocols{
            6, 17, 1, 58, 132, 136, 47, 50, std::nullopt};
        Port out;
        out.protocol = protocols[dice_.weighted({38, 20, 9, 9, 5, 5, 3, 3, 8})];
        if (!out.protocol || out.protocol == 47 || out.protocol == 50 || dice_.percent(20))
            return out;
        const auto count = dice_.between(1, 3);
        for (std::uint64_t i = 0; i < count; ++i) {
            if (out.protocol == 1 || out.protocol == 58)
                out.icmp.push_back(icmp(*out.protocol));
            else
                out.ports.push_back(port_range());
        }
        return out;
    }

    // No type that is essential traffic or an error about a flow.
    IcmpType icmp(std::uint8_t protocol) {
        static const std::vector<std::uint8_t> types4{8, 13, 15, 200}, types6{128, 139, 200};
        IcmpType out;
        out.type = dice_.pick(protocol == 1 ? types4 : types6);
        if (dice_.percent(50))
            out.code = static_cast<int>(dice_.below(3));
        return out;
    }

    ProcessSelector process() {
        const Programs& p = programs_;
        ProcessSelector out;
        const auto parts = dice_.weighted({0, 6, 3, 1});
        for (std::size_t i = 0; i < parts; ++i) {
            switch (dice_.below(7)) {
            case 0:
                out.path = dice_.pick(p.paths);
                break;
            case 1:
                out.name = named(dice_.pick(p.paths));
                break;
            case 2:
                out.unit = dice_.pick(p.units);
                break;
            case 3:
                out.container = dice_.pick(p.containers);
                break;
            case 4:
                out.user = dice_.pick(p.users);
                break;
            case 5:
                out.group = dice_.pick(p.groups);
                break;
            default:
                out.sha256 = dice_.pick(p.sha256);
            }
        }
        return out;
    }

    static std::string named(const std::string& path) { return path.substr(path.rfind('/') + 1); }

    Service service(std::uint64_t index) {
        Service out;
        out.name = fmt::format("service-{}", index);
        const auto count = dice_.between(1, 3);
        for (std::uint64_t i = 0; i < count; ++i)
            out.ports.push_back(port());
        if (dice_.percent(35))
            out.process = process();
        return out;
    }

    // ---- rules ---------------------------------------------------------------------------------

    Selector selector(const RuleSet& set, bool narrowed_end, bool source) {
        Selector out;
        switch (dice_.weighted({68, 14, 10, 5, 5})) {
        case 0:
            out.labels = label_selector(true);
            break;
        case 1:
            out.form = Selector::Form::list;
            out.name = dice_.pick(policy_.lists).name;
            break;
        case 2:
            return named_workload(set, narrowed_end, source);
        case 3:
            out.form = Selector::Form::any;
            break;
        default:
            out.form = Selector::Form::all;
        }
        if (source && out.form != Selector::Form::list && dice_.percent(30))
            out.process = process();
        return out;
    }

    static bool has_all(const Scope& scope, const Workload& workload) {
        return std::ranges::all_of(scope, [&](const auto& want) {
            return std::ranges::find(workload.labels, want) != workload.labels.end();
        });
    }

    // Addressable, and inside a scope when the end is narrowed; else some labels instead.
    Selector named_workload(const RuleSet& set, bool narrowed_end, bool source) {
        Selector out;
        const Workload& workload = dice_.pick(policy_.workloads);
        const bool inside =
            set.scopes.empty() || std::ranges::any_of(set.scopes, [&](const Scope& scope) {
                return has_all(scope, workload);
            });
        if (workload.addresses.empty() || (narrowed_end && !inside)) {
            out.labels = label_selector(true);
        } else {
            out.form = Selector::Form::workload;
            out.name = workload.name;
        }
        if (source && dice_.percent(30))
            out.process = process();
        return out;
    }

    ServiceUse service_use() {
        ServiceUse out;
        if (dice_.percent(35)) {
            const Service& named = dice_.pick(policy_.services);
            out.service = named.name;
            return out;
        }
        out.port = port();
        if (dice_.percent(35))
            out.process = process();
        return out;
    }

    Action action() {
        static const std::vector<Action> actions{Action::allow, Action::deny,
                                                 Action::override_deny};
        return actions[dice_.weighted({66, 22, 12})];
    }

    Rule rule(const RuleSet& set, std::uint64_t index) {
        Rule out;
        out.name = fmt::format("rule-{}", index);
        out.action = action();
        out.scope = dice_.percent(60) ? RuleScope::intra : RuleScope::extra;
        const auto sources = dice_.between(1, 3), destinations = dice_.between(1, 3);
        for (std::uint64_t i = 0; i < sources; ++i)
            out.from.push_back(selector(set, out.scope == RuleScope::intra, true));
        for (std::uint64_t i = 0; i < destinations; ++i)
            out.to.push_back(selector(set, true, false));
        const auto services = dice_.between(1, 3);
        for (std::uint64_t i = 0; i < services; ++i)
            out.services.push_back(service_use());
        if (expiry_ == Expiry::some && out.action == Action::allow && expiry_dice_.percent(30))
            out.expires_ns = expiry_dice_.pick(expiries);
        return out;
    }

    Scope scope() {
        Scope out;
        const auto count = dice_.weighted({0, 7, 3});
        while (out.size() < count) {
            const Key& key = label_keys()[1 + dice_.below(3)];
            out[key.name] = dice_.pick(key.values);
        }
        return out;
    }

    RuleSet rule_set(std::uint64_t index) {
        RuleSet out;
        out.name = fmt::format("set-{}", index);
        const auto scopes = dice_.weighted({35, 35, 20, 10});
        for (std::size_t i = 0; i < scopes; ++i)
            out.scopes.push_back(scope());
        const auto rules = dice_.between(1, 6);
        for (std::uint64_t i = 0; i < rules; ++i)
            out.rules.push_back(rule(out, i));
        return out;
    }

    Dice& dice_;
    Dice expiry_dice_; // a copy: everything else is the same with and without expiry
    const Programs& programs_;
    Expiry expiry_;
    Policy policy_;
    std::vector<Address> used_;
};

} // namespace

Policy random_policy(Dice& dice, const Programs& programs, Expiry expiry) {
    return Builder(dice, programs, expiry).run();
}

} // namespace ringwall::oracle
