#include "agent/status.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "agent/files.h"
#include "agent/flow_text.h"
#include "agent/host.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;

json::value time_or_null(std::int64_t ns) {
    return ns ? json::value(rfc3339(ns)) : json::value(nullptr);
}

json::object labels_json(const Labels& labels) {
    json::object out;
    for (const auto& [key, value] : labels)
        out[key] = value;
    return out;
}

json::object policy_json(const PolicyState& state) {
    return {{"source", state.source},
            {"version", state.version},
            {"revision", state.revision},
            {"applied", time_or_null(state.applied_ns)},
            {"from_last_good", state.from_last_good},
            {"error", state.error.empty() ? json::value(nullptr) : json::value(state.error)},
            {"error_time", time_or_null(state.error_ns)},
            {"warnings", json::value_from(state.warnings)}};
}

json::array subjects_json(const PolicyState& state) {
    json::array out;
    for (const auto& subject : state.subjects) {
        Party party;
        party.labels = subject.labels;
        out.push_back(json::object{{"workload", subject.workload},
                                   {"mode", subject.mode},
                                   {"cgroup", subject.cgroup},
                                   {"rules", subject.rules},
                                   {"labels", labels_json(subject.labels)},
                                   {"context", context(party)},
                                   {"missing", subject.missing}});
    }
    return out;
}

json::array hooks_json(const loader::Datapath& datapath) {
    json::array out;
    for (const auto& hook : datapath.attachments())
        out.push_back(
            json::object{{"hook", hook.hook}, {"attached", hook.attached}, {"note", hook.note}});
    return out;
}

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counts) {
    return std::accumulate(
        counts.begin(), counts.end(), std::uint64_t{0},
        [](std::uint64_t total, const auto& each) { return total + each.second; });
}

std::int64_t paused_until_ns(const loader::Datapath& datapath) {
    const auto until = datapath.paused_until();
    return until > monotonic_ns() ? std::int64_t(until) + wall_offset_ns() : 0;
}

std::uint64_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    in >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return double(t.tv_sec) + double(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

json::object losses_json(const loader::Counters& counters, const ProcessState& process) {
    return {{"kernel_events", sum(counters.lost)},
            {"socket_lines", process.reader_lost},
            {"flow_log_lines", process.log_lost},
            {"helper_faults", sum(counters.faults)}};
}

json::object tampering_json(const SeenTampering& seen) {
    const auto& what = seen.what;
    return {{"what", loader::name(what.what)},
            {"where", what.where},
            {"time", rfc3339(seen.seen_ns)},
            {"repaired", what.repaired},
            {"error", what.repaired ? json::value(nullptr) : json::value(what.why_not)}};
}

json::object tampering_json(const TamperState& state) {
    json::array last;
    for (const auto& seen : state.last)
        last.push_back(tampering_json(seen));
    return {{"counts", json::value_from(state.counts)}, {"last", std::move(last)}};
}

json::object settings_json(const Options& options) {
    return {{"cgroup", options.cgroup},
            {"pin_dir", options.pin_dir},
            {"state_dir", options.state_dir},
            {"socket", options.socket},
            {"flow_log", options.flow_log},
            {"metrics_listen", options.metrics_listen},
            {"on_stop", options.on_stop == OnStop::keep ? "keep" : "detach"},
            {"loopback_events", options.loopback_events},
            {"units_below_cgroup", options.units_below_cgroup},
            {"failsafe_rules", options.failsafe.size()},
            {"ring_bytes", options.limits.ring_bytes}};
}

} // namespace

json::object counters_json(const loader::Counters& c) {
    json::array maps;
    for (const auto& map : c.maps)
        maps.push_back(
            json::object{{"map", map.name}, {"entries", map.entries}, {"limit", map.limit}});
    return {{"hook_slow_runs", json::value_from(c.hook_slow_runs)},
            {"events", json::object{{"offered", json::value_from(c.offered)},
                                    {"submitted", json::value_from(c.submitted)},
                                    {"folded", json::value_from(c.folded)},
                                    {"lost", json::value_from(c.lost)},
                                    {"delivered", c.delivered}}},
            {"verdicts", json::value_from(c.verdicts)},
            {"reasons", json::value_from(c.reasons)},
            {"faults", json::value_from(c.faults)},
            {"dropped_packets", c.dropped_packets},
            {"unresolved", c.unresolved},
            {"refused", c.refused},
            {"maps", std::move(maps)}};
}

std::string tampering_line(const SeenTampering& seen) {
    return json::serialize(json::object{{"tamper", tampering_json(seen)}});
}

json::object status_json(const Enforcement& enforcement, const ProcessState& process) {
    const auto& datapath = enforcement.datapath();
    const auto counters = datapath.counters();
    return {{"agent", json::object{{"version", RINGWALL_VERSION},
                                   {"pid", getpid()},
                                   {"started", rfc3339(process.started_ns)},
                                   {"resident_bytes", resident_bytes()},
                                   {"cgroup", enforcement.options().cgroup},
                                   {"pin_dir", enforcement.options().pin_dir},
                                   {"adopted", datapath.adopted()},
                                   {"root_attached", datapath.root_attached()},
                                   {"refuses_connect", enforcement.refuses()}}},
            {"policy", policy_json(enforcement.state())},
            {"controller",
             process.controller ? json::value(to_json(*process.controller)) : json::value(nullptr)},
            {"paused_until", time_or_null(paused_until_ns(datapath))},
            {"subjects", subjects_json(enforcement.state())},
            {"hooks", hooks_json(datapath)},
            {"losses", losses_json(counters, process)},
            {"tampering", tampering_json(enforcement.tampering())},
            {"counters", counters_json(counters)},
            {"notes", json::value_from(enforcement.notes())}};
}

MetricInput metric_input(const Enforcement& enforcement, const FlowStats& flows,
                         const ProcessState& process) {
    const auto& state = enforcement.state();
    MetricInput in;
    in.version = RINGWALL_VERSION;
    in.counters = enforcement.datapath().counters();
    in.flows = flows;
    in.apply_times = enforcement.apply_times();
    in.policy_version = state.version;
    in.inventory_revision = state.revision;
    in.applied_at = double(state.applied_ns) / 1e9;
    in.reloads = state.loads;
    in.failed_reloads = state.failed_loads;
    in.last_reload_failed = !state.error.empty();
    for (const auto& subject : state.subjects)
        in.subjects.push_back({subject.workload, subject.mode});
    in.hooks = enforcement.datapath().attachments();
    in.reader_lost = process.reader_lost;
    in.log_lost = process.log_lost;
    in.ended_sockets = enforcement.ended_sockets();
    in.digests = enforcement.digests();
    in.tampering = enforcement.tampering().counts;
    in.paused = paused_until_ns(enforcement.datapath()) != 0;
    if (process.controller)
        in.controller = numbers_of(*process.controller);
    in.started_at = double(process.started_ns) / 1e9;
    in.cpu_seconds = cpu_seconds();
    in.resident_bytes = resident_bytes();
    std::error_code error;
    in.open_fds = static_cast<std::uint64_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd", error),
                      std::filesystem::directory_iterator{}));
    return in;
}

json::object sysdump_json(const Enforcement& enforcement, const ProcessState& process) {
    utsname kernel{};
    uname(&kernel);
    json::array mounts;
    std::ifstream in("/proc/self/mountinfo");
    for (std::string line; std::getline(in, line);)
        if (line.find(" cgroup") != line.npos || line.find(" bpf ") != line.npos)
            mounts.push_back(json::string(line));
    const auto sizes = enforcement.enforcer().sizes();
    return {{"status", status_json(enforcement, process)},
            {"settings", settings_json(enforcement.options())},
            {"sizes", json::object{{"peers", sizes.peers},
                                   {"memberships", sizes.memberships},
                                   {"rule_sets", sizes.rule_sets},
                                   {"classes", sizes.classes},
                                   {"entries", sizes.entries}}},
            {"host", json::object{{"kernel", kernel.release},
                                  {"build", kernel.version},
                                  {"machine", kernel.machine},
                                  {"mounts", std::move(mounts)},
                                  {"os_release", read_file("/etc/os-release").value_or("")},
                                  {"cmdline", read_file("/proc/cmdline").value_or("")}}}};
}

} // namespace ringwall::agent
