#include "agent/agent.h"

#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <stop_token>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agent/flow_log.h"
#include "agent/flow_text.h"
#include "agent/host.h"
#include "agent/host_names.h"
#include "agent/local_server.h"
#include "agent/metrics_http.h"
#include "agent/notify.h"
#include "agent/requests.h"
#include "agent/status.h"
#include "agent/uplink.h"
#include "agent/watch.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using Started = std::expected<void, std::string>;

void log_lines(spdlog::level::level_enum level, std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        spdlog::log(level, "{}", text.substr(0, end));
        text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    }
}

class Agent {
  public:
    Agent(std::unique_ptr<Enforcement> enforcement, std::unique_ptr<Paired> paired)
        : paired_(std::move(paired)), enforcement_(std::move(enforcement)),
          options_(enforcement_->options()), names_(*enforcement_), flows_(options_.recent_flows),
          requests_(*enforcement_, flows_, process_), signals_(loop_, SIGTERM, SIGINT, SIGHUP),
          events_(loop_), changes_(loop_), settled_(loop_) {
        process_.started_ns = std::int64_t(monotonic_ns()) + wall_offset_ns();
        flows_.policy_changed(enforcement_->state().version);
    }

    Started start();
    void run() { loop_.run(); }

  private:
    Started open_log();
    Started serve();
    void join_controller();
    void watch_policy();
    void wait_for_signal();
    void wait_for_events();
    void wait_for_change();
    void every(std::chrono::nanoseconds period, std::function<void()> work);

    void take(const loader::Event& event);
    void learn_digest(const loader::Event& event);
    void drain();
    void tick();
    void refresh();
    void sweep(loader::Sweep which);
    void guard();
    void report_losses();
    void reload(const char* why);
    void policy_changed();
    Answer answer(const Request& request);
    void note_controller();
    std::string summary() const;
    void stop(bool remove);

    asio::io_context loop_{1};       // outlives all that waits on it
    std::unique_ptr<Paired> paired_; // null: the policy comes from files
    std::unique_ptr<Enforcement> enforcement_;
    const Options& options_;
    HostNames names_;
    FlowTable flows_;
    ProcessState process_;
    Requests requests_;
    std::optional<FlowLog> log_;
    std::optional<Watch> watch_;
    std::unique_ptr<LocalServer> server_;
    std::unique_ptr<MetricsServer> metrics_;
    std::int64_t offset_ns_ = 0;
    std::uint64_t lost_ = 0, lost_questions_ = 0;

    asio::signal_set signals_;
    asio::posix::stream_descriptor events_, changes_;
    asio::steady_timer settled_; // a change is read when the writer has been quiet for a moment
    std::vector<std::unique_ptr<asio::steady_timer>> timers_;
    std::stop_source stopping_;
    std::unique_ptr<Uplink> uplink_; // null: the policy comes from files
    asio::thread_pool hashing_{1};   // last: it uses the others until it is gone
};

Started Agent::start() {
    if (auto opened = open_log(); !opened)
        return opened;
    if (auto served = serve(); !served)
        return served;
    offset_ns_ = wall_offset_ns();
    events_.assign(dup(enforcement_->datapath().event_fd()));
    wait_for_events();
    wait_for_signal();
    paired_ ? join_controller() : watch_policy();
    every(250ms, [this] { tick(); });
    every(2s, [this] { refresh(); });
    every(5s, [this] { report_losses(); });
    every(500ms, [this] {
        sweep(loader::Sweep::begun);
        guard();
    });
    every(10s, [this] {
        sweep(loader::Sweep::all);
        malloc_trim(0); // what requests and bursts needed goes back
    });
    if (const auto interval = watchdog_interval(); interval.count())
        every(interval, [] { notify_alive(); });
    notify_ready(summary());
    log_lines(spdlog::level::info, summary());
    for (const auto& note : enforcement_->notes())
        spdlog::warn("{}", note);
    return {};
}

Started Agent::open_log() {
    if (options_.flow_log.empty())
        return {};
    auto log = FlowLog::open(options_.flow_log);
    if (!log)
        return std::unexpected(log.error().message);
    log_ = std::move(*log);
    return {};
}

Started Agent::serve() {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(options_.socket).parent_path(),
                                        error);
    auto server =
        LocalServer::listen(loop_, options_.socket, options_.socket_group,
                            {[this](const Request& request) { return answer(request); },
                             [this](const FlowQuery& query) { return requests_.recent(query); }});
    if (!server)
        return std::unexpected(server.error().message);
    server_ = std::move(*server);
    if (options_.metrics_listen.empty())
        return {};
    auto metrics = MetricsServer::listen(
        loop_, options_.metrics_listen,
        {[this] {
             note_controller();
             return metrics_text(metric_input(*enforcement_, flows_.stats(), process_));
         },
         [this] {
             const auto& state = enforcement_->state();
             return state.applied_ns && !state.subjects.empty() ? std::string{}
                                                                : "no policy is applied yet";
         },
         "ringwall-agent " RINGWALL_VERSION});
    if (!metrics)
        return std::unexpected(metrics.error().message);
    metrics_ = std::move(*metrics);
    spdlog::info("metrics on http://{}/metrics", metrics_->address());
    return {};
}

void Agent::every(std::chrono::nanoseconds period, std::function<void()> work) {
    auto& timer = *timers_.emplace_back(std::make_unique<asio::steady_timer>(loop_));
    struct Again {
        asio::steady_timer& timer;
        std::chrono::nanoseconds period;
        std::shared_ptr<std::function<void()>> work;
        std::stop_token stop;
        void operator()(error_code error) const {
            if (error || stop.stop_requested())
                return;
            (*work)();
            timer.expires_after(period);
            timer.async_wait(*this);
        }
    };
    timer.expires_after(period);
    timer.async_wait(Again{timer, period, std::make_shared<std::function<void()>>(std::move(work)),
                           stopping_.get_token()});
}

void Agent::join_controller() {
    uplink_ = std::make_unique<Uplink>(
        loop_, hashing_, *enforcement_, *paired_,
        Uplink::Hooks{{.sysdump = [this] { return answer({.what = Request::Do::sysdump}).line; },
                       .detach = [this] { stop(true); },
                       .observe = [this](const loader::Event& event) { take(event); }},
                      [this] { policy_changed(); }});
    uplink_->start();
    every(30s, [this] { uplink_->look(); });
}

void Agent::wait_for_events() {
    events_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
        if (error)
            return;
        drain();
        wait_for_events();
    });
}

void Agent::wait_for_signal() {
    signals_.async_wait([this](error_code error, int signal) {
        if (error)
            return;
        if (signal != SIGHUP)
            return stop(options_.on_stop == OnStop::detach);
        if (log_)
            if (auto reopened = log_->reopen(); !reopened)
                spdlog::error("{}", reopened.error().message);
        reload("SIGHUP");
        wait_for_signal();
    });
}

void Agent::watch_policy() {
    auto watch = Watch::on(options_.policy.empty() ? options_.snapshot : options_.policy);
    if (!watch)
        return spdlog::warn("{}; reload with SIGHUP", watch.error().message);
    watch_ = std::move(*watch);
    changes_.assign(dup(watch_->fd()));
    wait_for_change();
}

void Agent::wait_for_change() {
    changes_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
        if (error)
            return;
        if (watch_->drain()) {
            settled_.expires_after(100ms);
            settled_.async_wait([this](error_code early) {
                if (!early)
                    reload("file change");
            });
        }
        wait_for_change();
    });
}

void Agent::take(const loader::Event& event) {
    if (event.kind == loader::EventKind::exe)
        return learn_digest(event);
    const bool cut = event.kind == loader::EventKind::deny &&
                     event.verdict == loader::Verdict::blocked && event.cookie && !event.refused;
    if (cut && (event.revoked || event.direction == loader::Direction::outbound))
        enforcement_->end_socket(event);
    const auto& flow = flows_.observe(event, names_, offset_ns_);
    if (log_)
        log_->add(flow);
    if (uplink_)
        uplink_->observe(flow);
    if (server_->has_followers())
        server_->publish(flow);
    if (enforcement_->is_new_cgroup(event.cgroup))
        refresh();
}

// A large file takes a second to hash, which no flow should wait for.
void Agent::learn_digest(const loader::Event& event) {
    auto program = enforcement_->program_of(event);
    if (!program)
        return;
    asio::post(hashing_, [this, program = std::move(*program)]() mutable {
        auto digest = enforcement_->hash(program, stopping_.get_token());
        asio::post(loop_, [this, program = std::move(program), digest = std::move(digest)] {
            enforcement_->learn(program, digest);
        });
    });
}

void Agent::drain() {
    enforcement_->datapath().drain([this](const loader::Event& event) { take(event); });
}

void Agent::tick() {
    offset_ns_ = wall_offset_ns();
    drain();
    enforcement_->datapath().drain_folds([this](const loader::Event& event) { take(event); });
    if (log_) {
        log_->flush();
        process_.log_lost = log_->lost();
    }
    process_.reader_lost = server_->lost();
    if (uplink_)
        uplink_->tick();
}

void Agent::refresh() {
    if (!stopping_.stop_requested() && enforcement_->refresh())
        flows_.policy_changed(enforcement_->state().version);
}

void Agent::sweep(loader::Sweep which) {
    enforcement_->datapath().sweep(which, [this](const loader::Event& event) { take(event); });
}

void Agent::guard() {
    const auto seen = enforcement_->guard();
    if (!seen.empty())
        flows_.policy_changed(enforcement_->state().version);
    if (log_)
        for (const auto& each : seen)
            log_->add_line(tampering_line(each));
}

void Agent::report_losses() {
    const auto counters = enforcement_->datapath().counters();
    const auto lost =
        std::accumulate(counters.lost.begin(), counters.lost.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const auto& each) { return sum + each.second; });
    if (lost > lost_) {
        spdlog::warn("{} events were lost because the ring was full; --ring-bytes makes it larger",
                     lost - lost_);
        if (log_)
            log_->add_loss(lost - lost_);
        server_->publish_loss(lost - lost_);
    }
    lost_ = lost;
    if (const auto questions = counters.lost.find("exe");
        questions != counters.lost.end() && questions->second > lost_questions_) {
        lost_questions_ = questions->second;
        enforcement_->ask_again();
    }
}

void Agent::policy_changed() {
    flows_.policy_changed(enforcement_->state().version);
    notify_status(summary());
}

void Agent::reload(const char* why) {
    if (stopping_.stop_requested())
        return;
    notify_reloading();
    const auto before = enforcement_->state().version;
    if (auto done = enforcement_->reload(); !done) {
        log_lines(spdlog::level::err, done.error().message);
        spdlog::error("{}: the new policy is refused, version {} stays enforced", why, before);
    } else if (enforcement_->state().version != before) {
        spdlog::info("{}: version {} is enforced", why, enforcement_->state().version);
    }
    flows_.policy_changed(enforcement_->state().version);
    notify_ready(summary());
}

Answer Agent::answer(const Request& request) {
    note_controller();
    if (request.what != Request::Do::detach)
        return {requests_.answer(request), {}};
    return {R"({"done":"detaching"})", [this] { stop(true); }};
}

void Agent::note_controller() {
    if (uplink_)
        process_.controller = uplink_->state();
}

std::string Agent::summary() const {
    const auto& state = enforcement_->state();
    if (state.subjects.empty())
        return fmt::format("nothing is enforced on {}: {} gave no policy yet", options_.cgroup,
                           state.source);
    std::string subjects;
    for (const auto& subject : state.subjects)
        subjects +=
            fmt::format("{}{} ({})", subjects.empty() ? "" : ", ", subject.workload, subject.mode);
    return fmt::format("enforcing policy version {} on {}: {}{}", state.version, options_.cgroup,
                       subjects, state.error.empty() ? "" : "; the newest policy was refused");
}

// The one way to stop: from a signal or from the local API.
void Agent::stop(bool remove) {
    if (stopping_.stop_requested())
        return;
    notify_stopping();
    tick();
    stopping_.request_stop(); // nothing puts back what is removed now
    events_.cancel();
    if (remove) {
        if (auto done = enforcement_->detach(); !done)
            spdlog::error("{}", done.error().message);
    } else {
        spdlog::info("stopping; enforcement stays in the kernel");
    }
    server_->stop();
    if (metrics_)
        metrics_->stop();
    hashing_.stop();
    if (uplink_)
        return uplink_->stop([this] { loop_.stop(); });
    loop_.stop();
}

} // namespace

std::expected<void, std::string> run(std::unique_ptr<Enforcement> enforcement,
                                     std::unique_ptr<Paired> paired) {
    Agent agent(std::move(enforcement), std::move(paired));
    if (auto started = agent.start(); !started)
        return started;
    agent.run();
    return {};
}

} // namespace ringwall::agent
