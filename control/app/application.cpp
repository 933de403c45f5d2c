#include "control/app/application.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <prometheus/metric_family.h>
#include <spdlog/spdlog.h>

#include "agent/notify.h"
#include "common/time.h"
#include "control/alerts/alerts.h"
#include "control/alerts/flow_event.h"
#include "control/api/api.h"
#include "control/app/flow_past.h"
#include "control/app/flow_path.h"
#include "control/app/metrics.h"
#include "control/core/controller.h"
#include "control/server/server.h"
#include "control/ui/site.h"

namespace ringwall::app {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using boost::system::error_code;
using Started = std::expected<void, std::string>;

constexpr auto identity_life = 24h; // of the controller's own certificate in use
constexpr auto stop_grace = 3s;
constexpr std::size_t remembered_flows = 200'000; // a second of reading at the start

Started prepare_directory(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error || chmod(path.c_str(), 0700) != 0)
        return std::unexpected(fmt::format("{}: cannot be made a directory of mode 0700 ({}); name "
                                           "another one with --data-dir",
                                           path, error ? error.message() : std::strerror(errno)));
    return {};
}

class Application {
  public:
    Application(Settings settings, std::string version)
        : settings_(std::move(settings)), version_(std::move(version)),
          signals_(loop_, SIGTERM, SIGINT), judgement_(loop_), renewal_(loop_), watchdog_(loop_),
          sweep_(loop_) {}

    Started start();
    void run() { loop_.run(); }

  private:
    Started open_flows();
    Started open_map();
    Started open_alerts();
    void remember_told();
    Started open_controller();
    Started open_api();
    Started open_ui();
    Started open_server();
    std::expected<pki::TlsSetup, std::string> identity();
    Started write_trust() const;

    void arm();
    void every(asio::steady_timer& timer, std::chrono::nanoseconds period,
               std::function<void()> work);
    void renew_identity();
    void take_over_authority();
    void tend_flows(bool last = false);
    void tell(const core::Notice& notice);
    void stop();

    asio::io_context loop_{1}; // outlives all that waits on it
    Settings settings_;
    std::string version_;
    asio::thread_pool aside_{1};
    std::unique_ptr<flows::Store> flow_store_;
    std::unique_ptr<FlowPast> flow_past_;
    std::unique_ptr<flowmap::EdgeMap> map_;
    std::unique_ptr<alerts::Alerts> alerts_;
    std::unique_ptr<FlowPath> flow_path_;
    std::unique_ptr<core::Controller> controller_;
    std::unique_ptr<api::Api> api_;
    std::optional<ui::Site> ui_;
    std::unique_ptr<server::Server> server_;
    asio::signal_set signals_;
    asio::steady_timer judgement_, renewal_, watchdog_, sweep_;
    std::uint64_t map_written_ = 0; // rows, when all of the map was last written on purpose
    bool stopping_ = false;
};

Started Application::start() {
    if (settings_.names.empty())
        settings_.names = own_names();
    for (const auto step :
         {&Application::open_flows, &Application::open_map, &Application::open_alerts,
          &Application::open_controller, &Application::open_api, &Application::open_ui,
          &Application::open_server})
        if (auto done = (this->*step)(); !done)
            return done;
    signals_.async_wait([this](error_code error, int) {
        if (!error)
            stop();
    });
    every(renewal_, identity_life, [this] { renew_identity(); });
    every(sweep_, 10s, [this] { tend_flows(); });
    if (const auto interval = agent::watchdog_interval(); interval.count())
        every(watchdog_, interval, [] { agent::notify_alive(); });
    arm();
    const auto ready =
        fmt::format("serving on port {} as {}", server_->port(), fmt::join(settings_.names, ", "));
    agent::notify_ready(ready);
    spdlog::info("{}", ready);
    return {};
}

Started Application::open_flows() {
    if (auto made = prepare_directory(settings_.data_dir); !made)
        return made;
    flows::Options options;
    options.path = settings_.data_dir + "/flows.db";
    options.max_rows = settings_.flow_rows;
    options.max_age = std::chrono::hours(24 * settings_.flow_days);
    auto store = flows::Store::open(std::move(options));
    if (!store)
        return std::unexpected(store.error().message);
    flow_store_ = std::move(*store);
    flow_past_ = std::make_unique<FlowPast>(*flow_store_);
    return {};
}

Started Application::open_map() {
    flowmap::MapOptions options;
    options.path = settings_.data_dir + "/map.db";
    options.days_for = std::chrono::hours(24 * settings_.map_days);
    options.max_bytes = settings_.map_mib << 20;
    auto map = flowmap::EdgeMap::open(std::move(options), *flow_past_);
    if (!map)
        return std::unexpected(map.error().message);
    map_ = std::move(*map);
    flow_path_ =
        std::make_unique<FlowPath>(loop_, *flow_store_, *map_, [this](const flows::Row& row) {
            if (const auto event = alerts::flow_event(row))
                alerts_->tell(*event);
        });
    return {};
}

// The map first: what it has written may go. Where flows come so fast that rows go before their
// minute is over, the map is written as it is, so that a crash takes none away.
void Application::tend_flows(bool last) {
    const auto taken = map_->counters().taken;
    const bool many = taken - map_written_ > settings_.flow_rows / 2;
    if (many)
        map_written_ = taken;
    if (auto done = map_->advance(wall_clock_ns(), last || many); !done)
        spdlog::error("the map is not written, this is tried again: {}", done.error().message);
    if (!last)
        flow_path_->trim(wall_clock_ns());
}

Started Application::open_alerts() {
    alerts::Options options;
    options.config = settings_.alerts;
    options.origin = alerts::this_host("ringwall-controller");
    options.say = [](const std::string& sentence) { spdlog::warn("{}", sentence); };
    auto alerts = alerts::Alerts::start(loop_, std::move(options));
    if (!alerts)
        return std::unexpected(alerts.error().message);
    alerts_ = std::move(*alerts);
    remember_told();
    return {};
}

// The would-blocks that somebody was told of before this start: the newest, as many as are kept.
void Application::remember_told() {
    flows::Filter filter;
    filter.verdicts = {v1::WOULD_BLOCK};
    flows::PageRequest page{.after = {}, .limit = 1000};
    std::size_t rows = 0;
    for (bool more = true; more; more = !page.after.empty() && rows < remembered_flows) {
        const auto found = flow_store_->query(filter, page);
        if (!found) {
            spdlog::warn("would-blocks that were told before may be told again: {}",
                         found.error().message);
            return;
        }
        for (const auto& row : found->rows)
            if (const auto event = alerts::flow_event(row))
                alerts_->known(event->key);
        rows += found->rows.size();
        page.after = found->next;
    }
}

Started Application::open_controller() {
    core::Options options;
    options.data_dir = settings_.data_dir;
    options.version = version_;
    options.names = settings_.names;
    options.port = settings_.port;
    options.certificate_life = settings_.certificate_days * 86400;
    options.silent_grace = std::chrono::hours(settings_.silent_grace_hours);
    options.wall = wall_clock_ns;
    options.steady = server::boot_clock;
    options.notice = [this](const core::Notice& notice) { tell(notice); };
    options.wake = [this] { asio::post(loop_, [this] { arm(); }); };
    options.authority_changed = [this] { take_over_authority(); };
    options.flows = flow_path_.get();
    auto controller = core::Controller::open(std::move(options));
    if (!controller)
        return std::unexpected(controller.error().message);
    controller_ = std::move(*controller);
    flow_path_->attach(*controller_);
    return write_trust();
}

// For people's command lines on this host.
Started Application::write_trust() const {
    const auto file = settings_.data_dir + "/ca.pem", made = file + ".new";
    std::ofstream out(made, std::ios::trunc);
    out << controller_->trust_bundle();
    out.close();
    std::error_code error;
    if (out)
        fs::rename(made, file, error); // whoever reads it meanwhile has it whole
    if (out && !error)
        return {};
    return std::unexpected(file + ": cannot be written; is the disk full?");
}

Started Application::open_api() {
    api::Options options;
    options.temp_dir = settings_.data_dir;
    options.wall = wall_clock_ns;
    options.steady = server::boot_clock;
    options.aside = [this](std::function<void()> work, std::function<void()> done) {
        asio::post(aside_, [this, work = std::move(work), done = std::move(done)]() mutable {
            work();
            asio::post(loop_, std::move(done));
        });
    };
    options.flows = flow_path_.get();
    options.map = map_.get();
    options.metrics = [this] {
        return metric_families({server_->stats(), flow_store_->counters(), flow_store_->rows(),
                                map_->counters(), map_->catalog().edges(), map_->bytes(),
                                alerts_->counters(), alerts_->sinks()});
    };
    options.unready = [this] { return stopping_ ? "stopping" : ""; };
    api_ = std::make_unique<api::Api>(*controller_, std::move(options));
    return {};
}

Started Application::open_ui() {
    if (settings_.ui_dir.empty()) {
        ui_ = ui::Site::embedded();
        return {};
    }
    auto site = ui::Site::of_folder(settings_.ui_dir);
    if (!site)
        return std::unexpected(site.error());
    ui_ = std::move(*site);
    return {};
}

std::expected<pki::TlsSetup, std::string> Application::identity() {
    auto made = controller_->identity();
    if (!made)
        return std::unexpected(made.error().message);
    return pki::TlsSetup{
        .chain = std::move(made->chain),
        .key = std::move(made->key),
        .check = [this](const std::vector<pki::Certificate>& chain) -> pki::Result<void> {
            if (auto who = controller_->admit(chain); !who)
                return std::unexpected(who.error());
            return {};
        },
        .peer_required = false};
}

Started Application::open_server() {
    const auto setup = identity();
    if (!setup)
        return std::unexpected(setup.error());
    server::ServerOptions options;
    options.address = settings_.address;
    options.port = settings_.port;
    options.refused = [](const std::string& sentence) { spdlog::warn("{}", sentence); };
    auto server = server::Server::listen(loop_, options, *setup, controller_->hub(),
                                         [this](const http::Request& request, http::Reply reply) {
                                             if (ui::Site::owns(request.target))
                                                 reply(ui_->answer(request));
                                             else
                                                 api_->handle(request, std::move(reply));
                                         });
    if (!server)
        return std::unexpected(server.error().message);
    server_ = std::move(*server);
    return {};
}

void Application::renew_identity() {
    const auto setup = identity();
    if (!setup)
        return spdlog::error("{}", setup.error());
    if (auto done = server_->set_identity(*setup); !done)
        spdlog::error("{}", done.error().message);
}

// Agents' certificates are judged by the controller, which knows the CAs of the moment.
void Application::take_over_authority() {
    renew_identity();
    if (auto written = write_trust(); !written)
        spdlog::error("{}", written.error());
}

// Sessions have a timer of their own; this one is for versions on their way.
void Application::arm() {
    if (stopping_)
        return;
    const auto due = controller_->own_deadline();
    if (!due) {
        judgement_.cancel();
        return;
    }
    judgement_.expires_after(std::max(*due - server::boot_clock(), 0ms));
    judgement_.async_wait([this](error_code error) {
        if (error)
            return;
        controller_->tick();
        arm();
    });
}

void Application::every(asio::steady_timer& timer, std::chrono::nanoseconds period,
                        std::function<void()> work) {
    timer.expires_after(period);
    timer.async_wait([this, &timer, period, work = std::move(work)](error_code error) mutable {
        if (error || stopping_)
            return;
        work();
        every(timer, period, std::move(work));
    });
}

void Application::tell(const core::Notice& notice) {
    const auto kind = alerts::kind_of(notice.kind);
    if (!kind)
        return spdlog::error("no alert is called {}", notice.kind);
    alerts_->tell({*kind, notice.key, notice.sentence, notice.fields, wall_clock_ns()});
}

void Application::stop() {
    if (std::exchange(stopping_, true))
        return;
    spdlog::info("stopping; agents go on enforcing what they have");
    agent::notify_stopping();
    for (auto* timer : {&judgement_, &renewal_, &watchdog_, &sweep_})
        timer->cancel();
    server_->stop([this] {
        alerts_->stop(stop_grace, [this] {
            aside_.join();
            tend_flows(true);
            loop_.stop();
        });
    });
}

} // namespace

std::expected<void, std::string> run(Settings settings, const std::string& version) {
    Application application(std::move(settings), version);
    if (auto started = application.start(); !started)
        return started;
    application.run();
    return {};
}

} // namespace ringwall::app
