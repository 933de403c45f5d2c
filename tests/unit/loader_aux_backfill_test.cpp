// Sockets older than the programs. The measure is the kernel: what bpf/process.h says about a
// process when it binds a socket, backfill must have said about the socket it held before.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "bpf/abi.h"
#include "loader/backfill.h"
#include "loader/netns.h"
#include "loader/path_id.h"
#include "loader_aux_world.h"
#include "ringwall.skel.h"

namespace ringwall::loader::test {
namespace {

namespace fs = std::filesystem;

constexpr Secret secret{0x0123456789abcdef, 0x0fedcba987654321};

// The real maps with one program: it attributes a socket to its process at bind.
class Kernel {
  public:
    Kernel() : object_(ringwall_bpf::open()) {
        bpf_program* program = nullptr;
        bpf_object__for_each_program(program, object_->obj)
            bpf_program__set_autoload(program, program == object_->progs.rw_bind4);
        for (bpf_map* map : {object_->maps.peers4, object_->maps.peers6, object_->maps.classes,
                             object_->maps.entries, object_->maps.attributes})
            bpf_map__set_max_entries(map, 16);
        if (ringwall_bpf::load(object_) != 0)
            throw std::runtime_error("the BPF object does not load");
        rw_control control{};
        const std::uint32_t zero = 0;
        std::copy(secret.begin(), secret.end(), control.secret);
        control.generation = 1;
        control.flags = RW_CONTROL_GROUPS;
        bpf_map_update_elem(bpf_map__fd(object_->maps.control), &zero, &control, BPF_ANY);
    }
    ~Kernel() { ringwall_bpf::destroy(object_); }
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    void attach(const TestCgroup& cgroup) {
        const Fd directory(open(cgroup.path.c_str(), O_RDONLY | O_CLOEXEC));
        link_.reset(bpf_program__attach_cgroup(object_->progs.rw_bind4, directory.get()));
        if (!link_)
            throw std::runtime_error("the program does not attach");
    }
    int sockets() const { return bpf_map__fd(object_->maps.sockets); }
    int nursery() const { return bpf_map__fd(object_->maps.nursery); }
    std::optional<rw_socket> read(const Fd& socket) const {
        const int descriptor = socket.get();
        rw_socket value{};
        if (bpf_map_lookup_elem(sockets(), &descriptor, &value) != 0)
            return std::nullopt;
        return value;
    }
    rw_principal principal(std::uint64_t id) const {
        rw_principal value{};
        if (id) {
            EXPECT_EQ(0, bpf_map_lookup_elem(principals(), &id, &value));
        }
        return value;
    }
    int principals() const { return bpf_map__fd(object_->maps.principals); }
    void write(const Fd& socket, const rw_socket& value) const {
        const int descriptor = socket.get();
        ASSERT_EQ(0, bpf_map_update_elem(sockets(), &descriptor, &value, BPF_ANY));
    }

  private:
    ringwall_bpf* object_;
    Link link_;
};

std::uint64_t group_set_id(std::span<const std::uint32_t> groups) {
    return words_id(std::vector<std::uint64_t>(groups.begin(), groups.end()), groups.size(),
                    secret);
}

void run(const std::vector<std::string>& steps_must_work) {
    for (const auto& step : steps_must_work)
        if (std::system(step.c_str()) != 0)
            _exit(126);
}

// A socket's owner with what its principal says.
struct Whose : rw_owner, rw_principal {
    using rw_owner::flags, rw_owner::uid;
};

std::uint32_t text_of_owner_flags(const rw_owner& owner) {
    return owner.flags & ~(RW_OWNER_BACKFILLED | RW_OWNER_FOREIGN);
}

void expect_same_owner(const Whose& kernel, const Whose& ours) {
    EXPECT_EQ(kernel.exe, ours.exe);
    EXPECT_EQ(kernel.unit, ours.unit);
    EXPECT_EQ(kernel.groups, ours.groups);
    EXPECT_EQ(kernel.netns, ours.netns);
    EXPECT_EQ(kernel.cgroup, ours.cgroup);
    EXPECT_EQ(kernel.root_ino, ours.root_ino);
    EXPECT_EQ(kernel.root_dev, ours.root_dev);
    EXPECT_EQ(kernel.user_ns, ours.user_ns);
    EXPECT_EQ(kernel.mount_user_ns, ours.mount_user_ns);
    EXPECT_EQ(kernel.pid, ours.pid);
    EXPECT_EQ(kernel.uid, ours.uid);
    EXPECT_EQ(kernel.rw_principal::uid, ours.rw_principal::uid);
    EXPECT_EQ(kernel.gid, ours.gid);
    EXPECT_EQ(kernel.rw_principal::flags, ours.rw_principal::flags);
    EXPECT_EQ(text_of_owner_flags(kernel), text_of_owner_flags(ours));
    EXPECT_LE(ours.start_time, kernel.start_time);
    EXPECT_LT(kernel.start_time - ours.start_time, 1'000'000'000u / 50);
}

class Backfill : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (geteuid() == 0)
            kernel_ = std::make_unique<Kernel>();
    }
    static void TearDownTestSuite() { kernel_.reset(); }
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "BPF and cgroups need root";
        cgroup_ = std::make_unique<TestCgroup>();
    }

    std::size_t backfill_now() {
        BackfillContext context;
        context.sockets_map_fd = kernel_->sockets();
        context.nursery_map_fd = kernel_->nursery();
        context.cgroup = cgroup_->path;
        context.path_id = [](std::string_view path) { return path_id(path, secret); };
        context.name_id = [](std::string_view name) { return text_id(name, secret); };
        context.remember_exe = [this](std::uint64_t id, const std::string& path) {
            exes_[id] = path;
        };
        context.remember_unit = [this](std::uint64_t id, const std::string& path) {
            units_[id] = path;
        };
        context.remember_principal = [](const rw_principal& who) {
            std::array<std::uint64_t, RW_PRINCIPAL_WORDS> words;
            std::memcpy(words.data(), &who, sizeof who);
            const auto id = words_id(words, words.size(), secret);
            EXPECT_EQ(0, bpf_map_update_elem(kernel_->principals(), &id, &who, BPF_ANY));
            return id;
        };
        context.file_id = [](const FileKey& file) { return file_id(file, secret); };
        context.group_set = group_set_id;
        const auto count = backfill(context);
        EXPECT_TRUE(count) << count.error().message;
        return count.value_or(0);
    }

    // The holder as backfill sees it, which must be as the kernel sees it.
    Whose owner_by_both(Holder& holder) {
        EXPECT_EQ(1u, backfill_now());
        const auto ours = kernel_->read(holder.socket());
        kernel_->attach(*cgroup_);
        const auto kernels = kernel_->read(holder.bind_another());
        EXPECT_TRUE(ours && kernels);
        if (!ours || !kernels)
            return {};
        const Whose mine = whose(*ours), kernel = whose(*kernels);
        EXPECT_EQ(RW_OWNER_BACKFILLED | RW_OWNER_KNOWN,
                  mine.flags & (RW_OWNER_BACKFILLED | RW_OWNER_KNOWN));
        EXPECT_EQ(RW_DIR_NONE, ours->flow.direction);
        expect_same_owner(kernel, mine);
        EXPECT_EQ(kernel.file, mine.file);
        EXPECT_EQ(kernel.principal, mine.principal);
        if (kernel.file) {
            EXPECT_TRUE(file_ids_of_exe(holder.pid()).contains(kernel.file));
        }
        EXPECT_EQ(mine.exe ? text_id(fs::path(path_of(mine)).filename().string(), secret) : 0,
                  mine.name);
        EXPECT_EQ(kernel.name, mine.name);
        return mine;
    }
    static std::set<std::uint64_t> file_ids_of_exe(pid_t pid) {
        const Fd exe(open(("/proc/" + std::to_string(pid) + "/exe").c_str(), O_PATH | O_CLOEXEC));
        std::set<std::uint64_t> ids;
        for (const auto& key : file_keys(exe.get()))
            ids.insert(file_id(key, secret));
        return ids;
    }
    Whose whose(const rw_socket& socket) const {
        return {socket.owner, kernel_->principal(socket.owner.principal)};
    }
    std::string path_of(const Whose& owner) const {
        const auto found = exes_.find(owner.exe);
        return found == exes_.end() ? "" : found->second;
    }
    std::string copied_to(const std::string& path) const {
        fs::create_directories(fs::path(path).parent_path());
        fs::copy_file(Holder::program(), path);
        return path;
    }
    // A process in the cgroup that holds the sockets this test has open.
    std::unique_ptr<Child> sleeper() {
        return std::make_unique<Child>([&](const auto& ready) {
            enter_cgroup(cgroup_->path);
            ready();
            pause();
        });
    }
    std::uint8_t direction_of(const Fd& socket) const {
        const auto value = kernel_->read(socket);
        return value ? value->flow.direction : 255;
    }

    static inline std::unique_ptr<Kernel> kernel_;
    std::unique_ptr<TestCgroup> cgroup_;
    TemporaryDirectory directory_;
    std::map<std::uint64_t, std::string> exes_, units_;
};

// ---- who -------------------------------------------------------------------------------------

TEST_F(Backfill, names_the_program_its_unit_and_its_user) {
    Holder holder(*cgroup_, Holder::program(), {"user", "65534", "65533"});
    const auto owner = owner_by_both(holder);
    EXPECT_EQ(fs::canonical(Holder::program()), path_of(owner));
    EXPECT_EQ(cgroup_->unit, units_[owner.unit]);
    EXPECT_EQ(cgroup_->id, owner.cgroup);
    EXPECT_EQ(65534u, owner.uid);
    EXPECT_EQ(65533u, owner.gid);
    EXPECT_NE(0u, owner.file);
    EXPECT_NE(0u, owner.groups);
}

TEST_F(Backfill, knows_a_file_of_an_overlay_as_the_kernel_does) {
    const std::string layers = directory_.path;
    for (const char* name : {"/upper", "/work", "/merged"})
        fs::create_directory(layers + name);
    copied_to(layers + "/lower/daemon");
    Holder holder(*cgroup_, layers + "/merged/daemon", {}, [&] {
        unshare(CLONE_NEWNS);
        run({"mount --make-rprivate /",
             "mount -t overlay -o lowerdir=" + layers + "/lower,upperdir=" + layers +
                 "/upper,workdir=" + layers + "/work overlay " + layers + "/merged"});
    });
    EXPECT_NE(0u, owner_by_both(holder).file);
}

TEST_F(Backfill, keeps_the_path_of_a_program_that_was_deleted) {
    const std::string program = copied_to(directory_.path + "/daemon");
    Holder holder(*cgroup_, program);
    fs::remove(program);
    const auto owner = owner_by_both(holder);
    EXPECT_EQ(program, path_of(owner));
    EXPECT_TRUE(owner.flags & RW_OWNER_DELETED);
}

TEST_F(Backfill, takes_a_file_that_is_called_deleted_by_its_name) {
    const std::string program = copied_to(directory_.path + "/daemon (deleted)");
    Holder holder(*cgroup_, program);
    const auto owner = owner_by_both(holder);
    EXPECT_EQ(program, path_of(owner));
    EXPECT_FALSE(owner.flags & RW_OWNER_DELETED);
}

TEST_F(Backfill, shows_the_full_path_of_a_daemon_in_a_chroot) {
    const std::string jail = directory_.path + "/jail";
    const std::string program = copied_to(jail + "/bin/daemon");
    Holder holder(*cgroup_, "/bin/daemon", {}, [&] {
        if (chroot(jail.c_str()) != 0)
            _exit(126);
    });
    EXPECT_EQ(program, path_of(owner_by_both(holder)));
}

TEST_F(Backfill, shows_the_full_path_of_a_daemon_in_a_chroot_that_is_a_mount) {
    const std::string jail = directory_.path + "/jail";
    fs::create_directories(jail);
    Holder holder(*cgroup_, "/bin/daemon", {}, [&] {
        unshare(CLONE_NEWNS);
        run({"mount --make-rprivate /", "mount -t tmpfs tmpfs " + jail});
        copied_to(jail + "/bin/daemon");
        if (chroot(jail.c_str()) != 0)
            _exit(126);
    });
    // Nothing in this mount namespace can be seen from its top any more: better unresolved.
    EXPECT_EQ(1u, backfill_now());
    const auto owner = whose(*kernel_->read(holder.socket()));
    EXPECT_FALSE(owner.flags & RW_OWNER_PATH);
    EXPECT_EQ(0u, owner.exe);
}

TEST_F(Backfill, knows_a_program_that_left_for_a_chroot_after_its_start) {
    Holder holder(*cgroup_, Holder::program(), {"chroot", directory_.path});
    EXPECT_EQ(fs::canonical(Holder::program()), path_of(owner_by_both(holder)));
}

TEST_F(Backfill, knows_a_program_that_left_for_a_mount_namespace_after_its_start) {
    Holder holder(*cgroup_, Holder::program(), {"unshare-mounts"});
    EXPECT_EQ(fs::canonical(Holder::program()), path_of(owner_by_both(holder)));
}

TEST_F(Backfill, takes_a_path_that_is_bind_mounted_over_by_the_name_it_is_started_under) {
    const std::string name = directory_.path + "/named";
    std::ofstream(name) << "another program";
    Holder holder(*cgroup_, name, {}, [&] {
        unshare(CLONE_NEWNS);
        run({"mount --make-rprivate /", "mount --bind " + Holder::program() + " " + name});
    });
    EXPECT_EQ(name, path_of(owner_by_both(holder)));
}

TEST_F(Backfill, shows_a_container_by_its_own_root) {
    const std::string root = directory_.path + "/root";
    fs::create_directories(root);
    Holder holder(*cgroup_, "/usr/sbin/daemon", {}, [&] {
        unshare(CLONE_NEWNS);
        run({"mount --make-rprivate /", "mount -t tmpfs tmpfs " + root});
        copied_to(root + "/usr/sbin/daemon");
        if (chdir(root.c_str()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
            umount2(".", MNT_DETACH) != 0)
            _exit(126);
    });
    const auto owner = owner_by_both(holder);
    EXPECT_EQ("/usr/sbin/daemon", path_of(owner));
    EXPECT_EQ(0u, owner.root_ino);
}

TEST_F(Backfill, tells_apart_containers_whose_roots_are_directories_of_one_file_system) {
    const std::string root = directory_.path + "/root";
    copied_to(root + "/usr/sbin/daemon");
    struct stat info{};
    ASSERT_EQ(0, stat(root.c_str(), &info));
    Holder holder(*cgroup_, "/usr/sbin/daemon", {}, [&] {
        unshare(CLONE_NEWNS);
        run({"mount --make-rprivate /", "mount --bind " + root + " " + root});
        if (chdir(root.c_str()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
            umount2(".", MNT_DETACH) != 0)
            _exit(126);
    });
    const auto owner = owner_by_both(holder);
    EXPECT_EQ("/usr/sbin/daemon", path_of(owner));
    EXPECT_EQ(info.st_ino, owner.root_ino);
}

TEST_F(Backfill, says_which_user_namespace_a_forged_path_comes_from) {
    const std::string name = directory_.path + "/named";
    std::ofstream(name) << "another program";
    // By unshare(1): a process with TSan's thread gets no user namespace.
    Holder holder(*cgroup_, "/usr/bin/unshare",
                  {"--user", "--map-root-user", "--mount", "sh", "-c",
                   "mount --bind " + Holder::program() + " " + name + " && exec " + name});
    struct stat own{};
    ASSERT_EQ(0, stat("/proc/self/ns/user", &own));
    const auto owner = owner_by_both(holder);
    EXPECT_NE(own.st_ino, owner.user_ns);
    EXPECT_NE(own.st_ino, owner.mount_user_ns);
}

TEST_F(Backfill, leaves_a_program_without_a_file_unresolved) {
    Holder holder(*cgroup_, "/proc/self/fd/100", {}, [&] {
        const int memory = static_cast<int>(syscall(SYS_memfd_create, "daemon", 0));
        std::ifstream from(Holder::program(), std::ios::binary);
        std::ofstream("/proc/self/fd/" + std::to_string(memory), std::ios::binary) << from.rdbuf();
        dup2(memory, 100);
        close(memory);
    });
    const auto owner = owner_by_both(holder);
    EXPECT_TRUE(owner.flags & RW_OWNER_MEMFD);
    EXPECT_FALSE(owner.flags & RW_OWNER_PATH);
}

TEST_F(Backfill, leaves_a_path_that_is_too_long_unresolved) {
    std::string deep = directory_.path;
    while (deep.size() <= RW_PATH_BYTES)
        deep += "/" + std::string(200, 'd');
    Holder holder(*cgroup_, copied_to(deep + "/daemon"));
    const auto owner = owner_by_both(holder);
    EXPECT_TRUE(owner.flags & RW_OWNER_TOO_LONG);
    EXPECT_FALSE(owner.flags & RW_OWNER_PATH);
}

// ---- which socket, which direction -----------------------------------------------------------

TEST_F(Backfill, knows_inbound_from_outbound_by_the_listeners_of_each_network_namespace) {
    const TestNetns here, elsewhere;
    Pair pair, same_port;
    here.inside([&] { pair = tcp_pair(Kind::v4); });
    // Elsewhere that port belongs to a client.
    elsewhere.inside([&] {
        auto other = tcp_pair(Kind::v6);
        same_port.listener = std::move(other.listener);
        same_port.client = Fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto name = name_of(pair.listener);
        name.sin6_family = AF_INET6;
        name.sin6_addr = in6addr_loopback;
        ASSERT_EQ(0, bind(same_port.client.get(), reinterpret_cast<sockaddr*>(&name), sizeof name));
        connect_to(same_port.client, same_port.listener);
    });
    const auto holder = sleeper();
    EXPECT_EQ(5u, backfill_now());
    EXPECT_EQ(RW_DIR_IN, direction_of(pair.listener));
    EXPECT_EQ(RW_DIR_IN, direction_of(pair.accepted));
    EXPECT_EQ(RW_DIR_OUT, direction_of(pair.client));
    EXPECT_EQ(RW_DIR_IN, direction_of(same_port.listener));
    EXPECT_EQ(RW_DIR_OUT, direction_of(same_port.client));
    const auto value = kernel_->read(pair.accepted);
    EXPECT_EQ(netns_cookie(pair.client.get()), value->owner.netns);
    EXPECT_EQ(RW_VERDICT_NONE, value->flow.verdict);
    EXPECT_EQ(0u, value->flow.generation);
}

TEST_F(Backfill, gives_datagrams_and_idle_sockets_no_direction) {
    const Fd server = udp_socket(Kind::v4), client = udp_socket(Kind::mapped);
    const Fd unused(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Fd unix_socket(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    connect_to(client, udp_socket(Kind::mapped));
    const auto holder = sleeper();
    EXPECT_EQ(3u, backfill_now());
    for (const Fd* fd : {&server, &client, &unused})
        EXPECT_EQ(RW_DIR_NONE, direction_of(*fd));
}

TEST_F(Backfill, never_writes_over_what_the_kernel_knows) {
    const Fd socket = udp_socket(Kind::v4);
    rw_socket known{};
    known.owner.principal = 77;
    kernel_->write(socket, known);
    const auto holder = sleeper();
    EXPECT_EQ(0u, backfill_now());
    EXPECT_EQ(77u, kernel_->read(socket)->owner.principal);
}

TEST_F(Backfill, writes_nothing_beside_a_young_connection) {
    const Fd socket = udp_socket(Kind::v4);
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    ASSERT_EQ(0, getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size));
    const auto index = static_cast<std::uint32_t>(cookie % RW_NURSERY_SLOTS);
    rw_slot slot{};
    slot.cookie = cookie;
    ASSERT_EQ(0, bpf_map_update_elem(kernel_->nursery(), &index, &slot, BPF_ANY));
    const auto holder = sleeper();
    EXPECT_EQ(0u, backfill_now());
    EXPECT_FALSE(kernel_->read(socket));
}

TEST_F(Backfill, is_the_same_the_second_time) {
    const Fd socket = udp_socket(Kind::v4);
    const auto holder = sleeper();
    EXPECT_EQ(1u, backfill_now());
    EXPECT_EQ(0u, backfill_now());
}

TEST_F(Backfill, leaves_processes_of_other_cgroups_alone_and_takes_those_below) {
    const Fd mine = udp_socket(Kind::v4);
    EXPECT_EQ(0u, backfill_now());
    const std::string below = cgroup_->path + "/app.slice";
    ASSERT_EQ(0, mkdir(below.c_str(), 0755));
    {
        const Child holder([&](const auto& ready) {
            enter_cgroup(below);
            ready();
            pause();
        });
        EXPECT_EQ(1u, backfill_now());
        const auto owner = whose(*kernel_->read(mine));
        EXPECT_EQ(cgroup_->unit + "/app.slice", units_[owner.unit]);
        EXPECT_EQ(cgroup_id(below).value(), owner.cgroup);
        EXPECT_EQ(static_cast<std::uint32_t>(holder.pid), owner.pid);
    }
    rmdir(below.c_str());
}

TEST_F(Backfill, gives_a_shared_socket_to_the_process_that_was_started_last) {
    const Fd socket = udp_socket(Kind::v4);
    const auto master = sleeper(), worker = sleeper();
    EXPECT_EQ(1u, backfill_now());
    EXPECT_EQ(static_cast<std::uint32_t>(worker->pid), kernel_->read(socket)->owner.pid);
}

TEST_F(Backfill, gives_a_socket_of_systemd_to_the_service_that_holds_it_too) {
    const Fd socket = udp_socket(Kind::v4);
    const auto service = sleeper();
    const Fd kept(dup(socket.get())); // not closed when the holder executes
    Holder manager(*cgroup_, "/usr/lib/systemd/systemd", {}, [&] {
        unshare(CLONE_NEWNS);
        run({"mount --make-rprivate /", "mkdir -p " + directory_.path + "/s",
             "cp " + Holder::program() + " " + directory_.path + "/s/systemd",
             "mount --bind " + directory_.path + "/s /usr/lib/systemd"});
    });
    EXPECT_EQ(2u, backfill_now());
    EXPECT_EQ(static_cast<std::uint32_t>(service->pid), kernel_->read(socket)->owner.pid);
    EXPECT_EQ("/usr/lib/systemd/systemd", path_of(whose(*kernel_->read(manager.socket()))));
}

TEST_F(Backfill, refuses_a_directory_that_is_no_cgroup) {
    BackfillContext context;
    context.cgroup = directory_.path;
    const auto count = backfill(context);
    ASSERT_FALSE(count);
    EXPECT_NE(std::string::npos,
              count.error().message.find("not a directory of the cgroup v2 tree"));
}

} // namespace
} // namespace ringwall::loader::test
