#include "tests/bench/product.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "floor.skel.h"
#include "loader/handle.h"

namespace ringwall::bench {
namespace {

constexpr std::uint32_t rule_set = 1;

void must(const loader::Result<void>& result) {
    if (!result)
        throw std::runtime_error(result.error().message);
}

loader::EntryRow allow(std::uint32_t cls, bool inbound, std::uint16_t port, std::uint32_t id) {
    loader::EntryRow row;
    row.rule_set = rule_set;
    row.cls = cls;
    row.inbound = inbound;
    row.protocol = 6;
    row.length = 16;
    row.port = port;
    row.id = id;
    row.any_allow = true;
    return row;
}

// `entries` over classes of a hundred ports; peers are spread over the classes.
loader::Delta policy(const std::string& cgroup, loader::Mode mode, std::size_t peers,
                     std::size_t entries) {
    loader::Delta delta;
    delta.complete = true;
    loader::RuleSetRow set;
    set.id = rule_set;
    set.unconstrained.fill(~0ull);
    delta.rule_sets.push_back(set);
    const std::size_t classes = std::max<std::size_t>(1, entries / 100);
    for (std::size_t i = 0; i < entries; ++i)
        delta.entries.push_back(allow(
            static_cast<std::uint32_t>(i % classes + 1), (i / classes) % 2,
            static_cast<std::uint16_t>(5000 + i / classes / 2), static_cast<std::uint32_t>(i + 1)));
    for (std::size_t i = 0; i < peers; ++i) {
        const auto peer = static_cast<std::uint32_t>(i + 1);
        const std::uint32_t address = i < 2 ? 0x0a620001 + static_cast<std::uint32_t>(i)
                                            : 0x0b000000 + static_cast<std::uint32_t>(i);
        delta.peers.push_back({Prefix::host(Address::v4(address)), peer});
        delta.classes.push_back(
            {rule_set, peer, {static_cast<std::uint32_t>(i % classes + 1), 1u << 16, 1u << 16}});
    }
    loader::Subject subject;
    subject.id = 1;
    subject.cgroup = cgroup;
    subject.mode = mode;
    subject.rule_set = rule_set;
    delta.subjects.push_back(subject);
    return delta;
}

} // namespace

Product::Product(const Cgroup& cgroup, loader::Mode mode, std::size_t peers, std::size_t entries,
                 const std::string& bpffs, int drain_cpu) {
    loader::Options options;
    options.cgroup = cgroup.path();
    options.pin_dir = bpffs + "/" + cgroup.path().substr(cgroup.path().rfind('/') + 1);
    auto opened = loader::Datapath::open(options);
    if (!opened)
        throw std::runtime_error(opened.error().message);
    datapath_ = std::move(*opened);
    must(datapath_->apply(policy(cgroup.path(), mode, peers, entries)));
    must(datapath_->attach());
    drainer_ = std::jthread([this, drain_cpu](std::stop_token stop) { drain(stop, drain_cpu); });
}

Product::~Product() {
    drainer_.request_stop();
    drainer_.join();
    (void)datapath_->detach();
}

void Product::drain(std::stop_token stop, int cpu) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    while (!stop.stop_requested()) {
        pollfd waiting{datapath_->event_fd(), POLLIN, 0};
        poll(&waiting, 1, 1000);
        datapath_->drain([](const loader::Event&) {});
    }
}

struct Floor::Links {
    floor_bpf* object = nullptr;
    std::vector<loader::Link> links;
    ~Links() {
        links.clear();
        floor_bpf__destroy(object);
    }
};

Floor::Floor(const Cgroup& cgroup) : links_(new Links) {
    links_->object = floor_bpf__open_and_load();
    if (!links_->object)
        throw std::runtime_error("cannot load the floor programs");
    const loader::Fd directory(open(cgroup.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, links_->object->obj) {
        links_->links.emplace_back(bpf_program__attach_cgroup(program, directory.get()));
        if (!links_->links.back())
            throw std::runtime_error("cannot attach the floor programs");
    }
}

Floor::~Floor() = default;

} // namespace ringwall::bench
