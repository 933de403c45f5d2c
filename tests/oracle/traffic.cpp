#include "tests/oracle/traffic.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

#include "tests/oracle/cgroups.h"
#include "tests/oracle/people.h"
#include "tests/oracle/pins.h"
#include "tests/oracle/yaml.h"

namespace ringwall::oracle {
namespace {

constexpr std::size_t flows_per_person = 16; // in each direction, at each host
constexpr std::uint8_t tcp = 6, udp = 17;

bool below(const std::string& cgroup, const std::string& ancestor) {
    return cgroup == ancestor || cgroup.starts_with(ancestor + "/");
}

// The nearest ancestor cgroup that is a subject of this host, else the host itself.
const model::Workload& subject_of(const model::Policy& policy, const std::string& host,
                                  const std::string& cgroup) {
    const model::Workload* nearest = nullptr;
    for (const auto& workload : policy.workloads) {
        const bool here =
            workload.name == host || (workload.host == host && !workload.cgroup.empty() &&
                                      workload.managed && below(cgroup, workload.cgroup));
        if (here && (!nearest || workload.cgroup.size() > nearest->cgroup.size()))
            nearest = &workload;
    }
    return *nearest;
}

// Addresses that the other end has.
bool reachable(const Address& address) {
    static const std::vector<Prefix> nets{
        *Prefix::parse("10.0.0.0/8"), *Prefix::parse("172.17.0.0/16"),
        *Prefix::parse("2001:db8::/32"), *Prefix::parse("fd00::/64")};
    return std::ranges::any_of(nets,
                               [&](const Prefix& net) {
                                   return net.contains(address) && address != net.address;
                               }) &&
           address != *Address::parse("10.255.255.255");
}

bool is_own(const model::Policy& policy, const std::string& host, const Address& address) {
    return std::ranges::any_of(policy.workloads, [&](const auto& workload) {
        return (workload.name == host || workload.host == host) &&
               std::ranges::find(workload.addresses, address) != workload.addresses.end();
    });
}

using Key = std::tuple<bool, std::uint8_t, Address, std::uint16_t, std::uint32_t>;

Key key_of(const loader::Event& event) {
    const bool inbound = event.direction == loader::Direction::inbound;
    return {inbound, event.protocol, event.peer, inbound ? event.local_port : event.peer_port,
            event.pid};
}

ProbeFlow probe_flow(const Flow& flow, bool mapped) {
    return {
        .peer = flow.peer.bytes, .port = flow.port, .protocol = flow.protocol, .mapped = mapped};
}

Verdict spoken(loader::Verdict verdict) {
    Answered answered;
    answered.verdict = verdict;
    return oracle::verdict(answered);
}

// What happened at the socket, where that is not what is wanted.
std::string outcome_differs(const Flow& flow, const Decision& wanted, Outcome outcome, int error) {
    const bool inbound = flow.direction == Direction::inbound;
    const Outcome blocked = inbound ? Outcome::silent : Outcome::refused;
    if (outcome == (passes(wanted.verdict) ? Outcome::passed : blocked))
        return "";
    static constexpr const char* names[] = {"passed", "refused", "silent", "failed"};
    return fmt::format("the socket says {} ({})", names[static_cast<int>(outcome)],
                       std::strerror(error));
}

// The mount on "/" of this process, which is that of its children.
loader::Root own_root() {
    loader::Root root;
    struct stat user_ns{}, top{};
    if (stat("/proc/self/ns/user", &user_ns) || stat("/", &top))
        throw std::runtime_error("cannot look at / and the user namespace");
    root.user_ns = static_cast<std::uint32_t>(user_ns.st_ino);
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        unsigned major = 0, minor = 0;
        char inside[4096], point[4096];
        if (std::sscanf(line.c_str(), "%*u %*u %u:%u %4095s %4095s", &major, &minor, inside,
                        point) != 4 ||
            std::string_view(point) != "/")
            continue;
        root.device = major << 20 | minor;
        root.inode = std::string_view(inside) == "/" ? 0 : top.st_ino;
    }
    return root;
}

class RealTraffic final : public Traffic {
  public:
    explicit RealTraffic(const std::string& probe)
        : town_(cgroups_, probe), datapath_(open()), pipeline_(town_.programs().node, numbering()) {
        learn_digests();
    }
    ~RealTraffic() override { (void)datapath_->detach(); }

    std::optional<Mismatch> run(std::uint64_t seed) override;
    const TrafficCounts& counts() const override { return counts_; }
    const Coverage& coverage() const override { return coverage_; }

  private:
    std::unique_ptr<loader::Datapath> open();
    Numbering numbering();
    Apply apply();
    void learn_digests();
    std::vector<Flow> flows(Dice& dice, const model::Policy& policy, const std::string& host,
                            const model::Workload& subject, const Person& person,
                            Direction direction);
    std::optional<std::string> person(Dice& dice, const model::Policy& policy,
                                      const std::string& host, const Person& person);
    std::optional<std::string> compare(const model::Policy& policy, const model::Workload& subject,
                                       const Person& person, const std::vector<Flow>& flows,
                                       const ProbeReply& reply);
    std::string event_differs(const std::map<Key, loader::Event>& seen, const Flow& flow,
                              const Person& person, const Decision& wanted);
    std::map<Key, loader::Event> events(std::uint64_t since);

    Cgroups cgroups_;
    PinDirectory pins_;
    Town town_;
    std::unique_ptr<loader::Datapath> datapath_;
    Pipeline pipeline_;
    TrafficCounts counts_;
    Coverage coverage_;
    std::uint64_t asked_ = 0; // monotonic ns: when the present flows began
};

std::unique_ptr<loader::Datapath> RealTraffic::open() {
    loader::Options options;
    options.cgroup = cgroups_.directory("");
    options.pin_dir = pins_.path();
    options.limits.peers = options.limits.classes = options.limits.entries = 100'000;
    auto opened = loader::Datapath::open(options);
    if (!opened)
        throw std::runtime_error(opened.error().message);
    if (const auto attached = (*opened)->attach(); !attached)
        throw std::runtime_error(attached.error().message);
    return std::move(*opened);
}

Numbering RealTraffic::numbering() {
    return {.path_id = [this](std::string_view text) { return datapath_->path_id(text); },
            .name_id = [this](std::string_view text) { return datapath_->name_id(text); },
            .root = own_root(),
            .containers = town_.containers(),
            .cgroup_directory =
                [this](const std::string& cgroup) { return cgroups_.directory(cgroup); },
            .unit_root = cgroups_.unit_root()};
}

Apply RealTraffic::apply() {
    return [this](const loader::Delta& delta) -> std::expected<void, std::string> {
        const auto applied = datapath_->apply(delta);
        if (applied)
            return {};
        return std::unexpected("the datapath refuses: " + applied.error().message);
    };
}

// A connection says what became of it in the sweep while it lives, in the ring when it has ended.
std::map<Key, loader::Event> RealTraffic::events(std::uint64_t since) {
    std::map<Key, loader::Event> out;
    const auto take = [&](const loader::Event& event) {
        if (event.kind != loader::EventKind::exe && event.started_ns >= since)
            out.emplace(key_of(event), event);
    };
    datapath_->sweep(loader::Sweep::begun, take);
    datapath_->drain(take);
    return out;
}

// A rule that asks for a digest makes the kernel ask for those of the programs it meets.
void RealTraffic::learn_digests() {
    model::Policy policy;
    model::Workload& host = policy.workloads.emplace_back();
    host.name = "host";
    host.addresses = {*Address::parse("10.0.0.1")};
    host.mode = model::Mode::full;
    model::Selector anybody, anyone;
    anybody.form = anyone.form = model::Selector::Form::any;
    anybody.process.emplace().sha256 = town_.programs().sha256[0];
    model::Rule rule;
    rule.name = "rule";
    rule.from = {anybody};
    rule.to = {anyone};
    rule.services.emplace_back();
    policy.rule_sets.push_back({.name = "set", .scopes = {}, .rules = {rule}, .place = {}});
    if (auto taken = pipeline_.take(policy); !taken)
        throw std::runtime_error(taken.error());
    if (auto live = pipeline_.provision("host", apply()); !live)
        throw std::runtime_error(live.error());
    const ProbeFlow flow{.peer = Address::parse("10.1.1.1")->bytes, .port = 7, .protocol = udp};
    for (const auto& person : town_.people())
        (void)person->ask(Ask::reach, {flow});
    std::vector<loader::Event> asked;
    datapath_->drain([&](const loader::Event& event) {
        if (event.kind == loader::EventKind::exe)
            asked.push_back(event);
    });
    for (const auto& event : asked) {
        const auto digest = town_.digests().find(datapath_->exe(event.exe).path);
        if (digest != town_.digests().end())
            (void)datapath_->set_digest(event, *agent::digest_id(digest->second));
    }
}

std::vector<Flow> RealTraffic::flows(Dice& dice, const model::Policy& policy,
                                     const std::string& host, const model::Workload& subject,
                                     const Person& person, Direction direction) {
    std::vector<Flow> out;
    std::set<std::pair<std::uint8_t, std::uint16_t>> used; // one server for each
    for (int tries = 0; tries < 400 && out.size() < flows_per_person; ++tries) {
        Flow flow = random_flow(dice, policy, town_.programs(), subject);
        const bool usable = flow.direction == direction && !flow.fragment &&
                            (flow.protocol == tcp || flow.protocol == udp) &&
                            reachable(flow.peer) && !is_own(policy, host, flow.peer) &&
                            flow.port != marker_port;
        if (!usable || !used.emplace(flow.protocol, flow.port).second)
            continue;
        flow.process = person.facts;
        out.push_back(flow);
    }
    return out;
}

// What the stream says about the flow, where that is not what is wanted.
std::string RealTraffic::event_differs(const std::map<Key, loader::Event>& seen, const Flow& flow,
                                       const Person& person, const Decision& wanted) {
    const bool inbound = flow.direction == Direction::inbound;
    const auto event = seen.find(
        {inbound, flow.protocol, flow.peer, flow.port, static_cast<std::uint32_t>(person.pid())});
    if (event == seen.end()) {
        // repeated denies are folded, and nobody is asked where the mode is idle
        const bool due = passes(wanted.verdict) && wanted.verdict != Verdict::idle;
        return due ? "there is no event" : "";
    }
    ++counts_.with_event;
    const Verdict verdict = spoken(event->second.verdict);
    const std::string rule = pipeline_.enforcer().explain(event->second).rule();
    if (verdict == wanted.verdict && rule == wanted.rule)
        return "";
    return fmt::format("the event says {} by {}", name(verdict), rule);
}

std::optional<std::string> RealTraffic::compare(const model::Policy& policy,
                                                const model::Workload& subject,
                                                const Person& person,
                                                const std::vector<Flow>& flows,
                                                const ProbeReply& reply) {
    const auto seen = events(asked_);
    for (std::size_t i = 0; i < flows.size(); ++i) {
        const Decision wanted = evaluate(policy, town_.programs().node, flows[i]);
        coverage_.add(subject, flows[i], wanted);
        ++counts_.decisions;
        counts_.refused += reply.outcomes[i] == Outcome::refused;
        std::string wrong = outcome_differs(flows[i], wanted, reply.outcomes[i], reply.errors[i]);
        if (wrong.empty())
            wrong = event_differs(seen, flows[i], person, wanted);
        if (!wrong.empty())
            return fmt::format("{}{}\n  evaluator: {} by {}\n  {}", yaml(policy),
                               words(policy, flows[i]), name(wanted.verdict), wanted.rule, wrong);
    }
    return std::nullopt;
}

std::optional<std::string> RealTraffic::person(Dice& dice, const model::Policy& policy,
                                               const std::string& host, const Person& person) {
    const model::Workload& subject = subject_of(policy, host, person.cgroup);
    for (const Direction direction : {Direction::outbound, Direction::inbound}) {
        const auto wanted = flows(dice, policy, host, subject, person, direction);
        std::vector<ProbeFlow> probes;
        for (const Flow& flow : wanted)
            probes.push_back(probe_flow(flow, flow.peer.is_v4() && dice.percent(25)));
        (void)events(0);
        asked_ = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                            std::chrono::nanoseconds(1));
        datapath_->drain_folds([](const auto&) {});
        const ProbeReply reply = direction == Direction::outbound ? person.ask(Ask::reach, probes)
                                                                  : town_.inward(person, probes);
        if (auto wrong = compare(policy, subject, person, wanted, reply))
            return wrong;
    }
    return std::nullopt;
}

std::optional<Mismatch> RealTraffic::run(std::uint64_t seed) {
    Dice dice(seed);
    const model::Policy policy = random_policy(dice, town_.programs());
    pipeline_.restart();
    if (const auto taken = pipeline_.take(policy); !taken)
        return Mismatch{seed, yaml(policy) + "\n" + taken.error()};
    for (const auto& workload : policy.workloads) {
        if (!workload.managed || !workload.cgroup.empty())
            continue;
        if (const auto live = pipeline_.provision(workload.name, apply()); !live)
            return Mismatch{seed, yaml(policy) + "\nat " + workload.name + ": " + live.error()};
        for (const auto& one : town_.people())
            if (auto wrong = person(dice, policy, workload.name, *one))
                return Mismatch{seed, *wrong};
    }
    return std::nullopt;
}

} // namespace

std::unique_ptr<Traffic> make_traffic(const std::string& probe) {
    return std::make_unique<RealTraffic>(probe);
}

} // namespace ringwall::oracle
