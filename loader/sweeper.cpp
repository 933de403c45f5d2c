#include "loader/sweeper.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "loader/decode.h"
#include "ringwall.skel.h"

namespace ringwall::loader {
namespace {

// Asked with a program that does nothing. What else may be wrong is told by loading the real ones.
bool is_forbidden(const char* iterator) {
    const int type = libbpf_find_vmlinux_btf_id(iterator, BPF_TRACE_ITER);
    if (type <= 0)
        return false;
    const std::array<bpf_insn, 2> nothing{
        bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K,
                 .dst_reg = BPF_REG_0,
                 .src_reg = 0,
                 .off = 0,
                 .imm = 0},
        bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
    bpf_prog_load_opts options{};
    options.sz = sizeof options;
    options.expected_attach_type = BPF_TRACE_ITER;
    options.attach_btf_id = static_cast<__u32>(type);
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "rw_probe", "Dual MIT/GPL",
                                   nothing.data(), nothing.size(), &options));
    return !program && errno == EPERM;
}

bool iterates_over_maps() {
    return !is_forbidden("bpf_sk_storage_map") && !is_forbidden("bpf_map_elem");
}

} // namespace

void Sweeper::choose(ringwall_bpf& object) {
    const bool maps = iterates_over_maps() || is_forbidden("task_file");
    bpf_program__set_autoload(object.progs.rw_sweep, maps);
    bpf_program__set_autoload(object.progs.rw_sweep_young, maps);
    bpf_program__set_autoload(object.progs.rw_sweep_files, !maps);
}

Sweeper::Sweeper(ringwall_bpf& object)
    : object_(object), over_files_(bpf_program__autoload(object.progs.rw_sweep_files)) {}

std::size_t Sweeper::run(const std::function<void(const Event&)>& sink) {
    if (over_files_) {
        std::set<std::pair<std::uint64_t, EventKind>> told;
        std::size_t events = 0;
        read_all(files_, object_.progs.rw_sweep_files, -1, [&](const Event& event) {
            if (!told.emplace(event.cookie, event.kind).second)
                return;
            sink(event);
            ++events;
        });
        return events;
    }
    // The young ones last: what this reports may grow up at once, and is then not begun again.
    const int sockets = bpf_map__fd(object_.maps.sockets);
    const int nursery = bpf_map__fd(object_.maps.nursery);
    return read_all(sockets_, object_.progs.rw_sweep, sockets, sink) +
           read_all(young_, object_.progs.rw_sweep_young, nursery, sink);
}

// Runs an iterator program, over a map unless that is -1; what it writes are events.
std::size_t Sweeper::read_all(Link& link, bpf_program* program, int map,
                              const std::function<void(const Event&)>& sink) {
    if (!link) {
        bpf_iter_link_info info{};
        info.map.map_fd = static_cast<__u32>(map);
        bpf_iter_attach_opts opts{};
        opts.sz = sizeof opts;
        opts.link_info = &info;
        opts.link_info_len = sizeof info;
        link.reset(bpf_program__attach_iter(program, map < 0 ? nullptr : &opts));
        if (!link)
            return 0;
    }
    const Fd reader(bpf_iter_create(bpf_link__fd(link.get())));
    if (!reader)
        return 0;
    std::vector<char> buffer(64 * sizeof(rw_event));
    std::size_t held = 0, events = 0;
    for (;;) {
        const ssize_t got = read(reader.get(), buffer.data() + held, buffer.size() - held);
        if (got < 0 && errno == EAGAIN)
            continue;
        if (got <= 0)
            return events;
        held += static_cast<std::size_t>(got);
        std::size_t at = 0;
        for (; held - at >= sizeof(rw_event); at += sizeof(rw_event))
            if (const auto event = decode_event(buffer.data() + at, sizeof(rw_event))) {
                sink(*event);
                ++events;
            }
        std::memmove(buffer.data(), buffer.data() + at, held - at);
        held -= at;
    }
}

} // namespace ringwall::loader
