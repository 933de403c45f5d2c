#include "loader/guard.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ringwall.skel.h"

namespace ringwall::loader {
namespace {

// 0 when it cannot be asked.
std::uint32_t map_id(int fd) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

bpf_link_info link_info(int fd) {
    bpf_link_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size))
        info = {};
    return info;
}

} // namespace

Guard::Guard(ringwall_bpf& object, std::string cgroup, const Pins& pins,
             const std::vector<std::string>& maps)
    : object_(object), cgroup_(std::move(cgroup)), pins_(pins) {
    hold_links();
    for (const auto& name : maps) {
        const bpf_map* map = bpf_object__find_map_by_name(object.obj, name.c_str());
        Held held{name, pins.map(name), Fd(dup(bpf_map__fd(map))), 0};
        held.id = map_id(held.fd.get());
        maps_.push_back(std::move(held));
    }
}

void Guard::hold_links() {
    links_.clear();
    for (const auto& [program, hook] : attached_hooks()) {
        Held held{hook, pins_.link(program), Fd(bpf_obj_get(pins_.link(program).c_str())), 0};
        held.id = link_info(held.fd.get()).id;
        links_.push_back(std::move(held));
    }
}

// The pin is gone, or stands for something else.
void Guard::look_at_pin(const Held& held, Tampering::What what,
                        std::vector<Tampering>& found) const {
    const Fd now(bpf_obj_get(held.pin.c_str()));
    const bool link = what == Tampering::What::link_unpinned;
    if (now && (link ? link_info(now.get()).id : map_id(now.get())) == held.id)
        return;
    unlink(held.pin.c_str());
    const bool repaired = bpf_obj_pin(held.fd.get(), held.pin.c_str()) == 0;
    found.push_back({what, held.name, repaired, repaired ? "" : std::strerror(errno)});
}

void Guard::look_at_links(std::vector<Tampering>& found) {
    const auto id = cgroup_id(cgroup_);
    const auto is_detached = [&](const Held& link) {
        return !id || link_info(link.fd.get()).cgroup.cgroup_id != *id;
    };
    std::vector<std::string> detached;
    for (const auto& link : links_)
        if (is_detached(link))
            detached.push_back(link.name);
    if (detached.empty())
        return;
    const auto again = attach_all(object_, cgroup_, pins_);
    hold_links();
    for (auto& name : detached)
        found.push_back({Tampering::What::link_detached, std::move(name), again.has_value(),
                         again ? "" : again.error().message});
}

void Guard::tell_once(std::vector<Tampering>& found) {
    std::set<std::pair<Tampering::What, std::string>> stuck;
    for (const auto& each : found)
        if (!each.repaired)
            stuck.emplace(each.what, each.where);
    std::erase_if(found, [&](const Tampering& each) {
        return !each.repaired && stuck_.contains({each.what, each.where});
    });
    stuck_ = std::move(stuck);
}

std::vector<Tampering> Guard::look() {
    std::vector<Tampering> found;
    for (const auto& link : links_)
        look_at_pin(link, Tampering::What::link_unpinned, found);
    look_at_links(found);
    for (const auto& map : maps_)
        look_at_pin(map, Tampering::What::map_unpinned, found);
    tell_once(found);
    return found;
}

} // namespace ringwall::loader
