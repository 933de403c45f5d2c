#include <algorithm>

#include "tests/oracle/generate.h"

namespace ringwall::oracle {
namespace {

using namespace model;

constexpr std::uint8_t icmp_v4 = 1, icmp_v6 = 58;

struct Aim {
    const RuleSet* set = nullptr;
    const Rule* rule = nullptr;
    Direction direction = Direction::outbound;
};

Direction other(Direction direction) {
    return direction == Direction::outbound ? Direction::inbound : Direction::outbound;
}

Address beside(Dice& dice, Address address) {
    address.bytes[15] = static_cast<std::uint8_t>(address.bytes[15] + (dice.percent(50) ? 1 : 255));
    return address;
}

class FlowBuilder {
  public:
    FlowBuilder(Dice& dice, const Policy& policy, const Programs& programs, const Workload& subject)
        : dice_(dice), policy_(policy), programs_(programs), subject_(subject) {}

    Flow run() {
        const Aim aim = take_aim();
        Flow flow;
        flow.subject = subject_.name;
        flow.direction = aim.direction;
        flow.peer = peer(aim);
        const ServiceUse& use = dice_.pick(aim.rule->services);
        service(flow, dice_.percent(88) ? &use : nullptr);
        flow.fragment = dice_.percent(4);
        flow.process = random_process(dice_, programs_, programs_.node, wanted(aim, use));
        return flow;
    }

  private:
    // A rule that has the subject at one end, if a few tries find one.
    Aim take_aim() {
        Aim aim;
        for (int tries = 0; tries < 8; ++tries) {
            aim.set = &dice_.pick(policy_.rule_sets);
            aim.rule = &dice_.pick(aim.set->rules);
            aim.direction = dice_.percent(50) ? Direction::outbound : Direction::inbound;
            if (concerns(policy_, *aim.set, *aim.rule, aim.direction, subject_))
                break;
        }
        return aim;
    }

    const ProcessSelector* wanted(const Aim& aim, const ServiceUse& use) {
        const std::optional<ProcessSelector>* found = &use.process;
        if (aim.direction == Direction::outbound)
            found = &dice_.pick(aim.rule->from).process;
        else if (!use.service.empty())
            for (const Service& service : policy_.services)
                if (service.name == use.service && service.process)
                    found = &service.process;
        return *found ? &**found : nullptr;
    }

    // ---- peer ----------------------------------------------------------------------------------

    Address anyone() {
        for (int tries = 0; tries < 8; ++tries) {
            const Workload& workload = dice_.pick(policy_.workloads);
            if (!workload.addresses.empty())
                return dice_.pick(workload.addresses);
        }
        return stranger();
    }

    Address stranger() {
        return dice_.percent(60)
                   ? Address::v4(0x0a000000 + static_cast<std::uint32_t>(dice_.below(4096)))
                   : beside(dice_, *Address::parse("2001:db8::77"));
    }

    Address in_some_list(const std::string& name) {
        for (const AddressList& list : policy_.lists) {
            if (list.name != name)
                continue;
            const bool excluded = !list.exclude.empty() && dice_.percent(35);
            const AddressRange& range = dice_.pick(excluded ? list.exclude : list.ranges);
            const Address edge = dice_.percent(50) ? range.first : range.last;
            return dice_.percent(30) ? beside(dice_, edge) : edge;
        }
        return stranger();
    }

    Address peer(const Aim& aim) {
        if (dice_.percent(8))
            return dice_.percent(50) ? stranger() : anyone();
        const auto& ends = aim.direction == Direction::outbound ? aim.rule->to : aim.rule->from;
        const Selector& end = dice_.pick(ends);
        if (end.form == Selector::Form::list)
            return in_some_list(end.name);
        if (end.form == Selector::Form::any)
            return dice_.percent(50) ? stranger() : anyone();
        return of_the_other_end(aim);
    }

    Address of_the_other_end(const Aim& aim) {
        std::vector<Address> candidates;
        for (const Workload& workload : policy_.workloads)
            if (concerns(policy_, *aim.set, *aim.rule, other(aim.direction), workload))
                candidates.insert(candidates.end(), workload.addresses.begin(),
                                  workload.addresses.end());
        return candidates.empty() ? anyone() : dice_.pick(candidates);
    }

    // ---- service -------------------------------------------------------------------------------

    const Port& port_of(const ServiceUse& use) {
        for (const Service& service : policy_.services)
            if (service.name == use.service)
                return dice_.pick(service.ports);
        return use.port;
    }

    void service(Flow& flow, const ServiceUse* use) {
        static const Port anything;
        const Port& port = use ? port_of(*use) : anything;
        static const std::vector<std::uint8_t> protocols{6, 17, 132, 136, 47, 50, icmp_v4};
        flow.protocol =
            port.protocol ? *port.protocol : protocols[dice_.weighted({40, 25, 10, 10, 5, 5, 5})];
        if (flow.protocol == icmp_v4 || flow.protocol == icmp_v6)
            icmp(flow, port);
        else if (has_ports(flow.protocol))
            flow.port = some_port(port);
    }

    static bool has_ports(std::uint8_t protocol) {
        return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 136;
    }

    // The type the rule asks for, in the peer's own family, never essential traffic.
    void icmp(Flow& flow, const Port& port) {
        flow.protocol = flow.peer.is_v4() ? icmp_v4 : icmp_v6;
        flow.icmp_type = flow.peer.is_v4() ? 8 : 128;
        if (port.protocol == flow.protocol && !port.icmp.empty()) {
            const IcmpType& wanted = dice_.pick(port.icmp);
            flow.icmp_type = wanted.type;
            flow.icmp_code = static_cast<std::uint8_t>(std::max(0, wanted.code));
        }
        if (dice_.percent(20))
            flow.icmp_code = static_cast<std::uint8_t>(dice_.below(4));
        if (dice_.percent(10))
            flow.icmp_type = flow.peer.is_v4() ? 13 : 200;
    }

    std::uint16_t some_port(const Port& port) {
        std::uint16_t out = static_cast<std::uint16_t>(dice_.between(1, 65535));
        if (!port.ports.empty()) {
            const PortRange& range = dice_.pick(port.ports);
            const std::vector<int> near{range.first, range.last, range.first - 1, range.last + 1,
                                        (range.first + range.last) / 2};
            out = static_cast<std::uint16_t>(
                std::clamp(near[dice_.weighted({5, 4, 1, 1, 3})], 1, 65535));
        }
        const bool dhcp = out == 67 || out == 68 || out == 546 || out == 547;
        return dhcp ? 69 : out;
    }

    Dice& dice_;
    const Policy& policy_;
    const Programs& programs_;
    const Workload& subject_;
};

std::uint32_t id_of(const std::map<std::string, std::uint32_t>& names, const std::string& text) {
    const auto found = names.find(text);
    return found != names.end() ? found->second : static_cast<std::uint32_t>(std::stoul(text));
}

Process anybody(Dice& dice, const Programs& programs) {
    Process out;
    out.path = dice.pick(programs.paths);
    out.unit = dice.pick(programs.unit_paths);
    out.container = dice.percent(50) ? "" : dice.pick(programs.containers);
    out.user = dice.pick(programs.uids);
    out.groups = std::set<std::uint32_t>{dice.pick(programs.gids), dice.pick(programs.gids)};
    out.sha256 = dice.pick(programs.sha256);
    return out;
}

void fit(Dice& dice, const Programs& programs, const Node& node, const ProcessSelector& wanted,
         Process& process) {
    for (const std::string& path : programs.paths)
        if (!wanted.name.empty() && path.ends_with("/" + wanted.name) && dice.percent(60))
            process.path = path;
    if (!wanted.path.empty())
        process.path = wanted.path;
    if (!wanted.unit.empty())
        process.unit =
            wanted.unit.starts_with("/") ? wanted.unit : node.unit_parent + "/" + wanted.unit;
    if (!wanted.container.empty())
        process.container = wanted.container;
    if (!wanted.user.empty())
        process.user = id_of(node.users, wanted.user);
    if (!wanted.group.empty())
        process.groups->insert(id_of(node.groups, wanted.group));
    if (!wanted.sha256.empty())
        process.sha256 = wanted.sha256;
}

// One part becomes another's.
void spoil(Dice& dice, const Process& other, Process& process) {
    switch (dice.below(6)) {
    case 0:
        process.path = other.path;
        break;
    case 1:
        process.unit = other.unit;
        break;
    case 2:
        process.container = other.container;
        break;
    case 3:
        process.user = other.user;
        break;
    case 4:
        process.groups = other.groups;
        break;
    default:
        process.sha256 = other.sha256;
    }
}

// As the kernel may fail to: without a path there is no digest either.
void forget(Dice& dice, Process& process) {
    switch (dice.below(6)) {
    case 0:
    case 1:
        process.path.reset();
        process.sha256.reset();
        break;
    case 2:
        process.container.reset();
        break;
    case 3: // too many to look at: the gid alone is known
        process.groups = {{*process.groups->begin()}};
        process.more_groups = true;
        break;
    case 4:
        process.sha256.reset();
        break;
    default:
        process = {};
    }
}

} // namespace

Process random_process(Dice& dice, const Programs& programs, const Node& node,
                       const ProcessSelector* wanted) {
    Process out = anybody(dice, programs);
    if (wanted && dice.percent(85))
        fit(dice, programs, node, *wanted, out);
    if (dice.percent(wanted ? 20 : 5))
        spoil(dice, anybody(dice, programs), out);
    if (dice.percent(20))
        forget(dice, out);
    return out;
}

Flow random_flow(Dice& dice, const Policy& policy, const Programs& programs,
                 const Workload& subject) {
    return FlowBuilder(dice, policy, programs, subject).run();
}

} // namespace ringwall::oracle
