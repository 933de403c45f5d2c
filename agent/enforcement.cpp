#include "agent/enforcement.h"

#include <malloc.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agent/files.h"
#include "agent/held.h"
#include "agent/host.h"
#include "agent/nat.h"
#include "common/address_bytes.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
constexpr auto cgroup2_magic = 0x63677270;
constexpr auto bpffs_magic = 0xcafe4a11u;

bool is_on(const fs::path& path, std::uint64_t magic) {
    auto existing = path;
    std::error_code error;
    while (!existing.empty() && existing != "/" && !fs::exists(existing, error))
        existing = existing.parent_path();
    struct statfs info{};
    return statfs(existing.c_str(), &info) == 0 &&
           static_cast<std::uint32_t>(info.f_type) == static_cast<std::uint32_t>(magic);
}

bool asks_for_containers(const v1::Snapshot& snapshot) {
    for (const auto& subject : snapshot.policy().subjects())
        for (const auto& rule : subject.rules())
            for (const auto& service : rule.services())
                if (!service.process().container().empty())
                    return true;
    return false;
}

std::string mode_word(v1::Mode mode) {
    std::string word = v1::Mode_Name(mode);
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
    return word;
}

} // namespace

Enforcement::Enforcement(Options options, std::unique_ptr<PolicySource> source)
    : options_(std::move(options)), source_(std::move(source)) {
    state_.source = source_->describe();
}

std::expected<std::unique_ptr<Enforcement>, EnforcementError>
Enforcement::start(Options options, std::unique_ptr<PolicySource> source) {
    std::unique_ptr<Enforcement> self(new Enforcement(std::move(options), std::move(source)));
    for (auto step : {&Enforcement::check_host, &Enforcement::open, &Enforcement::first_policy,
                      &Enforcement::attach}) {
        auto done = (self.get()->*step)();
        if (done)
            continue;
        // What was begun is taken back; what an earlier agent enforces stays.
        if (self->datapath_ && !self->datapath_->adopted())
            if (auto removed = self->datapath_->detach(); !removed)
                spdlog::error("{}", removed.error().message);
        return std::unexpected(done.error());
    }
    self->refresh();
    return self;
}

Enforcement::Done Enforcement::attach() {
    // Before the programs see them: what a packet finds first stays unattributed.
    if (auto before = datapath_->backfill(); before)
        spdlog::info("attributed {} sockets before attaching", *before);
    if (auto attached = datapath_->attach(); !attached)
        return fail(EnforcementErrc::datapath, attached.error().message);
    if (auto found = datapath_->backfill(); found)
        spdlog::info("attributed {} sockets that were open before", *found);
    else
        notes_.emplace_back("sockets older than the agent are not attributed: " +
                            found.error().message);
    if (!datapath_->root_attached())
        notes_.emplace_back("attached below the cgroup root: packets that the kernel makes itself "
                            "(resets, ICMP replies) are not judged");
    return {};
}

Enforcement::Done Enforcement::check_host() {
    std::string needed;
    for (const auto& feature : loader::probe_features()) {
        auto sentence = fmt::format("{} is missing: {}", feature.name, feature.note);
        if (!feature.present && feature.required)
            needed += (needed.empty() ? "" : "\n") + sentence;
        else if (!feature.present)
            notes_.push_back(std::move(sentence));
    }
    if (!needed.empty())
        return fail(EnforcementErrc::host, std::move(needed));
    auto mount = loader::cgroup2_mount();
    if (!mount)
        return fail(EnforcementErrc::host, mount.error().message);
    mount_ = *mount;
    if (options_.cgroup.empty())
        options_.cgroup = mount_;
    options_.cgroup = fs::absolute(options_.cgroup).lexically_normal().string();
    if (options_.cgroup.size() > 1 && options_.cgroup.ends_with('/'))
        options_.cgroup.pop_back();
    std::error_code error;
    if (!fs::is_directory(options_.cgroup, error) || !is_on(options_.cgroup, cgroup2_magic))
        return fail(EnforcementErrc::host,
                    fmt::format("{}: not a directory of the cgroup v2 tree, which is mounted at {}",
                                options_.cgroup, mount_));
    const auto pin_parent = fs::path(options_.pin_dir).parent_path();
    if (!is_on(options_.pin_dir, bpffs_magic)) {
        const auto where =
            options_.pin_dir.starts_with("/sys/fs/bpf/") ? fs::path("/sys/fs/bpf") : pin_parent;
        if (auto mounted = loader::ensure_bpffs(where.string()); !mounted)
            return fail(EnforcementErrc::host, mounted.error().message);
    }
    return {};
}

Enforcement::Done Enforcement::open() {
    refuses_ = options_.refuse_connect == Refuse::on ||
               (options_.refuse_connect == Refuse::automatic &&
                (!host_translates_addresses() || !options_.service_ranges.empty()));
    if (!refuses_ && options_.refuse_connect == Refuse::automatic)
        notes_.emplace_back(
            "this host translates addresses: denied connections are cut at the packet, "
            "not refused at connect; --service-range names the translated addresses");
    auto opened = loader::Datapath::open({.cgroup = options_.cgroup,
                                          .pin_dir = options_.pin_dir,
                                          .limits = options_.limits,
                                          .refuse_connect = refuses_,
                                          .service_ranges = options_.service_ranges});
    if (!opened)
        return fail(EnforcementErrc::datapath, opened.error().message);
    datapath_ = std::move(*opened);
    auto highest = datapath_->highest();
    if (!highest)
        return fail(EnforcementErrc::datapath, highest.error().message);
    auto last_good = source_->last_good();
    if (!last_good && last_good.error().code != SourceErrc::no_state)
        spdlog::warn("the last good policy is not used: {}", last_good.error().message);
    if (last_good)
        running_ = frame_snapshot(*last_good);
    enforcer_.emplace(node(), live_view(*datapath_, *highest), last_good ? &*last_good : nullptr);
    return {};
}

Enforcement::Done Enforcement::first_policy() {
    auto done = reload();
    if (done || (running_.empty() && !source_->brings_more()))
        return done;
    spdlog::error("{}", done.error().message);
    if (source_->brings_more())
        return {}; // what the kernel has from before stays
    const auto last_good = snapshot();
    spdlog::warn("enforcing the last good policy, version {}", last_good.policy().version());
    auto applied = apply(last_good);
    if (!applied)
        return applied;
    state_.from_last_good = true;
    return {};
}

void Enforcement::refuse(const std::string& why) {
    ++state_.failed_loads;
    state_.error = why;
    state_.error_ns = wall_ns();
}

Enforcement::Done Enforcement::reload() {
    auto done = load_and_apply();
    malloc_trim(0); // reading and planning need much more than keeping
    return done;
}

Enforcement::Done Enforcement::enforce(const v1::Snapshot& snapshot) {
    ++state_.loads;
    auto done = accept(snapshot);
    malloc_trim(0);
    return done;
}

Enforcement::Done Enforcement::load_and_apply() {
    ++state_.loads;
    std::optional<v1::Snapshot> running;
    if (!running_.empty())
        running = snapshot();
    auto loaded = source_->load(running ? &*running : nullptr);
    if (!loaded) {
        refuse(loaded.error().message);
        return fail(EnforcementErrc::policy, loaded.error().message);
    }
    auto accepted = accept(loaded->snapshot);
    if (accepted)
        state_.warnings = std::move(loaded->warnings);
    return accepted;
}

Enforcement::Done Enforcement::accept(const v1::Snapshot& snapshot) {
    if (auto applied = apply(snapshot); !applied) {
        refuse(applied.error().message);
        return applied;
    }
    state_.error.clear();
    state_.error_ns = 0;
    state_.from_last_good = false;
    return {};
}

Enforcement::Done Enforcement::apply(const v1::Snapshot& wanted) {
    const auto began = std::chrono::steady_clock::now();
    auto delta = enforcer_->plan(wanted);
    if (!delta)
        return fail(EnforcementErrc::policy, delta.error().message);
    if (auto applied = datapath_->apply(*delta); !applied) {
        enforcer_->failed();
        return fail(EnforcementErrc::datapath, applied.error().message);
    }
    enforcer_->applied();
    wants_containers_ = asks_for_containers(wanted);
    apply_times_.observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    remember(wanted);
    return {};
}

void Enforcement::remember(const v1::Snapshot& applied) {
    auto framed = frame_snapshot(applied);
    if (framed != running_ || state_.applied_ns == 0) {
        if (auto kept = source_->keep(applied); !kept)
            spdlog::error("the last good policy could not be kept: {}", kept.error().message);
        state_.applied_ns = wall_ns();
    }
    running_ = std::move(framed);
    state_.version = shown_version(applied.policy());
    state_.revision = applied.inventory().revision();
    state_.subjects.clear();
    const auto& missing = enforcer_->missing_subjects();
    for (const auto& subject : applied.policy().subjects()) {
        SubjectState state;
        state.workload = subject.workload();
        state.mode = mode_word(subject.mode());
        state.cgroup = subject.cgroup();
        state.rules = static_cast<std::size_t>(subject.rules_size());
        state.missing = std::ranges::find(missing, subject.workload()) != missing.end();
        for (const auto& bytes : subject.addresses())
            state.addresses.push_back(address_from_bytes(bytes).value_or(Address{}));
        for (const auto& identity : applied.inventory().identities())
            if (identity.id() == subject.identity())
                state.labels = {identity.labels().begin(), identity.labels().end()};
        state_.subjects.push_back(std::move(state));
    }
}

v1::Snapshot Enforcement::snapshot() const {
    return running_.empty() ? v1::Snapshot{}
                            : parse_snapshot(running_, "running").value_or(v1::Snapshot{});
}

std::string Enforcement::unit_root() const {
    return options_.units_below_cgroup ? options_.cgroup.substr(mount_.size()) : std::string{};
}

NodeContext Enforcement::node() {
    NodeContext node;
    node.path_id = [this](std::string_view path) { return datapath_->path_id(path); };
    node.name_id = [this](std::string_view name) { return datapath_->name_id(name); };
    node.user_id = user_id;
    node.group_id = group_id;
    node.unit_root = unit_root();
    node.flat_units = options_.units_below_cgroup;
    node.cgroup_directory = [this](const std::string& cgroup) { return directory_of(cgroup); };
    node.root = [this](const std::string& directory) { return root_for(directory); };
    node.loopback_events = options_.loopback_events;
    node.failsafe = options_.failsafe;
    node.boot_time = boot_ns;
    node.boot_time_at = [this](std::int64_t wall) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(wall - clock_offset_ns_, 0));
    };
    return node;
}

Enforcement::Done Enforcement::pause(std::chrono::seconds duration) {
    const auto until =
        duration.count() ? monotonic_ns() + std::uint64_t(duration.count()) * 1'000'000'000 : 0;
    if (auto done = datapath_->pause_until(until); !done)
        return fail(EnforcementErrc::datapath, done.error().message);
    if (duration.count())
        spdlog::warn("audit: enforcement paused for {} s", duration.count());
    else
        spdlog::warn("audit: enforcement resumed");
    return {};
}

Enforcement::Done Enforcement::detach() {
    spdlog::warn("audit: enforcement is being removed from the kernel");
    if (auto done = datapath_->detach(); !done)
        return fail(EnforcementErrc::datapath, done.error().message);
    return {};
}

bool Enforcement::end_socket(const loader::Event& event) {
    const auto done = datapath_->end_socket(event);
    if (done)
        ++ended_sockets_;
    else
        spdlog::debug("socket not ended: {}", done.error().message);
    return done.has_value();
}

} // namespace ringwall::agent
