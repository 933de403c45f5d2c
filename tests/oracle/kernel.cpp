#include "tests/oracle/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "oracle.skel.h"
#include "tests/oracle/cgroups.h"
#include "tests/oracle/exchange.h"
#include "tests/oracle/frame.h"
#include "tests/oracle/pins.h"

namespace ringwall::oracle {
namespace {

constexpr std::uint64_t unknown_file = 4711; // its digest is not known

void must(bool good, const std::string& what) {
    if (!good)
        throw std::runtime_error(what + ": " + std::strerror(errno));
}

void run(const std::string& command) {
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error("failed: " + command);
}

// The mount namespace and root that this process sees.
loader::Root own_root() {
    loader::Root root;
    struct stat user_ns{}, top{};
    must(stat("/proc/self/ns/user", &user_ns) == 0 && stat("/", &top) == 0, "stat");
    root.user_ns = static_cast<std::uint32_t>(user_ns.st_ino);
    root.device = 0x12345; // any root will do: owners are said, not found
    root.inode = 0;
    return root;
}

struct Destroy {
    void operator()(oracle_bpf* object) const { oracle_bpf__destroy(object); }
};
using Object = std::unique_ptr<oracle_bpf, Destroy>;

// The test object on the datapath's own maps.
Object load(const std::string& pins) {
    Object object(oracle_bpf__open());
    must(object != nullptr, "open the test object");
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object->obj) {
        const int fd = bpf_obj_get((pins + "/" + bpf_map__name(map)).c_str());
        if (fd < 0)
            continue; // its own
        must(bpf_map__reuse_fd(map, fd) == 0, std::string("reuse ") + bpf_map__name(map));
        close(fd);
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object->obj) bpf_program__set_autoload(
        program, std::strncmp(bpf_program__name(program), "oracle_", 7) == 0);
    must(oracle_bpf__load(object.get()) == 0, "load the test object");
    return object;
}

class RealKernel final : public Kernel {
  public:
    RealKernel() {
        must(unshare(CLONE_NEWNET) == 0, "a network namespace of its own");
        run("ip link add rw-oracle0 type veth peer name rw-oracle1 && ip link set rw-oracle0 up");
        x_interface = if_nametoindex("rw-oracle0");
        loader::Options options;
        options.cgroup = x_cgroups.directory("");
        options.pin_dir = x_pins.path();
        options.limits.peers = options.limits.classes = options.limits.entries = 100'000;
        auto opened = loader::Datapath::open(options);
        if (!opened)
            throw std::runtime_error(opened.error().message);
        x_datapath = std::move(*opened);
        x_object = load(x_pins.path());
        void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                            bpf_map__fd(x_object->maps.exchange), 0);
        must(memory != MAP_FAILED, "map the exchange");
        x_exchange = static_cast<oracle_exchange*>(memory);
        know_digests();
    }

    ~RealKernel() override {
        munmap(x_exchange, 4096);
        x_object.reset();
        if (x_datapath)
            (void)x_datapath->detach();
    }

    Numbering numbering() override {
        return {.path_id = [this](std::string_view text) { return x_datapath->path_id(text); },
                .name_id = [this](std::string_view text) { return x_datapath->name_id(text); },
                .root = x_root,
                .containers = container_cgroups(),
                .cgroup_directory =
                    [this](const std::string& cgroup) { return x_cgroups.directory(cgroup); },
                .unit_root = {}};
    }

    std::expected<void, std::string> apply(const loader::Delta& delta) override {
        x_datapath->drain([](const auto&) {});
        x_datapath->drain_folds([](const auto&) {});
        const auto applied = x_datapath->apply(delta);
        if (applied)
            return {};
        return std::unexpected("the datapath refuses: " + applied.error().message);
    }

    void enter(const model::Workload& subject) override { x_cgroups.enter(subject.cgroup); }
    Answered decide(const Flow& flow) override;

  private:
    void know_digests();
    std::uint64_t groups(const std::vector<std::uint32_t>& groups);
    void say_owner(const Process& process);
    void send(const Flow& flow);

    Cgroups x_cgroups;
    PinDirectory x_pins;
    loader::Root x_root = own_root();
    std::unique_ptr<loader::Datapath> x_datapath;
    Object x_object;
    oracle_exchange* x_exchange = nullptr;
    unsigned x_interface = 0;
    std::map<std::vector<std::uint32_t>, std::uint64_t> x_groups;
    std::uint64_t x_count = 0;
};

// A file's id is its digest's id here.
void RealKernel::know_digests() {
    for (const std::string& digest : imaginary_programs().sha256) {
        const std::uint64_t id = *agent::digest_id(digest);
        must(bpf_map_update_elem(bpf_map__fd(x_object->maps.digests), &id, &id, BPF_ANY) == 0,
             "tell a digest");
    }
}

std::uint64_t RealKernel::groups(const std::vector<std::uint32_t>& groups) {
    const auto [known, fresh] = x_groups.emplace(groups, x_groups.size() + 1);
    if (fresh) {
        rw_groups set{};
        set.count = static_cast<std::uint32_t>(groups.size());
        std::copy(groups.begin(), groups.end(), set.gid);
        must(bpf_map_update_elem(bpf_map__fd(x_object->maps.group_sets), &known->second, &set,
                                 BPF_ANY) == 0,
             "tell a group list");
    }
    return known->second;
}

// An unresolved path is none, or one seen from another user namespace or under another root.
void RealKernel::say_owner(const Process& process) {
    const Owner from = owner(process, numbering());
    rw_owner& out = x_exchange->owner;
    out = {};
    if (!from.known)
        return;
    out.flags = RW_OWNER_KNOWN;
    out.user_ns = out.mount_user_ns = x_root.user_ns;
    out.root_dev = x_root.device;
    out.root_ino = x_root.inode;
    const auto kind = from.path ? 0 : 1 + x_count % 5;
    if (kind != 1) {
        const std::string& other = imaginary_programs().paths[x_count % 5];
        out.flags |= RW_OWNER_PATH;
        out.exe = from.path ? *from.path : x_datapath->path_id(other);
        out.name = from.name ? *from.name : x_datapath->name_id(other.substr(other.rfind('/') + 1));
        out.user_ns += kind == 2;
        out.mount_user_ns += kind == 3;
        out.root_dev += kind == 4;
        out.root_ino += kind == 5;
    }
    out.file = from.digest ? *from.digest : x_count % 2 ? unknown_file : 0;
    out.unit = from.unit.value_or(0);
    out.cgroup = from.cgroup;
    out.uid = from.user;
    out.gid = from.groups.front();
    out.groups = from.more_groups ? 0 : groups(from.groups);
}

void RealKernel::send(const Flow& flow) {
    const bool outbound = flow.direction == Direction::outbound;
    std::vector<std::uint8_t> data = frame(flow, x_count % 8 != 0);
    __sk_buff context{};
    context.ifindex = x_interface;
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = data.data();
    options.data_size_in = static_cast<std::uint32_t>(data.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = 1;
    const bpf_program* program =
        outbound ? x_object->progs.oracle_egress : x_object->progs.oracle_ingress;
    must(bpf_prog_test_run_opts(bpf_program__fd(program), &options) == 0, "BPF_PROG_TEST_RUN");
}

Answered RealKernel::decide(const Flow& flow) {
    constexpr std::uint32_t not_run = 9;
    ++x_count;
    *x_exchange = {};
    say_owner(flow.process);
    x_exchange->passes = not_run;
    if (flow.protocol == 6)
        x_exchange->tcp_direction = flow.direction == Direction::outbound ? RW_DIR_OUT : RW_DIR_IN;
    send(flow);
    const oracle_exchange& x = *x_exchange;
    if (x.passes == not_run)
        throw std::runtime_error("the test program did not get as far as the product's");
    Answered out;
    out.rule_set = x.rule_set;
    out.peer = x.peer;
    out.entry = x.entry;
    out.sure = x.sure;
    out.maybe = x.maybe;
    // What passes is kept on the socket with its verdict, unless nobody was asked.
    out.idle = x.passes && (x.flow.generation == 0 || x.flow.reason == RW_REASON_IDLE);
    out.verdict =
        x.passes ? static_cast<loader::Verdict>(x.flow.verdict) : loader::Verdict::blocked;
    return out;
}

} // namespace

std::unique_ptr<Kernel> make_kernel() {
    return std::make_unique<RealKernel>();
}

} // namespace ringwall::oracle
