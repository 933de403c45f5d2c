#include "tests/bpf/lab.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "loader/handle.h"

namespace ringwall::test {

namespace fs = std::filesystem;
using loader::Attribute;
using loader::Fd;

namespace {

void must(bool ok, const std::string& what) {
    if (!ok)
        throw std::runtime_error(what + ": " + std::strerror(errno));
}

void sh(const std::string& command) {
    if (const int status = std::system(command.c_str()); status != 0)
        throw std::runtime_error("failed (" + std::to_string(status) + "): " + command);
}

void join_cgroup(const std::string& directory) {
    std::ofstream procs(directory + "/cgroup.procs");
    procs << getpid() << std::flush;
    must(bool(procs), "cannot join " + directory);
}

std::unique_ptr<Lab>& instance() {
    static std::unique_ptr<Lab> lab;
    return lab;
}

} // namespace

Lab& Lab::the() {
    if (!instance())
        instance().reset(new Lab);
    return *instance();
}

Lab::Lab() {
    try {
        make();
    } catch (...) { // nothing stays behind where the programs do not load
        clean();
        throw;
    }
}

void Lab::make() {
    make_wire();
    make_cgroups();
    bpffs_ = "/tmp/rw-lab-" + std::to_string(getpid());
    must(mkdir(bpffs_.c_str(), 0700) == 0, "mkdir " + bpffs_);
    must(mount("bpf", bpffs_.c_str(), "bpf", 0, nullptr) == 0, "mount bpffs");
    loader::Options options;
    options.cgroup = host_;
    options.pin_dir = bpffs_ + "/pins";
    options.limits.peers = options.limits.classes = options.limits.entries = 100'000;
    auto opened = loader::Datapath::open(options);
    if (!opened)
        throw std::runtime_error(opened.error().message);
    datapath_ = std::move(*opened);
    if (auto ok = datapath_->attach(); !ok)
        throw std::runtime_error(ok.error().message);
}

Lab::~Lab() {
    clean();
}

void Lab::clean() {
    if (datapath_)
        (void)datapath_->detach();
    datapath_.reset();
    umount(bpffs_.c_str());
    rmdir(bpffs_.c_str());
    if (holder_ > 0) {
        kill(holder_, SIGKILL);
        waitpid(holder_, nullptr, 0);
    }
    join_cgroup(fs::path(top_).parent_path());
    std::error_code ignored;
    std::vector<std::string> directories;
    for (const auto& entry : fs::recursive_directory_iterator(top_, ignored))
        if (entry.is_directory(ignored))
            directories.push_back(entry.path());
    for (auto deepest = directories.rbegin(); deepest != directories.rend(); ++deepest)
        rmdir(deepest->c_str());
    rmdir(top_.c_str());
}

void Lab::make_wire() {
    must(unshare(CLONE_NEWNET) == 0, "unshare");
    int ready[2];
    must(pipe(ready) == 0, "pipe");
    holder_ = fork();
    must(holder_ >= 0, "fork");
    if (holder_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const bool ok = unshare(CLONE_NEWNET) == 0;
        (void)!write(ready[1], ok ? "y" : "n", 1);
        for (;;)
            pause();
    }
    char answer = 0;
    must(read(ready[0], &answer, 1) == 1 && answer == 'y',
         "no network namespace for the other end");
    close(ready[0]);
    close(ready[1]);
    const std::string other = "nsenter -t " + std::to_string(holder_) + " -n ";
    sh("ip link set lo up && ip link add rwa type veth peer name rwb netns " +
       std::to_string(holder_));
    sh("ip addr add 10.99.0.1/24 dev rwa && ip -6 addr add fd99::1/64 dev rwa nodad && ip link set rwa up");
    sh(other + "ip addr add 10.99.0.2/24 dev rwb && " + other +
       "ip addr add 10.99.0.77/24 dev rwb && " + other +
       "ip -6 addr add fd99::2/64 dev rwb nodad && " + other + "ip link set rwb up && " + other +
       "ip link set lo up");
    ifindex_ = static_cast<int>(if_nametoindex("rwa"));
}

void Lab::make_cgroups() {
    const auto mount = loader::cgroup2_mount();
    if (!mount)
        throw std::runtime_error(mount.error().message);
    top_ = *mount + "/rw-lab-" + std::to_string(getpid());
    host_ = top_ + "/host";
    peer_ = top_ + "/peer";
    for (const auto& directory : {top_, host_, peer_})
        must(mkdir(directory.c_str(), 0755) == 0, "mkdir " + directory);
    join_cgroup(host_);
}

void Lab::selector(unsigned n, Attribute attribute, std::uint64_t value) {
    selectors_.emplace_back(n, attribute, value);
}

void Lab::clear_selectors() {
    selectors_.clear();
}

namespace {

// One entry per (direction, protocol, prefix); actions on the same one are merged.
void add_rules(loader::Delta& delta, loader::ClassRef& cls, std::uint32_t rule_set,
               const std::vector<Says>& rules) {
    for (const auto& rule : rules) {
        const bool inbound = rule.direction == loader::Direction::inbound;
        loader::EntryRow row;
        row.rule_set = rule_set;
        row.cls = cls.id;
        row.inbound = inbound;
        row.any_protocol = rule.any_protocol;
        row.protocol = rule.any_protocol ? 0 : rule.protocol;
        row.length = rule.any_protocol ? 0 : rule.length;
        row.port = rule.length ? rule.port & (0xffffu << (16 - rule.length)) : 0;
        auto same = std::ranges::find_if(delta.entries, [&](const auto& e) {
            return e.cls == row.cls && e.inbound == row.inbound &&
                   e.any_protocol == row.any_protocol && e.protocol == row.protocol &&
                   e.length == row.length && e.port == row.port;
        });
        if (same == delta.entries.end()) {
            row.id = static_cast<std::uint32_t>(delta.entries.size() + 1);
            same = delta.entries.insert(delta.entries.end(), row);
        }
        const bool any = rule.selectors == 0;
        if (rule.ends) {
            same->segments.push_back({rule.ends, rule.selectors, any});
            (inbound ? cls.in_lengths : cls.out_lengths) |= 1u << rule.length;
            continue;
        }
        switch (rule.action) {
        case Says::allow:
            any ? void(same->any_allow = true) : void(same->allow |= rule.selectors);
            break;
        case Says::deny:
            any ? void(same->any_deny = true) : void(same->deny |= rule.selectors);
            break;
        case Says::override_deny:
            any ? void(same->any_override_deny = true)
                : void(same->override_deny |= rule.selectors);
            break;
        case Says::failsafe:
            same->any_failsafe = true;
            break;
        }
        (inbound ? cls.in_lengths : cls.out_lengths) |=
            rule.any_protocol ? 1u << 17 : 1u << rule.length;
    }
}

} // namespace

std::uint32_t Lab::add_rule_set(loader::Delta& delta, const std::vector<Says>& rules,
                                const std::vector<Says>& unknown_rules) {
    loader::RuleSetRow set;
    set.id = ++rule_set_;
    set.unconstrained.fill(~0ull);
    for (const auto& [n, attribute, value] : selectors_)
        set.unconstrained[static_cast<std::size_t>(attribute)] &= ~(1ull << n);
    for (const auto& [n, attribute, value] : selectors_) {
        const auto free = set.unconstrained[static_cast<std::size_t>(attribute)];
        auto same = std::ranges::find_if(delta.attributes, [&](const auto& row) {
            return row.rule_set == set.id && row.attribute == attribute && row.value == value;
        });
        if (same == delta.attributes.end())
            delta.attributes.push_back({set.id, attribute, value, free | 1ull << n});
        else
            same->selectors |= 1ull << n;
    }
    loader::ClassRef named{.id = rule_set_ * 10 + 1};
    set.unknown.id = rule_set_ * 10 + 2;
    add_rules(delta, named, set.id, rules);
    add_rules(delta, set.unknown, set.id, unknown_rules);
    delta.classes.push_back({set.id, 7, named});
    delta.rule_sets.push_back(set);
    return set.id;
}

void Lab::policy(loader::Mode mode, const std::vector<Says>& rules,
                 const std::vector<Says>& unknown_rules) {
    loader::Delta delta;
    const auto set = add_rule_set(delta, rules, unknown_rules);
    apply(std::move(delta), mode, set, 0);
}

void Lab::policy_and_staged(loader::Mode mode, const std::vector<Says>& rules,
                            const std::vector<Says>& staged) {
    loader::Delta delta;
    const auto set = add_rule_set(delta, rules, {});
    const auto beside = add_rule_set(delta, staged, {});
    apply(std::move(delta), mode, set, beside);
}

void Lab::apply(loader::Delta delta, loader::Mode mode, std::uint32_t rule_set,
                std::uint32_t staged) {
    delta.complete = true;
    delta.raise_generation = true;
    delta.peers.push_back({Prefix::parse(there4).value(), 7});
    delta.peers.push_back({Prefix::parse(there6).value(), 7});
    loader::Subject subject;
    subject.id = the_subject;
    subject.cgroup = host_;
    subject.mode = mode;
    subject.rule_set = rule_set;
    subject.staged = staged;
    subject.local = {Address::parse(here4).value(), Address::parse(here6).value()};
    // the paths that count are those of this process
    struct stat user_ns{};
    stat("/proc/self/ns/user", &user_ns);
    subject.root.user_ns = static_cast<std::uint32_t>(user_ns.st_ino);
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        unsigned id, parent, major, minor;
        char root[256], point[256];
        if (std::sscanf(line.c_str(), "%u %u %u:%u %255s %255s", &id, &parent, &major, &minor, root,
                        point) == 6 &&
            std::string(point) == "/") {
            subject.root.device = major << 20 | minor;
            struct stat top{};
            stat("/", &top);
            subject.root.inode = std::string(root) == "/" ? 0 : top.st_ino;
        }
    }
    delta.subjects.push_back(subject);
    if (auto ok = datapath_->apply(delta); !ok)
        throw std::runtime_error(ok.error().message);
    (void)events();
    datapath_->drain_folds([](const auto&) {});
    // 5.10 runs test packets with the root cgroup: there the root stands for the subject
    const Fd cgroups(bpf_obj_get((bpffs_ + "/pins/cgroups").c_str()));
    const std::uint64_t root = 1;
    const std::uint32_t id = the_subject;
    bpf_map_update_elem(cgroups.get(), &root, &id, BPF_ANY);
}

int Lab::program(const char* name) const {
    const Fd link(bpf_obj_get((bpffs_ + "/pins/link_" + name).c_str()));
    bpf_link_info info{};
    std::uint32_t size = sizeof info;
    must(bpf_obj_get_info_by_fd(link.get(), &info, &size) == 0, "link info");
    return bpf_prog_get_fd_by_id(info.prog_id);
}

int Lab::run(loader::Direction direction, const std::vector<std::uint8_t>& packet, int device) {
    const bool in = direction == loader::Direction::inbound;
    static const int programs[2] = {program("rw_egress"), program("rw_ingress")};
    std::vector<std::uint8_t> frame(14);
    frame[12] = packet[0] >> 4 == 6 ? 0x86 : 0x08;
    frame[13] = packet[0] >> 4 == 6 ? 0xdd : 0x00;
    frame.insert(frame.end(), packet.begin(), packet.end());
    frame.resize(std::max<std::size_t>(frame.size(), 14 + 40));
    __sk_buff context{};
    context.ifindex = device ? device : ifindex_;
    bpf_test_run_opts opts{};
    opts.sz = sizeof opts;
    opts.data_in = frame.data();
    opts.data_size_in = static_cast<std::uint32_t>(frame.size());
    opts.ctx_in = &context;
    opts.ctx_size_in = sizeof context;
    opts.repeat = 1;
    must(bpf_prog_test_run_opts(programs[in], &opts) == 0, "BPF_PROG_TEST_RUN");
    return static_cast<int>(opts.retval & 1);
}

int Lab::spawn(const std::function<int()>& work, const std::string& cgroup, bool other_side) {
    const int pid = fork();
    must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int status = 99;
    try {
        join_cgroup(cgroup);
        if (other_side) {
            const Fd ns(open(("/proc/" + std::to_string(holder_) + "/ns/net").c_str(), O_RDONLY));
            must(setns(ns.get(), CLONE_NEWNET) == 0, "setns");
        }
        status = work();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
    }
    _exit(status);
}

Lab::Other Lab::there(const std::function<int()>& work) {
    return Other(spawn(work, peer_, true));
}

Lab::Other Lab::here(const std::function<int()>& work, const std::string& unit) {
    std::string directory = host_;
    if (!unit.empty()) {
        directory += "/" + unit;
        mkdir(directory.c_str(), 0755);
    }
    return Other(spawn(work, directory, false));
}

Lab::Other::~Other() {
    if (pid_ <= 0)
        return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

int Lab::Other::wait() {
    int status = -1;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::vector<loader::Event> Lab::events() {
    std::vector<loader::Event> out;
    datapath_->drain([&](const loader::Event& event) { out.push_back(event); });
    return out;
}

std::vector<loader::Event> Lab::sweep(loader::Sweep which) {
    std::vector<loader::Event> out;
    datapath_->sweep(which, [&](const loader::Event& event) { out.push_back(event); });
    return out;
}

bool Lab::has_storage(int socket) const {
    const Fd map(bpf_obj_get((bpffs_ + "/pins/sockets").c_str()));
    rw_socket value;
    return bpf_map_lookup_elem(map.get(), &socket, &value) == 0;
}

rw_slot Lab::slot(std::uint64_t cookie) const {
    const Fd map(bpf_obj_get((bpffs_ + "/pins/nursery").c_str()));
    const auto index = static_cast<std::uint32_t>(cookie % RW_NURSERY_SLOTS);
    rw_slot slot{};
    must(bpf_map_lookup_elem(map.get(), &index, &slot) == 0, "slot");
    return slot;
}

std::optional<rw_slot> Lab::slot_of(int socket) const {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    must(getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0, "cookie");
    const rw_slot found = slot(cookie);
    return found.cookie == cookie ? std::optional(found) : std::nullopt;
}

void Lab::fill_nursery() {
    write_nursery(~0ull);
}

void Lab::empty_nursery() {
    write_nursery(0);
}

void Lab::write_nursery(std::uint64_t cookie) const {
    const Fd map(bpf_obj_get((bpffs_ + "/pins/nursery").c_str()));
    rw_slot slot{};
    slot.cookie = cookie;
    for (std::uint32_t i = 0; i < RW_NURSERY_SLOTS; ++i)
        must(bpf_map_update_elem(map.get(), &i, &slot, BPF_ANY) == 0, "nursery");
}

rw_principal Lab::principal(std::uint64_t id) const {
    const Fd map(bpf_obj_get((bpffs_ + "/pins/principals").c_str()));
    rw_principal value{};
    must(bpf_map_lookup_elem(map.get(), &id, &value) == 0, "principal");
    return value;
}

rw_socket Lab::storage(int socket) const {
    const Fd map(bpf_obj_get((bpffs_ + "/pins/sockets").c_str()));
    rw_socket value{};
    if (bpf_map_lookup_elem(map.get(), &socket, &value) == 0)
        return value;
    const auto slot = slot_of(socket);
    must(slot.has_value(), "socket storage");
    return slot->socket;
}

} // namespace ringwall::test
