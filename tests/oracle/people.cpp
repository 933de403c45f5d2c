#include "tests/oracle/people.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/oracle/frame.h"

namespace ringwall::oracle {
namespace {

namespace fs = std::filesystem;

constexpr int marker_timeout_ms = 10'000;

void must(bool good, const std::string& what) {
    if (!good)
        throw std::runtime_error(what + ": " + std::strerror(errno));
}

void shell(const std::string& command) {
    if (std::system(command.c_str()) != 0)
        throw std::runtime_error("failed: " + command);
}

std::string sha256(const std::string& file) {
    FILE* out = popen(("sha256sum " + file).c_str(), "r");
    char digest[65] = "";
    must(out && std::fscanf(out, "%64s", digest) == 1, "sha256sum " + file);
    pclose(out);
    return digest;
}

void stay_on_one_cpu() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    must(sched_setaffinity(0, sizeof one, &one) == 0, "sched_setaffinity");
}

enum class Kind { plain, memfd, own_user_namespace };

struct Role {
    std::string cgroup;
    std::size_t program = 0;
    std::uint32_t user = 0;
    std::vector<std::uint32_t> groups; // the first is the gid
    Kind kind = Kind::plain;
};

void exec_from_memory(const std::string& program) {
    const int from = open(program.c_str(), O_RDONLY);
    const int to = memfd_create("probe", 0);
    struct stat size{};
    fstat(from, &size);
    for (off_t done = 0; done < size.st_size;)
        if (sendfile(to, from, &done, static_cast<std::size_t>(size.st_size - done)) <= 0)
            return;
    char* const arguments[] = {const_cast<char*>("probe"), nullptr};
    fexecve(to, arguments, environ);
}

// In the child: becomes the role, or leaves.
[[noreturn]] void become(const Role& role, const std::string& program, int descriptor) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(descriptor, probe_descriptor);
    const std::vector<gid_t> groups(role.groups.begin(), role.groups.end());
    const bool good = setgroups(groups.size(), groups.data()) == 0 &&
                      setresgid(groups[0], groups[0], groups[0]) == 0 &&
                      setresuid(role.user, role.user, role.user) == 0 &&
                      (role.kind != Kind::own_user_namespace || unshare(CLONE_NEWUSER) == 0);
    if (good && role.kind == Kind::memfd)
        exec_from_memory(program);
    else if (good)
        execl(program.c_str(), program.c_str(), nullptr);
    _exit(99);
}

std::unique_ptr<Person> start(const std::function<void(int)>& child) {
    int ends[2];
    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "socketpair");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const int pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0)
        child(ends[1]);
    close(ends[1]);
    return std::make_unique<Person>(pid, ends[0]);
}

} // namespace

Person::~Person() {
    close(descriptor_);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

void Person::await_ready() const {
    char byte;
    must(recv(descriptor_, &byte, 1, 0) == 1, "the other end did not start");
}

void Person::let_go() const {
    must(send(descriptor_, "g", 1, 0) == 1, "let the other end go");
}

ProbeReply Person::ask(Ask what, const std::vector<ProbeFlow>& flows) const {
    ProbeRequest request;
    ProbeReply reply;
    request.ask = what;
    request.count = static_cast<std::uint8_t>(flows.size());
    std::copy(flows.begin(), flows.end(), request.flows.begin());
    must(send(descriptor_, &request, sizeof request, MSG_NOSIGNAL) == sizeof request &&
             recv(descriptor_, &reply, sizeof reply, 0) == sizeof reply,
         fmt::format("the probe {} does not answer", pid_));
    return reply;
}

Town::Town(Cgroups& cgroups, const std::string& probe)
    : cgroups_(cgroups), probe_(probe),
      directory_(fmt::format("/tmp/rw-oracle-programs-{}", getpid())) {
    stay_on_one_cpu();
    make_wire();
    make_programs();
    make_people();
}

Town::~Town() {
    people_.clear();
    other_end_.reset();
    close(marker_);
    umount2(directory_.c_str(), MNT_DETACH);
    rmdir(directory_.c_str());
}

void Town::make_wire() {
    must(unshare(CLONE_NEWNET) == 0, "a network namespace of its own");
    other_end_ = start([this](int descriptor) {
        char ready = 0;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(descriptor, probe_descriptor);
        if (unshare(CLONE_NEWNET) == 0 && send(probe_descriptor, "y", 1, 0) == 1 &&
            recv(probe_descriptor, &ready, 1, 0) == 1)
            execl(probe_.c_str(), probe_.c_str(), nullptr);
        _exit(99);
    });
    other_end_->await_ready();
    const std::string there = fmt::format("nsenter -t {} -n ", other_end_->pid());
    shell(fmt::format("ip link set lo up && ip link add rw-oracle0 address 02:00:00:00:00:01 type "
                      "veth peer name rw-oracle1 address 02:00:00:00:00:02 netns {}",
                      other_end_->pid()));
    shell(fmt::format("ip addr add {}/24 dev rw-oracle0 && ip -6 addr add {}/64 dev rw-oracle0 "
                      "nodad && ip link set rw-oracle0 up",
                      own_v4, own_v6));
    shell(fmt::format("{0} ip link set lo up && {0} ip addr add 192.0.2.2/24 dev rw-oracle1 && "
                      "{0} ip -6 addr add fd99:199::2/64 dev rw-oracle1 nodad && "
                      "{0} ip link set rw-oracle1 up",
                      there));
    // Nobody has to be asked who has an address, so no packet ever waits for the answer.
    for (const char* address : {"192.0.2", "fd99:199:"})
        shell(fmt::format("ip neigh replace {0}{2}2 lladdr 02:00:00:00:00:02 dev rw-oracle0 && "
                          "{1} ip neigh replace {0}{2}1 lladdr 02:00:00:00:00:01 dev rw-oracle1",
                          address, there, std::string_view(address).ends_with(':') ? ":" : "."));
    for (const char* net : {"10.0.0.0/8", "172.17.0.0/16"})
        shell(fmt::format("ip route add {0} via 192.0.2.2 && {1} ip route add local {0} dev lo",
                          net, there));
    for (const char* net : {"2001:db8::/32", "fd00::/64"})
        shell(fmt::format("ip -6 route add {0} via fd99:199::2 && {1} ip -6 route add local {0} "
                          "dev lo",
                          net, there));
    shell("echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start");
    shell(there + "sh -c 'echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind'");
    other_end_->let_go();

    marker_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(marker_port);
    must(bind(marker_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0, "bind the marker");
}

// Five programs, two of them of one name; each differs in its last bytes.
void Town::make_programs() {
    fs::create_directories(directory_);
    must(mount("programs", directory_.c_str(), "tmpfs", 0, "mode=755") == 0, "mount a tmpfs");
    programs_ = imaginary_programs();
    programs_.sha256.clear();
    for (std::string& path : programs_.paths) {
        path = directory_ + path;
        fs::create_directories(fs::path(path).parent_path());
        fs::copy_file(probe_, path);
        std::ofstream(path, std::ios::app) << path;
        chmod(path.c_str(), 0755);
        programs_.sha256.push_back(sha256(path));
        digests_[path] = programs_.sha256.back();
    }
    const std::string units = cgroups_.unit_root();
    programs_.node.unit_parent = units;
    programs_.units = {"named.service", "web.service", units + "/other.slice/web.service",
                       units + "/machine.slice/c0"};
    containers_ = {{cgroups_.id("/named.service"), ""},
                   {cgroups_.id("/web.service"), "shop"},
                   {cgroups_.id("/machine.slice/c0"), "cache"},
                   {cgroups_.id("/machine.slice/c0/inner.service"), "shop"}};
}

void Town::make_people() {
    const std::vector<Role> roles{
        {"/named.service", 0, 53, {50, 51}},
        {"/named.service", 4, 0, {0}},
        {"/named.service", 2, 1000, {1002, 50}, Kind::memfd},
        {"/web.service", 1, 1000, {51}},
        {"/web.service", 2, 1002, {1002, 0, 51}},
        {"/web.service", 0, 1002, {50}, Kind::own_user_namespace},
        {"/other.slice/web.service", 1, 0, {0, 50}},
        {"/other.slice/web.service", 3, 53, {51}},
        {"/machine.slice/c0", 3, 1000, {50}},
        {"/machine.slice/c0", 0, 53, {1002}},
        {"/machine.slice/c0/inner.service", 1, 1002, {51, 50}},
        {"/machine.slice/c1", 2, 0, {0, 1002}},
        {"/machine.slice/c1", 4, 1000, {51}, Kind::memfd},
    };
    for (const Role& role : roles) {
        const std::string& program = programs_.paths[role.program];
        const std::string cgroup = cgroups_.directory(role.cgroup);
        auto person = start([&](int descriptor) {
            std::ofstream(cgroup + "/cgroup.procs") << getpid() << std::flush;
            become(role, program, descriptor);
        });
        person->cgroup = role.cgroup;
        Process& facts = person->facts;
        if (role.kind == Kind::plain) {
            facts.path = program;
            facts.sha256 = digests_.at(program);
        }
        facts.unit = cgroups_.unit_root() + role.cgroup;
        const auto container = containers_.find(cgroups_.id(role.cgroup));
        if (container != containers_.end())
            facts.container = container->second;
        facts.user = role.user;
        facts.groups.emplace(role.groups.begin(), role.groups.end());
        people_.push_back(std::move(person));
    }
}

void Town::await_marker() const {
    pollfd wait{marker_, POLLIN, 0};
    char byte;
    (void)other_end_->ask(Ask::mark, {});
    must(poll(&wait, 1, marker_timeout_ms) == 1 && recv(marker_, &byte, 1, 0) == 1,
         "the marker did not arrive");
}

ProbeReply Town::inward(const Person& person, const std::vector<ProbeFlow>& flows) const {
    const ProbeReply served = person.ask(Ask::serve, flows);
    const ProbeReply sent = other_end_->ask(Ask::send, flows);
    for (int hop = 0; hop < 3; ++hop) // request, answer, acknowledgement
        await_marker();
    const ProbeReply settled = other_end_->ask(Ask::settled, flows);
    ProbeReply out = person.ask(Ask::collect, flows);
    for (std::size_t i = 0; i < flows.size(); ++i) {
        const bool stream = flows[i].protocol == 6;
        if (served.outcomes[i] != Outcome::passed || sent.outcomes[i] != Outcome::passed) {
            out.outcomes[i] = Outcome::failed;
            out.errors[i] = served.errors[i] ? served.errors[i] : sent.errors[i];
        } else if (stream && (settled.outcomes[i] == Outcome::passed) !=
                                 (out.outcomes[i] == Outcome::passed)) {
            out.outcomes[i] = Outcome::failed; // the ends disagree
        }
    }
    return out;
}

} // namespace ringwall::oracle
