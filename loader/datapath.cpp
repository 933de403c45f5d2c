#include "loader/datapath.h"

#include <bpf/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstring>
#include <ctime>
#include <unordered_map>

#include "loader/attach.h"
#include "loader/backfill.h"
#include "loader/decode.h"
#include "loader/destroy.h"
#include "loader/file_id.h"
#include "loader/guard.h"
#include "loader/handle.h"
#include "loader/path_id.h"
#include "loader/pins.h"
#include "loader/rows.h"
#include "loader/seal.h"
#include "loader/sweeper.h"
#include "loader/writer.h"
#include "ringwall.skel.h"

namespace ringwall::loader {
namespace {

struct ObjectDeleter {
    void operator()(ringwall_bpf* object) const { ringwall_bpf__destroy(object); }
};
using Object = std::unique_ptr<ringwall_bpf, ObjectDeleter>;

struct ControlUnmap {
    void operator()(rw_control* control) const { munmap(control, 4096); }
};
using Control = std::unique_ptr<rw_control, ControlUnmap>;

constexpr const char* pinned_maps[] = {
    "cgroups",         "subjects",        "rule_sets", "attributes",
    "classes",         "entries",         "peers4",    "peers6",
    "prefixes4",       "prefixes6",       "local4",    "local6",
    "service_ranges4", "service_ranges6", "digests",   "control",
    "cgroup_cache",    "unit_cache",      "exes",      "units",
    "group_sets",      "principals",      "processes", "walks",
    "sockets",         "udp_flows",       "events",    "folds",
    "nursery",         "handovers",       "counters",  "segments",
    "impacts"};

// libbpf's own words, kept for the error sentence of a failed load.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the callback has no context
thread_local std::string* load_log = nullptr;

int keep_log(libbpf_print_level level, const char* format, va_list args) {
    if (level == LIBBPF_DEBUG || !load_log)
        return 0;
    char line[2048];
    vsnprintf(line, sizeof line, format, args);
    load_log->append(line);
    return 0;
}

Error load_error(int error, const std::string& log) {
    const Errc code = error == EPERM ? Errc::permission : Errc::load_failed;
    std::string text =
        "the kernel refused the BPF programs (" + std::string(std::strerror(error)) + ")";
    if (error == EPERM)
        text += "; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (or CAP_SYS_ADMIN) are needed";
    const auto last = log.rfind("-- END PROG LOAD LOG --");
    const auto from = last == std::string::npos ? (log.size() > 600 ? log.size() - 600 : 0)
                                                : (last > 500 ? last - 500 : 0);
    return {code, text + "; libbpf says: " + log.substr(from, 700)};
}

void set_limits(ringwall_bpf& object, const Limits& limits) {
    bpf_map__set_max_entries(object.maps.peers4, limits.peers);
    bpf_map__set_max_entries(object.maps.peers6, limits.peers);
    bpf_map__set_max_entries(object.maps.prefixes4, limits.prefixes);
    bpf_map__set_max_entries(object.maps.prefixes6, limits.prefixes);
    bpf_map__set_max_entries(object.maps.classes, limits.classes);
    bpf_map__set_max_entries(object.maps.entries, limits.entries);
    bpf_map__set_max_entries(object.maps.subjects, limits.subjects);
    bpf_map__set_max_entries(object.maps.cgroups, limits.subjects);
    bpf_map__set_max_entries(object.maps.events, limits.ring_bytes);
}

// Everything that is pinned is as this program would make it.
bool pins_fit(ringwall_bpf& object, const Pins& pins) {
    bpf_map* map = nullptr;
    for (const char* name : pinned_maps) {
        map = bpf_object__find_map_by_name(object.obj, name);
        const Fd fd(bpf_obj_get(pins.map(name).c_str()));
        bpf_map_info info{};
        std::uint32_t size = sizeof info;
        if (!map || !fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) ||
            info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
            info.value_size != bpf_map__value_size(map) ||
            info.max_entries != bpf_map__max_entries(map))
            return false;
        if (std::string_view(name) == "control") {
            rw_control control{};
            const std::uint32_t zero = 0;
            if (bpf_map_lookup_elem(fd.get(), &zero, &control) ||
                control.abi_version != RW_ABI_VERSION)
                return false;
        }
    }
    return true;
}

std::uint64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000ull + now.tv_nsec;
}

class KernelDatapath final : public Datapath {
  public:
    KernelDatapath(Options options, Pins pins, Object object, Control control, bool adopted)
        : options_(std::move(options)), pins_(std::move(pins)), object_(std::move(object)),
          maps_(*object_), control_(std::move(control)), writer_(maps_, *control_, options_.limits),
          adopted_(adopted), secret_{control_->secret[0], control_->secret[1]}, sweeper_(*object_) {
    }

    Result<void> start();

    bool adopted() const override { return adopted_; }
    Result<void> attach() override;
    std::vector<Attachment> attachments() const override {
        return loader::attachments(pins_, options_.cgroup);
    }
    bool root_attached() const override { return cgroup_id(options_.cgroup).value_or(0) == 1; }
    Result<void> detach() override;
    std::vector<Tampering> look_for_tampering() override;
    Result<void> apply(const Delta& delta) override;
    Result<Highest> highest() const override { return writer_.highest(); }
    std::map<std::uint32_t, Subject> live_subjects() const override { return writer_.subjects(); }
    std::map<Prefix, std::uint32_t> live_peers() const override { return writer_.peers(); }
    std::uint64_t path_id(std::string_view path) const override {
        return path == "[kernel]" ? text_id(path, secret_) : loader::path_id(path, secret_);
    }
    std::uint64_t name_id(std::string_view name) const override { return text_id(name, secret_); }
    int event_fd() const override { return poll_.get(); }
    std::size_t drain(const std::function<void(const Event&)>& sink) override;
    std::size_t drain_folds(const std::function<void(const Event&)>& sink) override;
    std::vector<Impact> impacts() const override;
    std::size_t sweep(Sweep which, const std::function<void(const Event&)>& sink) override;
    ExeText exe(std::uint64_t id) const override;
    std::string unit(std::uint64_t id) const override;
    Counters counters() const override;
    std::uint32_t generation() const override {
        return std::atomic_ref(control_->generation).load();
    }
    Result<void> pause_until(std::uint64_t monotonic) override;
    std::uint64_t paused_until() const override { return control_->paused_until; }
    Result<std::size_t> backfill() override;
    Result<void> end_socket(const Event& event) override { return destroy_socket(event); }
    bool is_program(int file, const Event& event) const override;
    Result<void> set_digest(const Event& exe_event, std::uint64_t digest_id) override;

  private:
    static int on_record(void* self, void* data, std::size_t size);
    std::size_t sweep_datagrams(const std::function<void(const Event&)>& sink) const;
    Result<void> write_service_ranges();
    Result<void> watch();
    std::vector<SealedMap> policy_maps() const;
    void seal();
    void look_at_control(std::vector<Tampering>& found);

    Options options_;
    Pins pins_;
    Object object_;
    KernelMaps maps_;
    Control control_;
    Writer writer_;
    bool adopted_;
    Secret secret_;
    Ring ring_;
    Sweeper sweeper_;
    std::optional<Guard> guard_; // once attached
    std::optional<Seals> seals_;
    rw_control kept_{}; // the control block as we left it
    Fd poll_, timer_;
    const std::function<void(const Event&)>* sink_ = nullptr;
    std::uint64_t delivered_ = 0, undecodable_ = 0;
    std::map<std::string, std::uint64_t> folds_seen_; // key bytes -> count already reported
};

Result<Control> map_control(int fd) {
    void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return std::unexpected(
            Error{Errc::io, std::string("cannot map the control block: ") + std::strerror(errno)});
    return Control(static_cast<rw_control*>(memory));
}

Result<void> initialise(rw_control& control) {
    if (getrandom(control.secret, sizeof control.secret, 0) != sizeof control.secret)
        return std::unexpected(Error{Errc::io, "the kernel gave no random bytes"});
    control.abi_version = RW_ABI_VERSION;
    control.generation = 1;
    return {};
}

} // namespace

Result<std::unique_ptr<Datapath>> Datapath::open(Options options) {
    auto pins = Pins::open(options.pin_dir);
    if (!pins)
        return std::unexpected(pins.error());
    std::string log;
    load_log = &log;
    libbpf_set_print(keep_log);
    Object object(ringwall_bpf__open());
    if (!object) {
        load_log = nullptr;
        return std::unexpected(load_error(errno, log));
    }
    set_limits(*object, options.limits);
    Sweeper::choose(*object);
    const bool adopted = pins_fit(*object, *pins);
    if (!adopted)
        pins->forget_maps({std::begin(pinned_maps), std::end(pinned_maps)});
    for (const char* name : pinned_maps)
        bpf_map__set_pin_path(bpf_object__find_map_by_name(object->obj, name),
                              pins->map(name).c_str());
    const int failed = ringwall_bpf__load(object.get());
    load_log = nullptr;
    if (failed)
        return std::unexpected(load_error(-failed, log));
    auto control = map_control(bpf_map__fd(object->maps.control));
    if (!control)
        return std::unexpected(control.error());
    if (!adopted)
        if (auto ok = initialise(**control); !ok)
            return std::unexpected(ok.error());
    auto datapath = std::make_unique<KernelDatapath>(
        std::move(options), std::move(*pins), std::move(object), std::move(*control), adopted);
    if (auto ok = datapath->start(); !ok)
        return std::unexpected(ok.error());
    return datapath;
}

Result<void> KernelDatapath::start() {
    if (auto ok = writer_.adopt(); !ok)
        return ok;
    if (auto ok = write_service_ranges(); !ok)
        return ok;
    ring_.reset(ring_buffer__new(maps_.events, on_record, this, nullptr));
    if (!ring_)
        return std::unexpected(
            Error{Errc::io, std::string("cannot map the event ring: ") + std::strerror(errno)});
    return watch();
}

// Readable when the kernel woke the ring (batches) or a tenth of a second has gone by.
Result<void> KernelDatapath::watch() {
    poll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    timer_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    const itimerspec tick{{0, 100'000'000}, {0, 100'000'000}};
    epoll_event readable{.events = EPOLLIN, .data = {}};
    if (!poll_ || !timer_ || timerfd_settime(timer_.get(), 0, &tick, nullptr) ||
        epoll_ctl(poll_.get(), EPOLL_CTL_ADD, timer_.get(), &readable) ||
        epoll_ctl(poll_.get(), EPOLL_CTL_ADD, ring_buffer__epoll_fd(ring_.get()), &readable))
        return std::unexpected(
            Error{Errc::io, std::string("cannot watch the event ring: ") + std::strerror(errno)});
    return {};
}

Result<void> KernelDatapath::write_service_ranges() {
    for (const auto& range : options_.service_ranges) {
        const int error = range.address.is_v4() ? maps_.service_ranges4.set(lpm4(range), 1)
                                                : maps_.service_ranges6.set(lpm6(range), 1);
        if (error)
            return std::unexpected(
                Error{Errc::apply_failed,
                      "cannot write service range " + range.text() + ": " + std::strerror(-error)});
    }
    const std::uint32_t mine = RW_CONTROL_REFUSE_CONNECT | RW_CONTROL_SERVICE_RANGES;
    std::uint32_t flags = options_.refuse_connect ? RW_CONTROL_REFUSE_CONNECT : 0;
    if (!options_.service_ranges.empty())
        flags |= RW_CONTROL_SERVICE_RANGES;
    std::atomic_ref control(control_->flags);
    control.store((control.load() & ~mine) | flags);
    return {};
}

Result<void> KernelDatapath::attach() {
    if (auto attached = attach_all(*object_, options_.cgroup, pins_); !attached)
        return attached;
    guard_.emplace(*object_, options_.cgroup, pins_,
                   std::vector<std::string>(std::begin(pinned_maps), std::end(pinned_maps)));
    seals_.emplace(policy_maps(), secret_);
    seal();
    return {};
}

std::vector<SealedMap> KernelDatapath::policy_maps() const {
    static constexpr const char* names[] = {
        "cgroups",         "subjects",        "rule_sets", "attributes", "classes",
        "entries",         "peers4",          "peers6",    "prefixes4",  "prefixes6",
        "service_ranges4", "service_ranges6", "local4",    "local6",     "segments"};
    std::vector<SealedMap> out;
    for (const char* name : names)
        out.push_back({bpf_map__fd(bpf_object__find_map_by_name(object_->obj, name)), name});
    return out;
}

// What stands in the kernel now is what we wrote.
void KernelDatapath::seal() {
    kept_ = *control_;
    if (seals_)
        seals_->renew();
}

void KernelDatapath::look_at_control(std::vector<Tampering>& found) {
    if (std::memcmp(&kept_, control_.get(), sizeof kept_) == 0)
        return;
    const auto generation = std::max(kept_.generation, control_->generation);
    kept_.generation = generation;
    std::memcpy(control_.get(), &kept_, sizeof kept_);
    writer_.raise_generation();
    kept_.generation = control_->generation;
    found.push_back({Tampering::What::control_written, "control", true, {}});
}

std::vector<Tampering> KernelDatapath::look_for_tampering() {
    constexpr std::size_t rows = 65'536;
    if (!guard_)
        return {};
    auto found = guard_->look();
    look_at_control(found);
    for (auto& map : seals_->compare(rows))
        found.push_back({Tampering::What::map_written, std::move(map), false, {}});
    return found;
}

Result<void> KernelDatapath::apply(const Delta& delta) {
    auto applied = writer_.apply(delta);
    seal();
    return applied;
}

Result<void> KernelDatapath::detach() {
    guard_.reset();
    seals_.reset();
    pins_.remove_all();
    return {};
}

int KernelDatapath::on_record(void* self, void* data, std::size_t size) {
    auto* datapath = static_cast<KernelDatapath*>(self);
    const auto event = decode_event(data, size);
    if (!event) {
        ++datapath->undecodable_;
        return 0;
    }
    ++datapath->delivered_;
    (*datapath->sink_)(*event);
    return 0;
}

std::size_t KernelDatapath::drain(const std::function<void(const Event&)>& sink) {
    std::uint64_t ticks = 0;
    (void)!read(timer_.get(), &ticks, sizeof ticks);
    sink_ = &sink;
    const int count = ring_buffer__consume(ring_.get());
    sink_ = nullptr;
    return count > 0 ? count : 0;
}

std::size_t KernelDatapath::drain_folds(const std::function<void(const Event&)>& sink) {
    constexpr std::uint64_t idle_ns = 10'000'000'000;
    const std::uint64_t now = monotonic_ns();
    std::size_t events = 0;
    for (const auto& key : maps_.folds.keys()) {
        auto fold = maps_.folds.find(key);
        if (!fold)
            continue;
        const std::string id(reinterpret_cast<const char*>(&key), sizeof key);
        const bool idle = now > fold->last && now - fold->last > idle_ns;
        if (idle) {
            // the last count and the removal in one step where the kernel can (5.14)
            rw_fold last;
            if (bpf_map_lookup_and_delete_elem(maps_.folds.fd(), &key, &last) == 0)
                fold = last;
            else
                maps_.folds.erase(key);
        }
        std::uint64_t& seen = folds_seen_[id];
        if (fold->count > seen) {
            sink(decode_fold(key, maps_.principals.find(key.principal), *fold,
                             static_cast<std::uint32_t>(fold->count - seen)));
            ++events;
        }
        seen = fold->count;
        if (idle)
            folds_seen_.erase(id);
    }
    return events;
}

std::vector<Impact> KernelDatapath::impacts() const {
    std::vector<Impact> out;
    for (const auto& key : maps_.impacts.keys())
        if (const auto row = maps_.impacts.find(key))
            out.push_back(decode_impact(key, *row, maps_.principals.find(key.principal)));
    return out;
}

std::size_t KernelDatapath::sweep_datagrams(const std::function<void(const Event&)>& sink) const {
    const std::uint64_t now = monotonic_ns();
    std::size_t events = 0;
    for (const auto& key : maps_.udp_flows.keys()) {
        const auto entry = maps_.udp_flows.find(key);
        if (!entry)
            continue;
        constexpr std::uint8_t both = RW_FLOW_OUT_SEEN | RW_FLOW_IN_SEEN;
        const bool answered = (entry->flow.flags & both) == both;
        const std::uint64_t kept = answered ? RW_UDP_BOTH_WAYS_NS : RW_UDP_ONE_WAY_NS;
        const bool over = now > entry->flow.last && now - entry->flow.last > kept;
        if (over)
            maps_.udp_flows.erase(key);
        const auto who = maps_.principals.find(entry->owner.principal);
        sink(decode_flow(*entry, who, key.cookie, over ? EventKind::end : EventKind::update, now));
        ++events;
    }
    return events;
}

std::size_t KernelDatapath::sweep(Sweep which, const std::function<void(const Event&)>& sink) {
    auto& window = *object_->bss;
    window.sweep_since = window.sweep_until;
    window.sweep_until = monotonic_ns();
    window.sweep_all = which == Sweep::all;
    const std::size_t events = sweeper_.run(sink);
    return events + (which == Sweep::all ? sweep_datagrams(sink) : 0);
}

ExeText KernelDatapath::exe(std::uint64_t id) const {
    if (id == 0)
        return {{}, false, "the executable could not be resolved"};
    if (id == text_id("[kernel]", secret_))
        return {"[kernel]", false, {}};
    const auto path = maps_.exes.find(id);
    if (!path)
        return {{}, false, "no longer remembered"};
    const std::size_t bytes = std::min<std::size_t>(path->bytes, sizeof path->text);
    return {root_first({path->text, bytes}), (path->flags & RW_OWNER_DELETED) != 0, {}};
}

std::string KernelDatapath::unit(std::uint64_t id) const {
    const auto path = id ? maps_.units.find(id) : std::nullopt;
    if (!path)
        return {};
    return root_first({path->text, std::min<std::size_t>(path->bytes, sizeof path->text)});
}

Counters KernelDatapath::counters() const {
    static constexpr const char* hooks[] = {"connect", "sendmsg", "bind",   "sock_create",
                                            "release", "ingress", "egress", "sockops"};
    static_assert(std::size(hooks) == RW_HOOK_MAX);
    static constexpr const char* kinds[] = {"none", "start", "update", "end", "deny", "exe"};
    static constexpr const char* faults[] = {"storage", "path",     "udp_insert", "fold_full",
                                             "cache",   "handover", "packet",     "impact"};
    static_assert(std::size(faults) == RW_FAULT_MAX);
    std::vector<rw_counters> cpus(libbpf_num_possible_cpus());
    const std::uint32_t zero = 0;
    Counters out;
    if (bpf_map_lookup_elem(maps_.counters, &zero, cpus.data()))
        return out;
    for (const auto& c : cpus) {
        for (int i = 0; i < RW_HOOK_MAX; ++i)
            out.hook_slow_runs[hooks[i]] += c.slow[i];
        for (int i = 1; i < RW_EVENT_MAX; ++i) {
            out.offered[kinds[i]] += c.offered[i];
            out.submitted[kinds[i]] += c.submitted[i];
            out.folded[kinds[i]] += c.folded[i];
            out.lost[kinds[i]] += c.lost[i];
        }
        for (int i = 1; i <= RW_VERDICT_BLOCKED; ++i)
            out.verdicts[name(static_cast<Verdict>(i))] += c.verdicts[i];
        for (int i = 1; i < RW_REASON_MAX; ++i)
            out.reasons[reason_name(i)] += c.reasons[i];
        for (int i = 0; i < RW_FAULT_MAX; ++i)
            out.faults[faults[i]] += c.faults[i];
        out.dropped_packets += c.dropped_packets;
        out.unresolved += c.unresolved;
        out.refused += c.refused;
    }
    out.faults["undecodable"] = undecodable_;
    out.delivered = delivered_;
    out.maps = writer_.use();
    return out;
}

Result<void> KernelDatapath::pause_until(std::uint64_t monotonic) {
    std::atomic_ref(control_->paused_until).store(monotonic);
    writer_.raise_generation();
    kept_ = *control_;
    return {};
}

Result<std::size_t> KernelDatapath::backfill() {
    BackfillContext context;
    context.sockets_map_fd = maps_.sockets;
    context.nursery_map_fd = maps_.nursery;
    context.cgroup = options_.cgroup;
    context.path_id = [this](std::string_view path) { return path_id(path); };
    context.name_id = [this](std::string_view name) { return name_id(name); };
    const auto remember = [this](const Map<std::uint64_t, rw_path>& map) {
        return [&map, this](std::uint64_t id, const std::string& path) {
            rw_path row{};
            const std::string text = leaf_first(path);
            row.bytes = std::min<std::size_t>(text.size(), sizeof row.text);
            std::memcpy(row.text, text.data(), row.bytes);
            map.set(id, row, BPF_NOEXIST);
        };
    };
    context.remember_exe = remember(maps_.exes);
    context.remember_unit = remember(maps_.units);
    context.remember_principal = [this](const rw_principal& who) {
        std::array<std::uint64_t, RW_PRINCIPAL_WORDS> words;
        std::memcpy(words.data(), &who, sizeof who);
        const auto id = words_id(words, words.size(), secret_);
        maps_.principals.set(id, who);
        return id;
    };
    context.file_id = [this](const FileKey& file) { return file_id(file, secret_); };
    context.group_set = [this](std::span<const std::uint32_t> groups) {
        rw_groups row{};
        row.count = static_cast<std::uint32_t>(groups.size());
        std::ranges::copy(groups, row.gid);
        const auto id = words_id(std::vector<std::uint64_t>(groups.begin(), groups.end()),
                                 groups.size(), secret_);
        maps_.group_sets.set(id, row);
        return id;
    };
    return loader::backfill(context);
}

bool KernelDatapath::is_program(int file, const Event& event) const {
    return std::ranges::any_of(
        file_keys(file), [&](const FileKey& key) { return file_id(key, secret_) == event.digest; });
}

Result<void> KernelDatapath::set_digest(const Event& exe_event, std::uint64_t digest_id) {
    if (const int error = maps_.digests.set(exe_event.digest, digest_id))
        return std::unexpected(Error{Errc::apply_failed, std::string("cannot keep a digest: ") +
                                                             std::strerror(-error)});
    auto raised = writer_.raise_epoch();
    seal();
    return raised;
}

} // namespace ringwall::loader
