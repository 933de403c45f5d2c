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
void put(const bpf_map* tail_calls, const bpf_program* program) {
    const std::uint32_t first = 0;
    const int fd = bpf_program__fd(program);
    must(bpf_map_update_elem(bpf_map__fd(tail_calls), &first, &fd, BPF_ANY) == 0, "tail call");
}

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
    put(object->maps.explain_in, object->progs.oracle_explain_ingress);
    put(object->maps.explain_out, object->progs.oracle_explain_egress);
    return object;
}

class RealKernel final : public Kernel {
  public:
    RealKernel() {
        must(unshare(CLONE_NEWNET) == 0, "a network namespace of its own");
        run("ip link add rw-oracle0 type veth peer name rw-oracle1 && ip link set rw-oracle0 up");
        interface_ = if_nametoindex("rw-oracle0");
        loader::Options options;
        options.cgroup = cgroups_.directory("");
        options.pin_dir = pins_.path();
        options.limits.peers = options.limits.classes = options.limits.entries = 100'000;
        auto opened = loader::Datapath::open(options);
        if (!opened)
            throw std::runtime_error(opened.error().message);
        datapath_ = std::move(*opened);
        object_ = load(pins_.path());
        void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                            bpf_map__fd(object_->maps.exchange), 0);
        must(memory != MAP_FAILED, "map the exchange");
        exchange_ = static_cast<oracle_exchange*>(memory);
        know_digests();
    }

    ~RealKernel() override {
        munmap(exchange_, 4096);
        object_.reset();
        if (datapath_)
            (void)datapath_->detach();
    }

    Numbering numbering() override {
        return {.path_id = [this](std::string_view text) { return datapath_->path_id(text); },
                .name_id = [this](std::string_view text) { return datapath_->name_id(text); },
                .root = root_,
                .containers = container_cgroups(),
                .cgroup_directory =
                    [this](const std::string& cgroup) { return cgroups_.directory(cgroup); },
                .unit_root = {}};
    }

    std::expected<void, std::string> apply(const loader::Delta& delta) override {
        datapath_->drain([](const auto&) {});
        datapath_->drain_folds([](const auto&) {});
        const auto applied = datapath_->apply(delta);
        if (applied)
            return {};
        return std::unexpected("the datapath refuses: " + applied.error().message);
    }

    void enter(const model::Workload& subject) override { cgroups_.enter(subject.cgroup); }
    Answered decide(const Flow& flow) override;

  private:
    void know_digests();
    std::uint64_t groups(const std::vector<std::uint32_t>& groups);
    void say_owner(const Process& process);
    void send(const Flow& flow);

    Cgroups cgroups_;
    PinDirectory pins_;
    loader::Root root_ = own_root();
    std::unique_ptr<loader::Datapath> datapath_;
    Object object_;
    oracle_exchange* exchange_ = nullptr;
    unsigned interface_ = 0;
    std::map<std::vector<std::uint32_t>, std::uint64_t> groups_;
    std::uint64_t count_ = 0;
};

// A file's id is its digest's id here.
void RealKernel::know_digests() {
    for (const std::string& digest : imaginary_programs().sha256) {
        const std::uint64_t id = *agent::digest_id(digest);
        must(bpf_map_update_elem(bpf_map__fd(object_->maps.digests), &id, &id, BPF_ANY) == 0,
             "tell a digest");
    }
}

std::uint64_t RealKernel::groups(const std::vector<std::uint32_t>& groups) {
    const auto [known, fresh] = groups_.emplace(groups, groups_.size() + 1);
    if (fresh) {
        rw_groups set{};
        set.count = static_cast<std::uint32_t>(groups.size());
        std::copy(groups.begin(), groups.end(), set.gid);
        must(bpf_map_update_elem(bpf_map__fd(object_->maps.group_sets), &known->second, &set,
                                 BPF_ANY) == 0,
             "tell a group list");
    }
    return known->second;
}

// An unresolved path is none, or one seen from another user namespace or under another root.
void RealKernel::say_owner(const Process& process) {
    const Owner from = owner(process, numbering());
    rw_principal& out = exchange_->who;
    out = {};
    if (!from.known)
        return;
    out.flags = RW_OWNER_KNOWN;
    out.user_ns = out.mount_user_ns = root_.user_ns;
    out.root_dev = root_.device;
    out.root_ino = root_.inode;
    const auto kind = from.path ? 0 : 1 + count_ % 5;
    if (kind != 1) {
        const std::string& other = imaginary_programs().paths[count_ % 5];
        out.flags |= RW_OWNER_PATH;
        out.exe = from.path ? *from.path : datapath_->path_id(other);
        out.name = from.name ? *from.name : datapath_->name_id(other.substr(other.rfind('/') + 1));
        out.user_ns += kind == 2;
        out.mount_user_ns += kind == 3;
        out.root_dev += kind == 4;
        out.root_ino += kind == 5;
    }
    out.file = from.digest ? *from.digest : count_ % 2 ? unknown_file : 0;
    out.unit = from.unit.value_or(0);
    out.cgroup = from.cgroup;
    out.uid = from.user;
    out.gid = from.groups.front();
    out.groups = from.more_groups ? 0 : groups(from.groups);
}

void RealKernel::send(const Flow& flow) {
    const bool outbound = flow.direction == Direction::outbound;
    std::vector<std::uint8_t> data = frame(flow, count_ % 8 != 0);
    __sk_buff context{};
    context.ifindex = interface_;
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = data.data();
    options.data_size_in = static_cast<std::uint32_t>(data.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = 1;
    const bpf_program* program =
        outbound ? object_->progs.oracle_egress : object_->progs.oracle_ingress;
    must(bpf_prog_test_run_opts(bpf_program__fd(program), &options) == 0, "BPF_PROG_TEST_RUN");
}

Answered RealKernel::decide(const Flow& flow) {
    constexpr std::uint32_t not_run = 9;
    ++count_;
    *exchange_ = {};
    say_owner(flow.process);
    exchange_->passes = not_run;
    if (flow.protocol == 6)
        exchange_->tcp_direction = flow.direction == Direction::outbound ? RW_DIR_OUT : RW_DIR_IN;
    send(flow);
    const oracle_exchange& x = *exchange_;
    if (x.passes == not_run)
        throw std::runtime_error("the test program did not get as far as the product's");
    Answered out;
    out.rule_set = x.rule_set;
    out.peer = x.peer;
    out.entry = x.entry;
    out.sure = x.sure;
    out.maybe = x.maybe;
    // What passes is kept on the socket with its verdict, unless nobody was asked.
    out.idle = x.passes && (x.flow.verdict == RW_VERDICT_NONE || x.flow.reason == RW_REASON_IDLE);
    out.verdict =
        x.passes ? static_cast<loader::Verdict>(x.flow.verdict) : loader::Verdict::blocked;
    return out;
}

} // namespace

std::unique_ptr<Kernel> make_kernel() {
    return std::make_unique<RealKernel>();
}

} // namespace ringwall::oracle
