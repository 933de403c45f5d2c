// What only time brings to an Enforcement: subjects and containers that come, go and come back.
#include <cstdlib>
#include <filesystem>

#include <spdlog/spdlog.h>

#include "agent/enforcement.h"
#include "agent/host.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t asked_limit = 4096;

} // namespace

std::optional<std::string> Enforcement::directory_of(const std::string& cgroup) {
    auto directory = cgroup.empty()
                         ? options_.cgroup
                         : (fs::path(options_.cgroup + "/" + cgroup)).lexically_normal().string();
    std::error_code error;
    const bool below = directory == options_.cgroup || directory.starts_with(options_.cgroup + "/");
    if (!below || directory == hidden_ || !fs::is_directory(directory, error))
        return std::nullopt;
    return directory;
}

loader::Root Enforcement::root_for(const std::string& directory) {
    auto& place = places_[directory];
    place.cgroup = loader::cgroup_id(directory).value_or(0);
    place.root = own_root();
    if (directory != options_.cgroup)
        if (auto pid = process_in(directory))
            place.root = root_of_process(*pid).value_or(place.root);
    return place.root;
}

bool Enforcement::is_new_cgroup(std::uint64_t cgroup) {
    if (!wants_containers_ || cgroup == 0 || containers_.contains(cgroup))
        return false;
    if (asked_.size() >= asked_limit)
        asked_.clear();
    return asked_.insert(cgroup).second;
}

bool Enforcement::refresh() {
    const bool subjects = refresh_subjects();
    const bool containers = wants_containers_ && refresh_containers();
    const bool clock = refresh_clock();
    return subjects || containers || clock;
}

// The wall clock was set: rules end at other moments of the kernel's clock now.
bool Enforcement::refresh_clock() {
    constexpr std::int64_t tolerated_ns = 1'000'000'000;
    const auto offset = wall_minus_boot_ns();
    if (std::abs(offset - clock_offset_ns_) < tolerated_ns)
        return false;
    clock_offset_ns_ = offset;
    if (auto applied = apply(snapshot()); !applied)
        spdlog::error("the clock was set, and the ends of rules could not follow: {}",
                      applied.error().message);
    return true;
}

bool Enforcement::refresh_containers() {
    std::map<std::uint64_t, std::string> found;
    std::error_code error;
    found[loader::cgroup_id(options_.cgroup).value_or(0)] = "";
    for (fs::recursive_directory_iterator entry(options_.cgroup, error), end;
         !error && entry != end; entry.increment(error)) {
        if (!entry->is_directory(error))
            continue;
        const auto id = loader::cgroup_id(entry->path());
        if (!id)
            continue;
        const auto known = containers_.find(*id);
        if (known != containers_.end()) {
            found[*id] = known->second;
            continue;
        }
        const auto container = container_in(entry->path().string().substr(mount_.size()));
        found[*id] = container ? container_name(*container) : std::string{};
    }
    if (found == containers_)
        return false;
    containers_ = found;
    if (auto applied = datapath_->apply(enforcer_->set_containers(std::move(found))); !applied)
        spdlog::error("container names did not reach the kernel: {}", applied.error().message);
    return true;
}

// A container that starts again has a new cgroup under the old path, and its first process tells
// which root and user namespace its paths are judged by.
bool Enforcement::refresh_subjects() {
    bool again = false;
    for (const auto& subject : state_.subjects) {
        const auto directory = directory_of(subject.cgroup);
        if (!directory || subject.missing) {
            again = again || (directory.has_value() == subject.missing);
            continue;
        }
        const auto before = places_[*directory];
        const auto root = root_for(*directory);
        const auto now = places_[*directory];
        if (now.cgroup != before.cgroup) {
            hidden_ = *directory;
            if (auto gone = apply(snapshot()); !gone)
                spdlog::error("{}: {}", subject.workload, gone.error().message);
            hidden_.clear();
            refresh_subjects();
            return true;
        }
        again = again || root != before.root;
    }
    if (!again)
        return false;
    if (auto applied = apply(snapshot()); !applied)
        spdlog::error("subjects could not be refreshed: {}", applied.error().message);
    return true;
}

} // namespace ringwall::agent
