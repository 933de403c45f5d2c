#include "loader/attach.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "loader/handle.h"
#include "ringwall.skel.h"

namespace ringwall::loader {
namespace {

struct Hook {
    const char* program;
    const char* hook;
};

// In the order of attaching.
constexpr std::array hooks{
    Hook{"rw_sockops", "sockops"},          Hook{"rw_create", "sock_create"},
    Hook{"rw_bind4", "post_bind4"},         Hook{"rw_bind6", "post_bind6"},
    Hook{"rw_connect4", "connect4"},        Hook{"rw_connect6", "connect6"},
    Hook{"rw_sendmsg4", "sendmsg4"},        Hook{"rw_sendmsg6", "sendmsg6"},
    Hook{"rw_release", "sock_release"},     Hook{"rw_ingress", "cgroup_skb ingress"},
    Hook{"rw_egress", "cgroup_skb egress"},
};

Error attach_error(const Hook& hook, const std::string& cgroup, int error) {
    return {Errc::attach_failed, std::string("cannot attach ") + hook.hook + " to " + cgroup +
                                     ": " + std::strerror(error) +
                                     "; see what holds the hook with \"bpftool cgroup show " +
                                     cgroup + "\""};
}

Fd open_link(const std::string& pin) {
    return Fd(bpf_obj_get(pin.c_str()));
}

bpf_link_info info_of(const Fd& link) {
    bpf_link_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(link.get(), &info, &size))
        info.id = 0;
    return info;
}

Result<void> attach_new(bpf_program* program, const Hook& hook, int cgroup_fd,
                        const std::string& cgroup, const std::string& pin) {
    Link link(bpf_program__attach_cgroup(program, cgroup_fd));
    if (!link)
        return std::unexpected(attach_error(hook, cgroup, errno));
    unlink(pin.c_str());
    if (bpf_link__pin(link.get(), pin.c_str()))
        return std::unexpected(Error{Errc::attach_failed, "cannot pin the link of " +
                                                              std::string(hook.hook) + " at " +
                                                              pin + ": " + std::strerror(errno)});
    bpf_link__disconnect(link.get());
    return {};
}

} // namespace

Result<void> attach_all(ringwall_bpf& object, const std::string& cgroup, const Pins& pins) {
    const auto id = cgroup_id(cgroup);
    if (!id)
        return std::unexpected(id.error());
    const Fd directory(open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return std::unexpected(Error{Errc::attach_failed, "cannot open the cgroup " + cgroup +
                                                              ": " + std::strerror(errno)});
    for (const auto& hook : hooks) {
        bpf_program* program = bpf_object__find_program_by_name(object.obj, hook.program);
        const std::string pin = pins.link(hook.program);
        const Fd link = open_link(pin);
        if (link && info_of(link).cgroup.cgroup_id == *id &&
            bpf_link_update(link.get(), bpf_program__fd(program), nullptr) == 0)
            continue;
        if (auto ok = attach_new(program, hook, directory.get(), cgroup, pin); !ok)
            return ok;
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> attached_hooks() {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& hook : hooks)
        out.emplace_back(hook.program, hook.hook);
    return out;
}

std::vector<Attachment> attachments(const Pins& pins, const std::string& cgroup) {
    std::vector<Attachment> out;
    const auto id = cgroup_id(cgroup);
    for (const auto& hook : hooks) {
        Attachment a{hook.hook, false, {}};
        const Fd link = open_link(pins.link(hook.program));
        if (!link)
            a.note = "no pinned link";
        else if (!id || info_of(link).cgroup.cgroup_id != *id)
            a.note = "detached, or on another cgroup";
        else
            a.attached = true;
        out.push_back(std::move(a));
    }
    return out;
}

} // namespace ringwall::loader
