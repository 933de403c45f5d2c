#include "agent/uplink.h"

#include <cstring>
#include <filesystem>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <spdlog/spdlog.h>

#include "agent/host.h"
#include "common/pki/digest.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;

Link::Options link_options() {
    Link::Options out{.agent_version = RINGWALL_VERSION, .boot_id = boot_id()};
    std::memcpy(&out.seed, pki::random_bytes(sizeof out.seed).data(), sizeof out.seed);
    return out;
}

} // namespace

Uplink::Uplink(asio::io_context& loop, asio::thread_pool& worker, Enforcement& enforcement,
               Paired& paired, Hooks hooks)
    : loop_(loop), worker_(worker), enforcement_(enforcement), paired_(paired),
      policy_changed_(std::move(hooks.policy_changed)),
      commands_(enforcement, with_renewal(std::move(hooks.commands))),
      summaries_({}, monotonic_ns()), names_(enforcement),
      link_(loop, paired.credentials, paired.held, paired.spool, *this, link_options()),
      renewal_(loop, enforcement.options().state_dir, paired.credentials,
               [this](const Credentials& renewed) { link_.renewed(renewed); }) {}

CommandHooks Uplink::with_renewal(CommandHooks hooks) {
    hooks.renew = [this] { renewal_.ask_now(); };
    return hooks;
}

void Uplink::start() {
    for (const auto& note : paired_.held.notes())
        spdlog::warn("{}", note);
    look();
    link_.start();
    renewal_.start();
}

std::expected<void, std::string> Uplink::enforce(const v1::Snapshot& snapshot) {
    if (stopping_) // what was removed from the kernel stays removed
        return std::unexpected("the agent is stopping");
    auto wanted = snapshot;
    override_mode(wanted, enforcement_.options().mode);
    const auto before = enforcement_.state().version;
    const auto done = enforcement_.enforce(wanted);
    policy_changed_();
    if (!done)
        return std::unexpected(done.error().message);
    const auto& now = enforcement_.state();
    spdlog::log(now.version == before ? spdlog::level::debug : spdlog::level::info,
                "policy version {} with inventory {} is enforced", now.version, now.revision);
    return {};
}

void Uplink::enforce_nothing() {
    v1::Snapshot nothing;
    nothing.set_format(1);
    if (auto done = enforce(nothing); !done)
        spdlog::error("enforcement could not be lifted: {}", done.error());
}

v1::CommandResult Uplink::run(const v1::Command& command, std::function<void()>& afterwards) {
    return commands_.run(command, afterwards);
}

void Uplink::observe(const Flow& flow) {
    summaries_.add(flow, boot_time());
}

void Uplink::tick() {
    constexpr int ticks_a_second = 4;
    queue(false);
    if (++ticks_ % ticks_a_second == 0)
        tell_impact();
}

void Uplink::tell_impact() {
    const auto& enforcer = enforcement_.enforcer();
    const auto& datapath = enforcement_.datapath();
    Impacts::Staging staging{.number = enforcer.staging(), .trouble = enforcer.staging_trouble()};
    std::vector<loader::Impact> rows;
    if (staging.number != 0) {
        staging.lost = datapath.counters().faults["impact"];
        rows = datapath.impacts();
        std::erase_if(rows, [&](const auto& row) { return !enforcer.is_staged(row.staged); });
    }
    if (auto message = impacts_.message(staging, rows, names_, wall_ns(), wall_offset_ns()))
        link_.impact(std::move(*message));
}

void Uplink::queue(bool all) {
    const auto batches = summaries_.take(boot_time(), all);
    for (const auto& batch : batches)
        if (auto kept = paired_.spool.append(batch); !kept)
            spdlog::error("flows are lost: {}", kept.error().message);
    if (!batches.empty())
        link_.flows_queued();
}

ReportScope Uplink::scope() const {
    const auto& options = enforcement_.options();
    const auto& mount = enforcement_.cgroup_mount();
    ReportScope out{.machine_id = paired_.credentials.machine_id,
                    .mount = mount,
                    .cgroup = options.cgroup,
                    .unit_root = enforcement_.unit_root(),
                    .flat_units = options.units_below_cgroup};
    const auto top = options.cgroup.substr(mount.size());
    for (const auto& subject : enforcement_.state().subjects)
        out.subjects.emplace_back(
            subject.workload,
            subject.cgroup.empty()
                ? top
                : std::filesystem::path(top + "/" + subject.cgroup).lexically_normal().string());
    return out;
}

void Uplink::look() {
    if (std::exchange(looking_, true))
        return;
    asio::post(worker_, [this, scope = scope()] {
        auto seen = reporter_.look(scope);
        asio::post(loop_, [this, seen = std::move(seen)]() mutable { report(std::move(seen)); });
    });
}

void Uplink::report(v1::HostReport report) {
    looking_ = false;
    if (same(report, last_report_))
        return;
    last_report_ = report;
    link_.report(std::move(report));
}

void Uplink::stop(std::function<void()> stopped) {
    queue(true);
    stopping_ = true;
    link_.stop("the agent is stopping; enforcement stays in the kernel", std::move(stopped));
}

ControllerState Uplink::state() const {
    ControllerState out{.agent = paired_.credentials.agent,
                        .link = link_.state(),
                        .spool = paired_.spool.stats(),
                        .summaries = summaries_.stats(),
                        .certificate_expires_ns =
                            link_.credentials().own().not_after * 1'000'000'000,
                        .renewal_trouble = renewal_.trouble()};
    if (const auto& policy = paired_.held.policy())
        out.version = shown_version(policy->policy);
    return out;
}

} // namespace ringwall::agent
