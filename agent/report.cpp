#include "agent/report.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "agent/files.h"
#include "agent/flows.h"
#include "agent/host.h"
#include "agent/report_text.h"
#include "common/address_bytes.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_listeners = 1024, most_items = 1024, most_addresses = 256;
constexpr std::size_t most_descriptors = 262'144; // looked at in one search

std::string text_of(const std::string& path) {
    return read_file(path).value_or("");
}

void add_interfaces(v1::HostReport& report) {
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) < 0)
        return;
    std::map<std::string, v1::Interface> found;
    for (const auto* each = all; each; each = each->ifa_next) {
        auto& out = found[each->ifa_name];
        out.set_name(each->ifa_name);
        out.set_up((each->ifa_flags & IFF_UP) != 0);
        const auto* raw = each->ifa_addr;
        if (!raw || static_cast<std::size_t>(out.addresses_size()) >= most_addresses)
            continue;
        if (raw->sa_family == AF_INET)
            out.add_addresses(&reinterpret_cast<const sockaddr_in*>(raw)->sin_addr, 4);
        else if (raw->sa_family == AF_INET6)
            out.add_addresses(&reinterpret_cast<const sockaddr_in6*>(raw)->sin6_addr, 16);
        else if (const auto* link = reinterpret_cast<const sockaddr_ll*>(raw);
                 raw->sa_family == AF_PACKET && link->sll_halen <= sizeof link->sll_addr)
            out.set_mac(link->sll_addr, link->sll_halen);
    }
    freeifaddrs(all);
    for (auto& [name, interface] : found) {
        if (static_cast<std::size_t>(report.interfaces_size()) >= most_items)
            break;
        std::sort(interface.mutable_addresses()->begin(), interface.mutable_addresses()->end());
        *report.add_interfaces() = std::move(interface);
    }
}

bool has_processes(const fs::path& cgroup) {
    return text_of((cgroup / "cgroup.events").string()).find("populated 1") != std::string::npos;
}

void add_units(const ReportScope& scope, v1::HostReport& report) {
    const auto top = scope.flat_units ? scope.mount + scope.unit_root
                                      : scope.mount + scope.unit_root + "/system.slice";
    std::set<std::string> names;
    std::error_code error;
    fs::recursive_directory_iterator entry(top, error), end;
    for (; !error && entry != end && names.size() < most_items; entry.increment(error)) {
        std::error_code gone;
        if (!entry->is_directory(gone))
            continue;
        const auto name = entry->path().filename().string();
        const bool unit = name.ends_with(".service");
        // Units may stand in slices; what is below a unit is its own.
        if (unit || !name.ends_with(".slice"))
            entry.disable_recursion_pending();
        if (unit && has_processes(entry->path()))
            names.insert(name);
    }
    for (const auto& name : names) {
        auto& unit = *report.add_units();
        unit.set_name(name);
        unit.set_state("active");
    }
}

void add_containers(const ReportScope& scope, v1::HostReport& report) {
    std::map<std::string, v1::Container> found; // by id
    std::error_code error;
    fs::recursive_directory_iterator entry(scope.cgroup, error), end;
    for (; !error && entry != end && found.size() < most_items; entry.increment(error)) {
        std::error_code gone;
        if (!entry->is_directory(gone))
            continue;
        const auto path = entry->path().string().substr(scope.mount.size());
        const auto container = container_in(path);
        if (!container)
            continue;
        entry.disable_recursion_pending();
        auto& out = found[container->id];
        out.set_id(container->id);
        auto facts = container_facts(*container);
        out.set_name(std::move(facts.name));
        out.set_image(std::move(facts.image));
        out.mutable_labels()->insert(facts.labels.begin(), facts.labels.end());
        out.set_runtime(container->runtime);
        out.set_cgroup(path);
    }
    for (auto& [id, container] : found)
        *report.add_containers() = std::move(container);
}

std::vector<ListeningSocket> all_listening() {
    const auto given_out = text_of("/proc/sys/net/ipv4/ip_local_port_range");
    std::vector<ListeningSocket> out;
    for (const auto& [file, protocol] :
         {std::pair("tcp", 6), std::pair("tcp6", 6), std::pair("udp", 17), std::pair("udp6", 17)}) {
        auto some = listening_sockets(text_of("/proc/thread-self/net/" + std::string(file)),
                                      static_cast<std::uint8_t>(protocol), given_out);
        out.insert(out.end(), some.begin(), some.end());
    }
    std::ranges::sort(out);
    return out;
}

std::string link_target(const std::string& path) {
    std::error_code error;
    auto target = fs::read_symlink(path, error).string();
    constexpr std::string_view deleted = " (deleted)";
    if (target.ends_with(deleted))
        target.resize(target.size() - deleted.size());
    return target;
}

// "socket:[12345]" -> 12345
std::uint64_t socket_inode(const std::string& descriptor) {
    char target[64];
    const auto size = readlink(descriptor.c_str(), target, sizeof target);
    constexpr std::string_view head = "socket:[";
    std::uint64_t inode = 0;
    if (size > 0 && std::string_view(target, static_cast<std::size_t>(size)).starts_with(head))
        std::from_chars(target + head.size(), target + size, inode);
    return inode;
}

std::string unit_of(const ReportScope& scope, const std::string& cgroup) {
    if (scope.unit_root.empty() || !cgroup.starts_with(scope.unit_root + "/")) {
        auto name = unit_name(cgroup);
        return name.empty() && cgroup != "/" ? cgroup : name;
    }
    const auto below = cgroup.substr(scope.unit_root.size() + 1);
    return scope.flat_units ? below.substr(0, below.find('/')) : unit_name(below);
}

v1::Process process_of(const ReportScope& scope, const std::string& proc,
                       const std::string& cgroup) {
    v1::Process out;
    out.set_path(link_target(proc + "/exe"));
    out.set_name(out.path().substr(out.path().rfind('/') + 1));
    out.set_unit(unit_of(scope, cgroup));
    if (const auto container = container_in(cgroup))
        out.set_container(container_name(*container));
    if (const auto uid = real_uid(text_of(proc + "/status")))
        out.set_user(user_name(*uid));
    return out;
}

// The nearest subject above decides.
std::string subject_of(const ReportScope& scope, const std::string& cgroup) {
    const std::pair<std::string, std::string>* best = nullptr;
    for (const auto& subject : scope.subjects) {
        const auto& place = subject.second;
        const bool above = place.empty() || cgroup == place || cgroup.starts_with(place + "/");
        if (above && (!best || place.size() > best->second.size()))
            best = &subject;
    }
    return best ? best->first : std::string{};
}

std::int64_t changed_at(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) < 0
               ? 0
               : info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

} // namespace

v1::HostReport Reporter::look(const ReportScope& scope) {
    v1::HostReport report;
    utsname system{};
    uname(&system);
    report.set_hostname(system.nodename);
    report.set_kernel(system.release);
    report.set_os(pretty_name(text_of("/etc/os-release")));
    report.set_machine_id(scope.machine_id);
    add_interfaces(report);
    add_listeners(scope, report);
    add_units(scope, report);
    add_containers(scope, report);
    report.set_taken_ns(wall_ns());
    return report;
}

void Reporter::add_listeners(const ReportScope& scope, v1::HostReport& report) {
    const auto sockets = all_listening();
    std::set<std::uint64_t> inodes;
    for (const auto& socket : sockets)
        inodes.insert(socket.inode);
    std::erase_if(owners_, [&](const auto& each) { return !inodes.contains(each.first); });
    std::set<std::uint64_t> unknown;
    for (const auto inode : inodes)
        if (!owners_.contains(inode))
            unknown.insert(inode);
    if (!unknown.empty())
        find_owners(scope, unknown);
    std::set<std::string> files;
    for (const auto& [inode, owner] : owners_)
        if (!owner.file.empty())
            files.insert(owner.file);
    find_packages(scope, files);
    std::set<std::string> told; // several workers of one server share a port
    for (const auto& socket : sockets) {
        v1::Listener listener;
        listener.set_protocol(socket.protocol);
        listener.set_port(socket.port);
        listener.set_address(address_bytes(socket.address));
        if (const auto owner = owners_.find(socket.inode); owner != owners_.end()) {
            *listener.mutable_process() = owner->second.process;
            listener.set_subject(subject_of(scope, owner->second.cgroup));
            listener.set_package(packages_[owner->second.file]);
        }
        if (told.insert(listener.SerializeAsString()).second)
            *report.add_listeners() = std::move(listener);
        if (static_cast<std::size_t>(report.listeners_size()) >= most_listeners)
            return;
    }
}

// Goes through the descriptors of all processes, which only a new listening socket makes necessary.
void Reporter::find_owners(const ReportScope& scope, const std::set<std::uint64_t>& inodes) {
    std::size_t looked = 0, found = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto proc = entry.path().string();
        if (proc.find_first_not_of("0123456789", 6) != std::string::npos)
            continue;
        std::error_code gone;
        for (fs::directory_iterator descriptor(proc + "/fd", gone), end;
             !gone && descriptor != end && looked < most_descriptors; descriptor.increment(gone)) {
            ++looked;
            const auto inode = socket_inode(descriptor->path().string());
            if (!inodes.contains(inode) || owners_.contains(inode))
                continue;
            const auto cgroup = cgroup_path(text_of(proc + "/cgroup"));
            auto process = process_of(scope, proc, cgroup);
            owners_[inode] = {process, cgroup, process.path()};
            ++found;
        }
        if (found == inodes.size() || looked >= most_descriptors)
            break;
    }
    for (const auto inode : inodes) // of the kernel, or hidden from us: not searched again
        owners_.try_emplace(inode);
}

// All that is not known yet in one pass over dpkg's lists.
void Reporter::find_packages(const ReportScope& scope, const std::set<std::string>& files) {
    const auto info = scope.dpkg + "/info";
    if (const auto changed = changed_at(info); changed != dpkg_changed_) {
        packages_.clear();
        dpkg_changed_ = changed;
    }
    std::set<std::string> unknown;
    for (const auto& file : files)
        if (packages_.try_emplace(file).second)
            unknown.insert(file);
    if (unknown.empty())
        return;
    std::map<std::string, std::string> owners; // file -> package
    std::set<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(info, error)) {
        if (entry.path().extension() != ".list")
            continue;
        auto name = entry.path().stem().string();
        name = name.substr(0, name.find(':')); // libc6:amd64
        for (const auto& file : owned(text_of(entry.path().string()), unknown)) {
            owners[file] = name;
            names.insert(name);
        }
    }
    const auto known = versions(text_of(scope.dpkg + "/status"), names);
    for (const auto& [file, name] : owners) {
        const auto version = known.find(name);
        packages_[file] = version == known.end() ? name : name + " " + version->second;
    }
}

bool same(const v1::HostReport& one, const v1::HostReport& other) {
    auto a = one, b = other;
    a.clear_taken_ns();
    b.clear_taken_ns();
    return a.SerializeAsString() == b.SerializeAsString();
}

} // namespace ringwall::agent
