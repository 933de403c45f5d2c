#include "agent/session.h"

#include <algorithm>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "agent/session_flows.h"
#include "agent/session_halves.h"
#include "control/proto/frame.h"

namespace ringwall::agent {
namespace {

constexpr std::uint32_t protocol_version = 1;
constexpr auto shortest_heartbeat = std::chrono::seconds(1);
constexpr auto longest_heartbeat = std::chrono::seconds(300);

// Reasons that a second attempt a moment later cannot mend.
bool lasting(v1::GoodbyeReason reason) {
    return reason == v1::UNSUPPORTED_PROTOCOL || reason == v1::WRONG_IDENTITY ||
           reason == v1::SUPERSEDED || reason == v1::REVOKED;
}

std::optional<Time> earlier(std::optional<Time> one, std::optional<Time> other) {
    if (!one || !other)
        return one ? one : other;
    return std::min(*one, *other);
}

} // namespace

const char* name(SessionState state) {
    switch (state) {
    case SessionState::idle:
        return "idle";
    case SessionState::connecting:
        return "connecting";
    case SessionState::greeting:
        return "greeting";
    case SessionState::live:
        return "live";
    case SessionState::closing:
        return "closing";
    case SessionState::waiting:
        return "waiting";
    case SessionState::stopped:
        return "stopped";
    }
    return "unknown";
}

class Session::Machine {
  public:
    Machine(SessionOptions options, const SessionStart& start)
        : policy(start, options.verify), inventory(start), options_(std::move(options)),
          flows_(start), trust_(start.trust),
          random_(static_cast<std::minstd_rand::result_type>(options_.seed)) {}

    std::vector<Action> resume(const Input& input, Time now) {
        now_ = now;
        std::visit([this](const auto& it) { on(it); }, input);
        policy.tick(now_, stats, out_);
        check_deadlines();
        set_timer();
        return std::exchange(out_.actions, {});
    }

    PolicyHalf policy;
    InventoryHalf inventory;
    SessionState state = SessionState::idle;
    SessionStats stats;

  private:
    void on(const input::Start&) {
        if (state == SessionState::idle)
            connect();
    }

    void on(const input::Connected&) {
        if (state != SessionState::connecting)
            return;
        ++stats.connections;
        state = SessionState::greeting;
        deadline_ = now_ + options_.hello_timeout;
        decoder_ = wire::FrameDecoder();
        hello();
    }

    void on(const input::Disconnected&) {
        if (state == SessionState::idle || state == SessionState::waiting)
            return;
        out_.live = false;
        flows_.disconnected();
        if (state == SessionState::stopped)
            return;
        state = SessionState::waiting;
        deadline_ = now_ + retry_delay();
    }

    void on(const input::Received& input) {
        decoder_.feed(input.bytes);
        while (state == SessionState::greeting || state == SessionState::live) {
            auto payload = decoder_.next();
            if (!payload)
                return close(v1::PROTOCOL_VIOLATION, payload.error().message);
            if (!*payload)
                return;
            v1::ToAgent message;
            if (auto parsed = wire::parse_payload(**payload, message); !parsed)
                return close(v1::PROTOCOL_VIOLATION, parsed.error().message);
            heard_ = now_;
            dispatch(message);
        }
    }

    void on(const input::Tick&) {
        if (state == SessionState::waiting && now_ >= deadline_)
            connect();
    }

    void on(const input::Applied& input) {
        if (input.half == v1::POLICY)
            policy.applied(input.version, now_, stats, out_);
        else
            inventory.applied(input.version, out_);
    }

    void on(const input::Refused& input) {
        if (input.half == v1::POLICY)
            policy.refused(input.version, input.sentence, stats, out_);
        else
            inventory.refused(input.version, input.sentence, out_);
    }

    void on(const input::FlowsQueued&) { flows_.queued(out_); }
    void on(const input::Flows& input) { flows_.read(input, now_, stats, out_); }

    void on(const input::Report& input) {
        report_ = input.report;
        send_report();
    }

    void on(const input::Impact& input) {
        impact_ = input.impact;
        send_impact();
    }

    void on(const input::CommandDone& input) {
        v1::ToController message;
        *message.mutable_command_result() = input.result;
        out_.send(message);
    }

    // The controller sees certificates in handshakes only.
    void on(const input::Renewed& input) {
        constexpr const char* why =
            "the certificate was renewed; the next session shows the new one";
        trust_ = input.trust;
        if (state == SessionState::greeting || state == SessionState::live)
            close(v1::STOPPING, why);
        else if (state == SessionState::connecting)
            trouble(why);
    }

    void on(const input::Stop& input) {
        if (state == SessionState::greeting || state == SessionState::live)
            close(v1::STOPPING, input.sentence);
        else if (state == SessionState::connecting)
            out_.actions.emplace_back(action::Close{input.sentence});
        state = SessionState::stopped;
    }

    void connect() {
        state = SessionState::connecting;
        deadline_ = now_ + options_.connect_timeout;
        out_.actions.emplace_back(action::Connect{});
    }

    void hello() {
        v1::ToController message;
        auto& hello = *message.mutable_hello();
        hello.set_protocol_min(protocol_version);
        hello.set_protocol_max(protocol_version);
        hello.set_agent_version(options_.agent_version);
        hello.set_identity(options_.identity);
        hello.set_boot_id(options_.boot_id);
        hello.set_epoch(options_.epoch);
        for (const auto& capability : options_.capabilities)
            hello.add_capabilities(capability);
        hello.set_trust(trust_);
        policy.write(hello);
        inventory.write(hello);
        flows_.write(hello);
        said_ = hello;
        send_now(message);
    }

    // Also before the session is live.
    void send_now(const v1::ToController& message) {
        const bool live = std::exchange(out_.live, true);
        out_.send(message);
        out_.live = live;
    }

    void dispatch(const v1::ToAgent& message) {
        if (message.has_goodbye())
            return goodbye(message.goodbye());
        if (message.has_welcome() != (state == SessionState::greeting))
            return close(v1::PROTOCOL_VIOLATION, "the controller's first message, and only the "
                                                 "first, must be Welcome or Goodbye");
        switch (message.message_case()) {
        case v1::ToAgent::kWelcome:
            return welcome(message.welcome());
        case v1::ToAgent::kPolicy:
            return policy.received(message.policy(), stats, out_);
        case v1::ToAgent::kPolicyDelta:
            return policy.received(message.policy_delta(), stats, out_);
        case v1::ToAgent::kInventory:
            return inventory.received(message.inventory(), out_);
        case v1::ToAgent::kInventoryDelta:
            return inventory.received(message.inventory_delta(), out_);
        case v1::ToAgent::kConfirm:
            return policy.confirm(message.confirm().version(), out_);
        case v1::ToAgent::kRollBack:
            return policy.roll_back(message.roll_back().version(), stats, out_);
        case v1::ToAgent::kFlowAck:
            return flows_.acknowledged(message.flow_ack().through(), out_);
        case v1::ToAgent::kCommand:
            return out_.actions.emplace_back(action::RunCommand{message.command()}), void();
        case v1::ToAgent::kHeartbeat:
        case v1::ToAgent::kGoodbye:
            return;
        case v1::ToAgent::MESSAGE_NOT_SET:
            ++stats.unknown_messages;
        }
    }

    void welcome(const v1::Welcome& welcome) {
        if (welcome.protocol() != protocol_version)
            return close(v1::UNSUPPORTED_PROTOCOL,
                         fmt::format("the controller chose protocol {}, which this agent does not "
                                     "speak",
                                     welcome.protocol()));
        state = SessionState::live;
        out_.live = true;
        welcomed_at_ = now_;
        attempts_before_ = std::exchange(attempts_, 0);
        heartbeat_ = std::clamp<Time>(std::chrono::seconds(welcome.heartbeat_seconds()),
                                      shortest_heartbeat, longest_heartbeat);
        beat_at_ = now_ + heartbeat_;
        policy.tell_changes(said_, out_);
        inventory.tell_changes(said_, out_);
        send_report();
        send_impact();
        flows_.welcomed(welcome, out_);
    }

    void send_report() {
        if (!report_)
            return;
        v1::ToController message;
        *message.mutable_report() = *report_;
        out_.send(message);
    }

    void send_impact() {
        if (!impact_)
            return;
        v1::ToController message;
        *message.mutable_impact() = *impact_;
        out_.send(message);
    }

    void goodbye(const v1::Goodbye& goodbye) {
        if (lasting(goodbye.reason()))
            attempts_ = 63;
        else if (state == SessionState::live && now_ < welcomed_at_ + options_.steady_after)
            attempts_ = attempts_before_; // as one that cannot store flows does again and again
        trouble(fmt::format("the controller ended the session: {}", goodbye.sentence()));
    }

    void close(v1::GoodbyeReason reason, std::string sentence) {
        v1::ToController message;
        message.mutable_goodbye()->set_reason(reason);
        message.mutable_goodbye()->set_sentence(sentence);
        send_now(message);
        trouble(std::move(sentence));
    }

    void trouble(std::string sentence) {
        stats.last_trouble = sentence;
        out_.live = false;
        state = SessionState::closing;
        out_.actions.emplace_back(action::Close{std::move(sentence)});
    }

    // Half of the delay is fixed, half is dice: a fleet does not come back in one moment.
    Time retry_delay() {
        const auto doubled = options_.first_retry * (1LL << std::min(attempts_, 20));
        const auto delay = std::min<Time>(doubled, options_.longest_retry);
        attempts_ = std::min(attempts_ + 1, 63);
        return delay / 2 + Time(std::uniform_int_distribution<std::int64_t>(
                               0, (delay - delay / 2).count())(random_));
    }

    std::optional<Time> flow_deadline() const {
        const auto since = flows_.waiting_since();
        return since ? std::optional(*since + options_.flow_ack_timeout) : std::nullopt;
    }

    void check_deadlines() {
        if (state == SessionState::connecting && now_ >= deadline_)
            trouble("the controller did not accept a connection in time");
        if (state == SessionState::greeting && now_ >= deadline_)
            close(v1::TIMED_OUT, "the controller did not answer Hello in time");
        if (state != SessionState::live)
            return;
        if (now_ >= heard_ + heartbeat_ * options_.missed_heartbeats)
            return close(v1::TIMED_OUT, "nothing was heard of the controller for too long");
        if (const auto due = flow_deadline(); due && now_ >= *due)
            return close(v1::TIMED_OUT, "the controller did not acknowledge flows in time");
        if (now_ >= beat_at_) {
            beat_at_ = now_ + heartbeat_;
            v1::ToController message;
            message.mutable_heartbeat();
            out_.send(message);
        }
    }

    std::optional<Time> next_deadline() const {
        auto next = policy.deadline();
        if (state == SessionState::connecting || state == SessionState::greeting ||
            state == SessionState::waiting)
            next = earlier(next, deadline_);
        if (state == SessionState::live) {
            next =
                earlier(next, std::min(beat_at_, heard_ + heartbeat_ * options_.missed_heartbeats));
            next = earlier(next, flow_deadline());
        }
        return next;
    }

    void set_timer() {
        const auto next = next_deadline();
        if (next && next != timer_)
            out_.actions.emplace_back(action::SetTimer{*next});
        timer_ = next;
    }

    SessionOptions options_;
    FlowSender flows_;
    std::uint64_t trust_;
    v1::Hello said_; // the last one
    std::minstd_rand random_;
    Outbox out_;
    wire::FrameDecoder decoder_;
    std::optional<v1::HostReport> report_;
    std::optional<v1::Impact> impact_;
    Time now_{}, deadline_{}, heard_{}, beat_at_{};
    Time heartbeat_{shortest_heartbeat};
    std::optional<Time> timer_;
    Time welcomed_at_{};
    int attempts_ = 0, attempts_before_ = 0;
};

Session::Session(SessionOptions options, const SessionStart& start)
    : machine_(std::make_unique<Machine>(std::move(options), start)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

std::vector<Action> Session::resume(const Input& input, Time now) {
    return machine_->resume(input, now);
}

SessionState Session::state() const {
    return machine_->state;
}
const SessionStats& Session::stats() const {
    return machine_->stats;
}
PolicyRef Session::policy() const {
    return machine_->policy.held();
}
InventoryRef Session::inventory() const {
    return machine_->inventory.held();
}
std::optional<Time> Session::confirm_by() const {
    return machine_->policy.confirm_by();
}

} // namespace ringwall::agent
