#include "tests/unit/random_world.h"

#include <algorithm>
#include <numeric>

namespace ringwall::test {
namespace {

const std::vector<std::string> addresses{"10.0.0.1", "10.0.0.2", "10.0.0.3",    "10.0.0.5",
                                         "10.0.0.9", "10.0.1.1", "2001:db8::1", "2001:db8::2"};
const std::vector<std::string> strangers{"10.0.0.4",  "10.0.0.8",    "10.9.0.1",
                                         "192.0.2.1", "2001:db8::9", "2001:db8:1::1"};
const std::vector<std::string> prefixes{
    "10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/29", "10.0.0.4/30",   "10.0.0.5",
    "0.0.0.0/0",  "10.0.1.0/24", "::/0",        "2001:db8::/64", "2001:db8::1"};
const std::vector<std::string> list_names{"office", "cloud", "partner"};
const std::vector<std::string> paths{"/usr/sbin/named", "/usr/sbin/httpd", "/opt/java", "[kernel]"};
const std::vector<std::string> units{"/system.slice/named.service", "/system.slice/web.service"};
const std::vector<std::uint32_t> users{0, 33, 107};
const std::string digest_a(64, 'a'), digest_b(64, 'b');

std::string bytes_of(const std::string& text) {
    const Address address = Address::parse(text).value();
    const auto* bytes = reinterpret_cast<const char*>(address.bytes.data());
    return address.is_v4() ? std::string(bytes + 12, 4) : std::string(bytes, 16);
}

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    for (const char c : text)
        seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return seed;
}

std::string basename(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

v1::Process random_process(Dice& dice) {
    v1::Process out;
    do {
        if (dice.chance(30))
            out.set_path(dice.pick(paths));
        if (dice.chance(15))
            out.set_name(basename(dice.pick(paths)));
        if (dice.chance(20))
            out.set_unit(dice.chance(50) ? "named.service" : units[1]);
        if (dice.chance(15))
            out.set_container(dice.chance(50) ? "shop" : "blog");
        if (dice.chance(20))
            out.set_user(dice.chance(50) ? "bind" : "33");
        if (dice.chance(15))
            out.set_group("100");
        if (dice.chance(15))
            out.set_sha256(digest_a);
    } while (out.ByteSizeLong() == 0);
    return out;
}

v1::Service random_service(Dice& dice) {
    v1::Service out;
    const auto add_range = [&](std::uint32_t first, std::uint32_t last) {
        auto& range = *out.add_ports();
        range.set_first(first);
        range.set_last(last);
    };
    switch (dice.roll(8)) {
    case 0:
        out.set_any_protocol(true);
        break;
    case 1:
        out.set_protocol(static_cast<std::uint32_t>(dice.pick<int>({6, 17, 47, 1})));
        break;
    case 2:
        out.set_protocol(1);
        out.add_icmp()->set_type(static_cast<std::uint32_t>(dice.pick<int>({0, 3, 8})));
        out.mutable_icmp(0)->set_code(dice.chance(50) ? -1 : 1);
        break;
    default:
        out.set_protocol(dice.chance(70) ? 6 : 17);
        for (std::size_t i = 0; i <= dice.roll(2); ++i) {
            const auto first =
                static_cast<std::uint32_t>(dice.pick<int>({1, 53, 80, 79, 1024, 8000}));
            add_range(first, std::min<std::uint32_t>(
                                 65535, first + static_cast<std::uint32_t>(
                                                    dice.pick<int>({0, 0, 1, 7, 1000, 65535}))));
        }
    }
    if (dice.chance(45))
        *out.mutable_process() = random_process(dice);
    return out;
}

} // namespace

const std::map<std::uint64_t, std::string>& containers() {
    static const std::map<std::uint64_t, std::string> all{{501, ""}, {502, "shop"}, {503, "blog"}};
    return all;
}

agent::NodeContext test_node() {
    agent::NodeContext node;
    node.path_id = [](std::string_view text) { return hash(text, 11); };
    node.name_id = [](std::string_view text) { return hash(text, 13); };
    node.user_id = [](const std::string& name) {
        return name == "bind" ? std::optional<std::uint32_t>(107) : std::nullopt;
    };
    node.group_id = [](const std::string&) { return std::optional<std::uint32_t>(); };
    node.cgroup_directory = [](const std::string& cgroup) {
        return std::optional<std::string>("/sys/fs/cgroup" + cgroup);
    };
    node.root = [](const std::string&) { return loader::Root{}; };
    node.boot_time = [] { return std::uint64_t{100}; };
    node.boot_time_at = [](std::int64_t wall) { return static_cast<std::uint64_t>(wall); };
    node.failsafe = {{true, 6, 22, 22, {Prefix::parse("10.0.0.0/29").value()}},
                     {false, std::nullopt, 0, 65535, {Prefix::parse("10.0.0.8").value()}}};
    return node;
}

ProcessFacts facts(const Process& process, const agent::NodeContext& node) {
    ProcessFacts out;
    const auto set = [&](loader::Attribute attribute, std::optional<std::uint64_t> value) {
        out.values[static_cast<std::size_t>(attribute)] = value;
    };
    using enum loader::Attribute;
    if (process.path) {
        set(path, node.path_id(*process.path));
        set(name, node.name_id(basename(*process.path)));
    }
    if (process.unit)
        set(unit, node.path_id(*process.unit));
    for (const auto& [cgroup, container_name] : containers())
        if (process.container == container_name)
            set(container, cgroup);
    if (process.sha256)
        set(digest, agent::digest_id(*process.sha256));
    if (process.user)
        set(user, *process.user);
    if (process.groups)
        out.groups.emplace(process.groups->begin(), process.groups->end());
    return out;
}

Probe random_probe(Dice& dice) {
    Probe out;
    out.workload = dice.chance(70) ? "host" : "inner";
    out.inbound = dice.chance(50);
    out.peer = Address::parse(dice.pick(dice.chance(75) ? addresses : strangers)).value();
    out.protocol = static_cast<std::uint8_t>(dice.pick<int>({6, 6, 6, 17, 17, 1, 47, 132}));
    if (out.protocol == 1)
        out.port =
            static_cast<std::uint16_t>(dice.pick<int>({0, 8, 3}) << 8 | dice.pick<int>({0, 1}));
    else if (!dice.chance(5))
        out.port = static_cast<std::uint16_t>(
            dice.pick<int>({0,  1,  2,    22,   53,   54,   79,   80,   81,   82,   86,
                            87, 88, 1024, 2024, 2025, 8000, 8001, 9000, 9001, 65535}));
    if (dice.chance(90))
        out.process.path = dice.pick(paths);
    if (dice.chance(90))
        out.process.unit = dice.pick(units);
    if (dice.chance(90))
        out.process.container = dice.pick<std::string>({"", "shop", "blog"});
    if (dice.chance(90))
        out.process.sha256 = dice.chance(50) ? digest_a : digest_b;
    if (dice.chance(90))
        out.process.user = dice.pick(users);
    if (dice.chance(90))
        out.process.groups =
            dice.chance(50) ? std::vector<std::uint32_t>{100, 4} : std::vector<std::uint32_t>{4};
    return out;
}

World::World(Dice& dice) {
    for (const char* role : {"web", "app", "db"})
        for (const char* env : {"prod", "dev"})
            identities_.push_back({{{"role", role}, {"env", env}}, true, ""});
    identities_.push_back({{{"role", "web"}, {"env", "prod"}}, false, ""});
    identities_.push_back({{{"role", "web"}, {"env", "prod"}}, true, "web-7"});
    known_.assign(identities_.size(), true);
    for (std::size_t i = 1; i < known_.size(); ++i)
        known_[i] = dice.chance(70);
    for (const auto& list : list_names)
        lists_[list] = random_list(dice);
    for (int i = 0; i < 6; ++i)
        random_owner(dice);
    subjects_ = {{"host", "", v1::FULL, {}, true}, {"inner", "/inner", v1::FULL, {}, true}};
    for (auto& subject : subjects_)
        for (std::size_t i = 0; i < 2 + dice.roll(8); ++i)
            subject.rules.push_back(random_rule(dice, i));
}

World::List World::random_list(Dice& dice) const {
    List out;
    for (std::size_t i = 0; i <= dice.roll(3); ++i)
        out.prefixes.push_back(dice.pick(prefixes));
    for (std::size_t i = 0; i < dice.roll(3); ++i)
        out.exclude.push_back(dice.pick(prefixes));
    return out;
}

void World::random_owner(Dice& dice) {
    const std::string& address = dice.pick(addresses);
    owners_.erase(address);
    realms_.erase(address);
    if (dice.chance(20))
        return;
    for (std::size_t i = 0; i < 1 + dice.roll(2) * dice.roll(2); ++i)
        owners_[address].insert(dice.roll(identities_.size()));
    if (dice.chance(15))
        realms_[address] = dice.chance(50) ? "host" : "elsewhere";
}

void World::random_peers(Dice& dice, Rule& rule) const {
    rule.any = dice.chance(10);
    rule.all = dice.chance(10);
    for (std::size_t i = 0; i < identities_.size(); ++i)
        if (dice.chance(30))
            rule.identities.insert(i);
    for (const auto& list : list_names)
        if (dice.chance(25))
            rule.lists.insert(list);
}

World::Rule World::random_rule(Dice& dice, std::size_t number) const {
    Rule rule;
    rule.wire.set_id("set/rule-" + std::to_string(number));
    rule.wire.set_action(
        dice.pick<v1::Action>({v1::ALLOW, v1::ALLOW, v1::DENY, v1::OVERRIDE_DENY}));
    rule.wire.set_direction(dice.chance(50) ? v1::INBOUND : v1::OUTBOUND);
    for (std::size_t i = 0; i <= dice.roll(3); ++i)
        *rule.wire.add_services() = random_service(dice);
    random_peers(dice, rule);
    return rule;
}

void World::change(Dice& dice) {
    do {
        Subject& subject = subjects_[dice.roll(2)];
        switch (dice.roll(9)) {
        case 0:
            subject.mode =
                dice.pick<v1::Mode>({v1::IDLE, v1::VISIBILITY, v1::SELECTIVE, v1::FULL, v1::FULL});
            break;
        case 1:
            known_[dice.roll(known_.size())].flip();
            known_[0] = true;
            break;
        case 2:
            lists_[dice.pick(list_names)] = random_list(dice);
            break;
        case 3:
        case 4:
            random_owner(dice);
            break;
        case 5:
            subject.rules.push_back(random_rule(dice, subject.rules.size()));
            break;
        case 6:
            if (!subject.rules.empty())
                subject.rules[dice.roll(subject.rules.size())] = random_rule(dice, 99);
            break;
        case 7:
            subjects_[1].present = dice.chance(80);
            break;
        case 8:
            if (!subject.rules.empty()) {
                auto& named = subject.rules[dice.roll(subject.rules.size())].identities;
                const std::size_t who = dice.roll(identities_.size());
                if (named.erase(who) == 0)
                    named.insert(who);
            }
            break;
        }
    } while (dice.chance(50));
}

v1::Snapshot World::snapshot(Dice& dice) const {
    v1::Snapshot out;
    out.set_format(1);
    out.mutable_policy()->set_version(version_ + 1);
    std::vector<std::uint32_t> numbers(identities_.size());
    std::iota(numbers.begin(), numbers.end(), 1 + dice.roll(50));
    for (std::size_t i = 1; i < numbers.size(); ++i)
        std::swap(numbers[i], numbers[dice.roll(i + 1)]);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (!known_[i])
            continue;
        v1::Identity& identity = *out.mutable_inventory()->add_identities();
        identity.set_id(numbers[i]);
        identity.mutable_labels()->insert(identities_[i].labels.begin(),
                                          identities_[i].labels.end());
        identity.set_managed(identities_[i].managed);
        identity.set_workload(identities_[i].workload);
    }
    for (const auto& [address, identities] : owners_) {
        v1::AddressOwner owner;
        owner.set_address(bytes_of(address));
        for (const auto i : identities)
            if (known_[i])
                owner.add_identities(numbers[i]);
        if (const auto realm = realms_.find(address); realm != realms_.end())
            owner.set_host(realm->second);
        owner.add_workloads("owner-of-" + address);
        if (!owner.identities().empty())
            *out.mutable_inventory()->add_addresses() = owner;
    }
    for (const auto& [name, list] : lists_) {
        v1::AddressList& wire = *out.mutable_policy()->add_lists();
        wire.set_name(name);
        wire.mutable_prefixes()->Assign(list.prefixes.begin(), list.prefixes.end());
        wire.mutable_exclude()->Assign(list.exclude.begin(), list.exclude.end());
    }
    for (const Subject& subject : subjects_) {
        if (!subject.present)
            continue;
        v1::Subject& wire = *out.mutable_policy()->add_subjects();
        wire.set_workload(subject.workload);
        wire.set_cgroup(subject.cgroup);
        wire.set_identity(numbers[0]);
        wire.set_mode(subject.mode);
        for (const Rule& rule : subject.rules) {
            v1::Rule& line = *wire.add_rules();
            line = rule.wire;
            line.mutable_peers()->set_any(rule.any);
            line.mutable_peers()->set_all_workloads(rule.all);
            for (const auto i : rule.identities)
                if (known_[i])
                    line.mutable_peers()->add_identities(numbers[i]);
            line.mutable_peers()->mutable_lists()->Assign(rule.lists.begin(), rule.lists.end());
        }
    }
    return out;
}

// ---- reading straight --------------------------------------------------------------------------

namespace {

enum class Holds { no, maybe, sure };

bool in_list(const v1::Snapshot& snapshot, const std::string& name, const Address& address) {
    const auto covers = [&](const auto& texts) {
        return std::ranges::any_of(
            texts, [&](const auto& text) { return Prefix::parse(text)->contains(address); });
    };
    for (const auto& list : snapshot.policy().lists())
        if (list.name() == name)
            return covers(list.prefixes()) && !covers(list.exclude());
    return false;
}

bool service_covers(const v1::Service& service, const Probe& probe) {
    if (service.any_protocol())
        return true;
    if (service.protocol() != probe.protocol)
        return false;
    if (service.ports().empty() && service.icmp().empty())
        return true;
    const auto port = probe.port.value_or(0);
    return probe.port &&
           (std::ranges::any_of(
                service.ports(),
                [&](const auto& range) { return range.first() <= port && port <= range.last(); }) ||
            std::ranges::any_of(service.icmp(), [&](const auto& icmp) {
                return icmp.type() == port >> 8u &&
                       (icmp.code() < 0 || icmp.code() == (port & 255));
            }));
}

Holds holds(const v1::Process& wanted, const Process& process, const agent::NodeContext& node) {
    Holds out = Holds::sure;
    const auto part = [&](const std::string& text, const auto& fact, auto equal) {
        if (!text.empty())
            out = std::min(out, !fact ? Holds::maybe : equal(*fact) ? Holds::sure : Holds::no);
    };
    const auto is = [](const std::string& text) {
        return [&text](const auto& have) { return text == have; };
    };
    part(wanted.path(), process.path, is(wanted.path()));
    part(wanted.name(), process.path,
         [&](const auto& path) { return basename(path) == wanted.name(); });
    part(wanted.unit(), process.unit, [&](const auto& unit) {
        return unit == (wanted.unit()[0] == '/' ? "" : "/system.slice/") + wanted.unit();
    });
    part(wanted.container(), process.container, is(wanted.container()));
    part(wanted.sha256(), process.sha256, is(wanted.sha256()));
    const auto number = [](const std::string& text, const auto& lookup) {
        return text[0] <= '9' ? static_cast<std::uint32_t>(std::stoul(text)) : *lookup(text);
    };
    part(wanted.user(), process.user,
         [&](auto user) { return user == number(wanted.user(), node.user_id); });
    part(wanted.group(), process.groups, [&](const auto& groups) {
        return std::ranges::count(groups, number(wanted.group(), node.group_id)) > 0;
    });
    return out;
}

bool names_peer(const v1::Snapshot& snapshot, const v1::Rule& rule, std::uint32_t identity,
                const Address& peer) {
    const v1::Peers& peers = rule.peers();
    return peers.any() || (identity != 0 && peers.all_workloads()) ||
           (identity != 0 && std::ranges::count(peers.identities(), identity) > 0) ||
           std::ranges::any_of(peers.lists(), [&](const std::string& list) {
               return in_list(snapshot, list, peer);
           });
}

bool rule_holds(const v1::Snapshot& snapshot, const agent::NodeContext& node, const Probe& probe,
                const v1::Rule& rule, std::uint32_t identity) {
    if ((rule.direction() == v1::INBOUND) != probe.inbound ||
        !names_peer(snapshot, rule, identity, probe.peer))
        return false;
    return std::ranges::any_of(rule.services(), [&](const v1::Service& service) {
        const Holds process =
            service.has_process() ? holds(service.process(), probe.process, node) : Holds::sure;
        return service_covers(service, probe) &&
               process >= (rule.action() == v1::ALLOW ? Holds::sure : Holds::maybe);
    });
}

std::set<std::uint32_t> claims(const v1::Snapshot& snapshot, const Address& address) {
    std::set<std::uint32_t> out;
    for (const auto& owner : snapshot.inventory().addresses())
        if (owner.address() == bytes_of(address.text()) &&
            (owner.host().empty() || owner.host() == "host"))
            out.insert(owner.identities().begin(), owner.identities().end());
    if (out.empty())
        out.insert(0);
    return out;
}

bool failsafe_holds(const agent::NodeContext& node, const Probe& probe) {
    return std::ranges::any_of(node.failsafe, [&](const agent::Failsafe& failsafe) {
        return failsafe.inbound == probe.inbound &&
               std::ranges::any_of(failsafe.peers,
                                   [&](const auto& p) { return p.contains(probe.peer); }) &&
               (!failsafe.protocol ||
                (*failsafe.protocol == probe.protocol && probe.port &&
                 failsafe.first_port <= *probe.port && *probe.port <= failsafe.last_port));
    });
}

Outcome outcome(const v1::Snapshot& snapshot, const agent::NodeContext& node, const Probe& probe,
                const v1::Subject& subject) {
    if (failsafe_holds(node, probe))
        return Outcome::failsafe;
    const auto identities = claims(snapshot, probe.peer);
    const auto some_rule = [&](v1::Action action, std::uint32_t identity) {
        return std::ranges::any_of(subject.rules(), [&](const v1::Rule& rule) {
            return rule.action() == action && rule_holds(snapshot, node, probe, rule, identity);
        });
    };
    const auto with = [&](v1::Action action) {
        return [&some_rule, action](std::uint32_t id) { return some_rule(action, id); };
    };
    if (std::ranges::any_of(identities, with(v1::OVERRIDE_DENY)))
        return Outcome::override_deny;
    if (std::ranges::all_of(identities, with(v1::ALLOW)))
        return Outcome::allow;
    return std::ranges::any_of(identities, with(v1::DENY)) ? Outcome::deny : Outcome::none;
}

} // namespace

Judgement read_straight(const v1::Snapshot& snapshot, const agent::NodeContext& node,
                        const Probe& probe) {
    Judgement out;
    for (const auto& subject : snapshot.policy().subjects()) {
        if (subject.workload() != probe.workload)
            continue;
        out.mode = static_cast<loader::Mode>(subject.mode() - 1);
        out.outcome = outcome(snapshot, node, probe, subject);
    }
    return out;
}

} // namespace ringwall::test
