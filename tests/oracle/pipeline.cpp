#include "tests/oracle/pipeline.h"

#include <time.h>

#include <algorithm>

#include <fmt/format.h>

#include "control/compute/compute.h"
#include "control/policy/load.h"
#include "tests/oracle/yaml.h"

namespace ringwall::oracle {
namespace {

constexpr std::uint64_t unexplained_cgroup = 1999;

std::uint64_t boot_now() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t fnv(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

// Through the product's reader, so that it is judged too.
std::expected<model::Policy, std::string> read(const model::Policy& policy) {
    auto loaded = policy::load_text(yaml(policy), "policy.yaml");
    if (loaded)
        return std::move(*loaded);
    std::string problems = "the reader refuses the policy:";
    for (const auto& problem : loaded.error())
        problems += "\n  " + policy::line(problem);
    return std::unexpected(problems);
}

std::optional<std::uint32_t> id_of(const std::map<std::string, std::uint32_t>& names,
                                   const std::string& name) {
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

void raise(std::uint32_t& highest, std::uint32_t id) {
    highest = std::max(highest, id);
}

} // namespace

Numbering plain_numbering() {
    return {.path_id = fnv,
            .name_id = fnv,
            .root = {},
            .containers = container_cgroups(),
            .cgroup_directory = [](const auto& cgroup) { return "/host" + cgroup; },
            .unit_root = {}};
}

const std::map<std::uint64_t, std::string>& container_cgroups() {
    static const std::map<std::uint64_t, std::string> all{
        {1001, "shop"}, {1002, "cache"}, {1003, ""}};
    return all;
}

std::uint64_t cgroup_of(const std::optional<std::string>& container) {
    for (const auto& [cgroup, name] : container_cgroups())
        if (container == name)
            return cgroup;
    return unexplained_cgroup;
}

Owner owner(const Process& process, const Numbering& numbering) {
    Owner out;
    out.known = process != Process{};
    if (process.path) {
        out.path = numbering.path_id(*process.path);
        out.name = numbering.name_id(process.path->substr(process.path->rfind('/') + 1));
    }
    if (process.unit)
        out.unit = numbering.path_id(*process.unit);
    if (process.sha256)
        out.digest = agent::digest_id(*process.sha256);
    out.cgroup = cgroup_of(process.container);
    out.user = process.user.value_or(0);
    if (process.groups)
        out.groups.assign(process.groups->begin(), process.groups->end());
    out.more_groups = process.more_groups;
    return out;
}

Asked asked(const Flow& flow, std::uint32_t subject) {
    Asked out;
    out.subject = subject;
    out.inbound = flow.direction == Direction::inbound;
    out.peer = flow.peer;
    out.protocol = flow.protocol;
    const bool icmp = flow.protocol == 1 || flow.protocol == 58;
    out.port = icmp ? static_cast<std::uint16_t>(flow.icmp_type << 8 | flow.icmp_code) : flow.port;
    out.no_port = flow.fragment;
    return out;
}

Verdict verdict(const Answered& answered) {
    if (answered.idle)
        return Verdict::idle;
    switch (answered.verdict) {
    case loader::Verdict::allowed:
        return Verdict::allowed;
    case loader::Verdict::would_block:
        return Verdict::would_block;
    case loader::Verdict::unmatched:
        return Verdict::unmatched;
    default:
        return Verdict::blocked;
    }
}

Pipeline::Pipeline(Node node, Numbering numbering, const Fault* fault)
    : node_(std::move(node)), numbering_(std::move(numbering)), fault_(fault),
      boot_ns_(boot_now()) {
    if (fault && fault->maybe_is_sure)
        rows_.take_maybe_for_sure();
    restart();
}

agent::NodeContext Pipeline::context() const {
    agent::NodeContext out;
    out.path_id = numbering_.path_id;
    out.name_id = numbering_.name_id;
    out.user_id = [this](const std::string& name) { return id_of(node_.users, name); };
    out.group_id = [this](const std::string& name) { return id_of(node_.groups, name); };
    out.cgroup_directory = [this](const std::string& cgroup) {
        return std::optional(numbering_.cgroup_directory(cgroup));
    };
    out.root = [this](const std::string&) { return numbering_.root; };
    out.unit_root = numbering_.unit_root;
    out.flat_units = !out.unit_root.empty();
    out.boot_time = [this] { return boot_ns_; };
    out.boot_time_at = [this](std::int64_t wall_ns) {
        const auto ahead = wall_ns - usual_now_ns + static_cast<std::int64_t>(boot_ns_);
        return static_cast<std::uint64_t>(std::max<std::int64_t>(ahead, 0));
    };
    return out;
}

void Pipeline::restart() {
    agent::LiveView live;
    live.adopted = !rows_.subjects().empty();
    live.highest = highest_;
    live.subjects = rows_.subjects();
    live.peers = rows_.peers();
    enforcer_.emplace(context(), live);
    enforcer_->set_containers(numbering_.containers);
}

std::expected<void, std::string> Pipeline::take(const model::Policy& policy) {
    auto read_back = read(policy);
    if (!read_back)
        return std::unexpected(read_back.error());
    policy_ = std::move(*read_back);
    if (fault_ && fault_->policy)
        fault_->policy(policy_);
    return {};
}

std::expected<void, std::string> Pipeline::provision(const std::string& host, const Apply& also) {
    auto snapshot = compute::snapshot(policy_, host, ++version_);
    if (!snapshot)
        return std::unexpected("compute refuses: " + snapshot.error().message);
    if (fault_ && fault_->snapshot)
        fault_->snapshot(*snapshot, policy_, host);
    auto delta = enforcer_->plan(*snapshot);
    if (!delta)
        return std::unexpected("the agent refuses: " + delta.error().message);
    return apply(std::move(*delta), also);
}

std::expected<void, std::string> Pipeline::apply(loader::Delta delta, const Apply& also) {
    if (fault_ && fault_->rows)
        fault_->rows(delta);
    for (const auto& row : delta.peers)
        raise(highest_.peer, row.peer);
    for (const auto& row : delta.rule_sets)
        raise(highest_.rule_set, row.id);
    for (const auto& row : delta.entries) {
        raise(highest_.entry, row.id);
        raise(highest_.cls, row.cls);
    }
    for (const auto& row : delta.classes)
        raise(highest_.cls, row.cls.id);
    for (const auto& row : delta.subjects)
        raise(highest_.subject, row.id);
    if (also)
        if (auto applied = also(delta); !applied) {
            enforcer_->failed();
            return applied;
        }
    rows_.apply(delta);
    enforcer_->applied();
    subjects_.clear();
    for (const auto& [id, row] : rows_.subjects())
        subjects_[enforcer_->subject_name(id)] = id;
    return {};
}

std::optional<std::uint32_t> Pipeline::subject(const std::string& workload) const {
    return id_of(subjects_, workload);
}

std::string Pipeline::rule(const Flow& flow, const Answered& answered) const {
    loader::Event event;
    event.direction = flow.direction == Direction::inbound ? loader::Direction::inbound
                                                           : loader::Direction::outbound;
    event.peer = flow.peer;
    event.subject = subject(flow.subject).value_or(0);
    event.peer_id = answered.peer;
    event.rule_set = answered.rule_set;
    event.entry = answered.entry;
    event.sure = answered.sure;
    event.maybe = answered.maybe;
    if (answered.verdict == loader::Verdict::allowed)
        event.reason = loader::reason_allow;
    return enforcer_->explain(event).rule();
}

Answer Pipeline::decide(const Flow& flow) const {
    const auto id = subject(flow.subject);
    if (!id)
        return {Verdict::blocked, "no such subject"};
    const Answered answered =
        rows_.decide(asked(flow, *id), owner(flow.process, numbering_), boot_ns_);
    return {verdict(answered), rule(flow, answered)};
}

} // namespace ringwall::oracle
