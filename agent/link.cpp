#include "agent/link.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agent/host.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

// How long one half waits for the other that belongs to it.
constexpr auto together = 10ms, at_most_alone = 2000ms;
constexpr auto stop_patience = 2s;
// Between tries of what the disk did not take. A new session is offered it anew.
constexpr auto between_tries = 15s;

SessionOptions session_options(const Credentials& credentials, const Held& held,
                               const Link::Options& options) {
    SessionOptions out;
    out.identity = credentials.agent;
    out.agent_version = options.agent_version;
    out.boot_id = options.boot_id;
    out.epoch = held.epoch();
    out.seed = options.seed;
    out.connect_timeout = options.patience * (std::ssize(credentials.endpoints) + 1);
    out.first_retry = options.first_retry;
    out.longest_retry = options.longest_retry;
    return out;
}

SessionStart session_start(const Credentials& credentials, const Held& held, const Spool& spool) {
    auto out = held.start();
    out.trust = credentials.bundle;
    out.flow_stream = spool.stream();
    out.flows_through = spool.acknowledged();
    return out;
}

} // namespace

// The session's timer counts the time that the host slept; Asio's own timers do not.
class Link::Clock {
  public:
    explicit Clock(asio::io_context& loop)
        : settle(loop), stop(loop), again(loop),
          tick_(loop, timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {}

    void set(Time at, std::function<void()> work) {
        itimerspec when{};
        when.it_value.tv_sec = at.count() / 1000;
        when.it_value.tv_nsec = at.count() % 1000 * 1'000'000 + 1; // all zero: no timer
        timerfd_settime(tick_.native_handle(), TFD_TIMER_ABSTIME, &when, nullptr);
        error_code ignored;
        std::ignore = tick_.cancel(ignored);
        tick_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [work = std::move(work)](error_code error) {
                             if (!error)
                                 work();
                         });
    }

    asio::steady_timer settle, stop, again;

  private:
    asio::posix::stream_descriptor tick_;
};

Link::Link(asio::io_context& loop, Credentials credentials, Held& held, Spool& spool,
           LinkHost& host, Options options)
    : loop_(loop), credentials_(std::move(credentials)), held_(held), spool_(spool), host_(host),
      options_(std::move(options)),
      session_(with_verifier(session_options(credentials_, held, options_)),
               session_start(credentials_, held, spool)),
      clock_(std::make_unique<Clock>(loop)) {
    state_.endpoint = credentials_.endpoints.front().text();
}

// A renewal may bring the keys of tomorrow.
SessionOptions Link::with_verifier(SessionOptions options) const {
    options.verify = [this](const v1::SignedPolicy& policy) {
        return verifier(credentials_.signers)(policy);
    };
    return options;
}

Link::~Link() {
    if (connection_)
        connection_->abandon();
}

void Link::start() {
    feed(input::Start{});
}

void Link::flows_queued() {
    feed(input::FlowsQueued{});
}

void Link::report(v1::HostReport report) {
    feed(input::Report{std::move(report)});
}

void Link::impact(v1::Impact impact) {
    feed(input::Impact{std::move(impact)});
}

void Link::renewed(Credentials credentials) {
    credentials_ = std::move(credentials);
    feed(input::Renewed{credentials_.bundle});
}

void Link::stop(const std::string& sentence, std::function<void()> stopped) {
    if (session_.state() == SessionState::stopped && !stopped_) {
        asio::post(loop_, std::move(stopped));
        return;
    }
    stopped_ = std::move(stopped);
    feed(input::Stop{sentence});
    clock_->stop.expires_after(connection_ ? stop_patience : 0s);
    clock_->stop.async_wait([this](error_code error) {
        if (!error)
            end_stop();
    });
}

void Link::end_stop() {
    clock_->stop.cancel();
    if (connection_)
        std::exchange(connection_, nullptr)->abandon();
    if (const auto stopped = std::exchange(stopped_, nullptr))
        stopped();
}

void Link::feed(const Input& input) {
    for (const auto& action : session_.resume(input, boot_time()))
        std::visit([this](const auto& it) { perform(it); }, action);
    note_state();
    while (!answers_.empty()) {
        const auto answer = std::move(answers_.front());
        answers_.pop_front();
        for (const auto& action : session_.resume(answer, boot_time()))
            std::visit([this](const auto& it) { perform(it); }, action);
        note_state();
    }
    if (const auto afterwards = std::exchange(afterwards_, nullptr))
        stop("enforcement is being removed from this host", afterwards);
}

void Link::note_state() {
    if (state_.session == session_.state() && state_.since_ns != 0)
        return;
    state_.session = session_.state();
    state_.since_ns = wall_ns();
    if (state_.session != SessionState::live)
        return;
    state_.trouble.clear();
    logged_.clear();
    spdlog::info("connected with the controller at {} as {}", state_.endpoint, credentials_.agent);
}

void Link::perform(const action::Connect&) {
    auto endpoints = credentials_.endpoints;
    std::ranges::rotate(endpoints, endpoints.begin() + static_cast<std::ptrdiff_t>(
                                                           first_endpoint_ % endpoints.size()));
    connection_ = Connection::open(
        loop_, std::move(endpoints), tls_setup(credentials_), options_.patience,
        {[this](const Endpoint& endpoint, const Address& peer) { connected(endpoint, peer); },
         [this](std::string_view bytes) { feed(input::Received{bytes}); },
         [this](const std::string& why) { ended(why); }});
}

void Link::connected(const Endpoint& endpoint, const Address& peer) {
    state_.endpoint = endpoint.text();
    const auto found = std::ranges::find(credentials_.endpoints, endpoint);
    first_endpoint_ = static_cast<std::size_t>(found - credentials_.endpoints.begin());
    spdlog::debug("TLS with {} ({})", endpoint.text(), peer.text());
    feed(input::Connected{});
}

void Link::ended(const std::string& why) {
    connection_.reset();
    if (session_.state() == SessionState::stopped)
        return end_stop();
    const bool told = session_.state() == SessionState::closing;
    state_.trouble = told ? session_.stats().last_trouble : why;
    if (session_.state() == SessionState::connecting)
        ++first_endpoint_;
    if (state_.trouble != logged_)
        spdlog::warn("no session with the controller: {}", state_.trouble);
    logged_ = state_.trouble;
    feed(input::Disconnected{});
}

void Link::perform(const action::Send& action) {
    if (connection_)
        connection_->send(action.bytes);
}

void Link::perform(const action::Close&) {
    if (connection_)
        connection_->close();
    else
        answers_.emplace_back(input::Disconnected{});
}

void Link::perform(const action::SetTimer& action) {
    clock_->set(action.at, [this] { feed(input::Tick{}); });
}

void Link::perform(const action::ApplyPolicy& action) {
    came_.policy = action.policy;
    confirm_within_ = action.confirm_within;
    came();
}

void Link::perform(const action::ApplyInventory& action) {
    came_.inventory = action.inventory;
    came();
}

void Link::came() {
    clock_->settle.expires_after(together);
    clock_->settle.async_wait([this](error_code error) {
        if (!error)
            settle(false);
    });
}

void Link::settle(bool last_call) {
    const auto choice = choose({held_.policy(), held_.inventory()}, came_, last_call);
    if (!choice) {
        if (last_call || (!came_.policy && !came_.inventory))
            return;
        clock_->settle.expires_after(at_most_alone);
        clock_->settle.async_wait([this](error_code error) {
            if (!error)
                settle(true);
        });
        return;
    }
    auto outcome = take(*choice);
    if (!outcome && choice->takes_policy && choice->takes_inventory) {
        // It may well be the policy's fault alone.
        answer({{}, true, false}, outcome);
    } else {
        answer(*choice, outcome);
    }
    settle(last_call);
}

// Enforced first: what cannot be enforced is never what the next start begins with.
std::expected<void, std::string> Link::take(const Choice& choice) {
    const auto& [policy, inventory] = choice.enforce;
    if (policy && inventory)
        if (auto done = host_.enforce(join(policy->policy, inventory->inventory)); !done)
            return done;
    const auto former = held_.inventory();
    Held::Done kept;
    if (choice.takes_inventory)
        kept = held_.keep_inventory(inventory);
    if (kept && choice.takes_policy)
        kept = held_.keep_policy(policy, confirm_within_, boot_time(), former);
    if (kept)
        return {};
    enforce_held();
    clock_->again.expires_after(between_tries);
    clock_->again.async_wait([this](error_code error) {
        if (!error && connection_)
            connection_->close();
    });
    return std::unexpected("it could not be kept on the disk: " + kept.error().message);
}

void Link::answer(const Choice& choice, const std::expected<void, std::string>& outcome) {
    const auto tell = [&](v1::Half half, std::uint64_t version) {
        if (outcome)
            answers_.emplace_back(input::Applied{half, version});
        else
            answers_.emplace_back(input::Refused{half, version, outcome.error()});
    };
    if (choice.takes_policy)
        tell(v1::POLICY, std::exchange(came_.policy, nullptr)->policy.version());
    if (choice.takes_inventory)
        tell(v1::INVENTORY, std::exchange(came_.inventory, nullptr)->inventory.revision());
    state_.refused = outcome ? std::string{} : outcome.error();
    if (!outcome)
        spdlog::error("what the controller sent is refused: {}", outcome.error());
    feed(input::Tick{});
}

void Link::enforce_held() {
    const auto snapshot = held_.snapshot();
    if (!snapshot)
        return host_.enforce_nothing();
    if (auto done = host_.enforce(*snapshot); !done)
        spdlog::error("what was enforced before cannot be enforced again: {}", done.error());
}

void Link::keep(std::expected<void, HeldError> outcome) const {
    if (!outcome)
        spdlog::error("the session's state could not be kept: {}", outcome.error().message);
}

void Link::perform(const action::Confirmed&) {
    keep(held_.confirm());
    if (held_.policy())
        spdlog::info("policy version {} is confirmed", shown_version(held_.policy()->policy));
}

// Enforced first: were the disk full, the next start would leave the version once more.
void Link::perform(const action::RollBackTo& action) {
    spdlog::warn("policy version {} was not confirmed: back to {}",
                 held_.policy() ? shown_version(held_.policy()->policy) : action.left,
                 action.policy ? fmt::format("version {}", shown_version(action.policy->policy))
                               : "no policy");
    if (action.policy && held_.inventory()) {
        const auto& policy = action.policy->policy;
        if (auto done = host_.enforce(join(policy, held_.inventory_for(policy)->inventory)); !done)
            spdlog::error("going back failed: {}", done.error());
    }
    if (!action.policy)
        host_.enforce_nothing();
    keep(held_.roll_back(action.policy, action.left));
}

void Link::perform(const action::ReadFlows& action) {
    input::Flows flows{action.after, std::nullopt};
    auto batch = spool_.read(action.after);
    if (batch)
        flows.batch = std::move(*batch);
    else
        spdlog::error("flows stay on this host: {}", batch.error().message);
    answers_.emplace_back(std::move(flows));
}

void Link::perform(const action::ForgetFlows& action) {
    if (auto done = spool_.acknowledge(action.through); !done)
        spdlog::error("delivered flows could not be forgotten: {}", done.error().message);
}

void Link::perform(const action::RunCommand& action) {
    auto result = host_.run(action.command, afterwards_);
    result.set_id(action.command.id());
    answers_.emplace_back(input::CommandDone{std::move(result)});
}

LinkState Link::state() const {
    auto out = state_;
    out.stats = session_.stats();
    if (const auto policy = session_.policy())
        out.policy = policy->holding;
    if (const auto inventory = session_.inventory())
        out.inventory = inventory->holding;
    if (const auto by = session_.confirm_by())
        out.confirm_by_ns = wall_ns() + (*by - boot_time()).count() * 1'000'000;
    return out;
}

} // namespace ringwall::agent
