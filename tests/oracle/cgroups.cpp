#include "tests/oracle/cgroups.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "loader/datapath.h"

namespace ringwall::oracle {
namespace {

namespace fs = std::filesystem;

constexpr const char* prefix = "rw-oracle-";

void remove_tree(const std::string& top) {
    std::vector<std::string> found{top};
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(top, ignored))
        if (entry.is_directory(ignored))
            found.push_back(entry.path());
    for (auto at = found.rbegin(); at != found.rend(); ++at)
        rmdir(at->c_str());
}

// What a run that was killed left behind.
void remove_stale(const std::string& mounted) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(mounted, ignored)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with(prefix))
            continue;
        const int pid = std::atoi(name.c_str() + std::strlen(prefix));
        if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
            remove_tree(entry.path());
    }
}

} // namespace

Cgroups::Cgroups() {
    const auto mounted = loader::cgroup2_mount();
    if (!mounted)
        throw std::runtime_error(mounted.error().message);
    std::string line, own;
    for (std::ifstream file("/proc/self/cgroup"); std::getline(file, line);)
        if (line.starts_with("0::"))
            own = line.substr(3);
    parent_ = *mounted + (own == "/" ? "" : own);
    remove_stale(*mounted);
    top_ = fmt::format("{}/{}{}", *mounted, prefix, getpid());
    below_mount_ = fmt::format("/{}{}/host", prefix, getpid());
    fs::create_directories(top_ + "/host");
}

Cgroups::~Cgroups() {
    leave();
    remove_tree(top_);
}

std::string Cgroups::directory(const std::string& cgroup) const {
    const std::string out = top_ + "/host" + cgroup;
    fs::create_directories(out);
    return out;
}

void Cgroups::enter(const std::string& cgroup) {
    const std::string wanted = directory(cgroup);
    if (wanted == here_)
        return;
    std::ofstream procs(wanted + "/cgroup.procs");
    procs << getpid() << std::flush;
    if (!procs)
        throw std::runtime_error("cannot join " + wanted);
    here_ = wanted;
}

void Cgroups::leave() {
    std::ofstream(parent_ + "/cgroup.procs") << getpid() << std::flush;
    here_.clear();
}

std::uint64_t Cgroups::id(const std::string& cgroup) const {
    const auto id = loader::cgroup_id(directory(cgroup));
    if (!id)
        throw std::runtime_error(id.error().message);
    return *id;
}

} // namespace ringwall::oracle
