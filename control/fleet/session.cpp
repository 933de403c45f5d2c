#include "control/fleet/session.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "control/fleet/delivery.h"
#include "control/fleet/intake.h"
#include "control/proto/frame.h"

namespace ringwall::fleet {
namespace {

constexpr std::uint32_t protocol_version = 1;
constexpr std::size_t max_hello_bytes = 64 * 1024;
constexpr std::size_t max_greeting = 2; // connections of one agent that have not said Hello

void earliest(std::optional<Time>& next, std::optional<Time> other) {
    if (other && (!next || *other < *next))
        next = other;
}

} // namespace

const char* name(Presence presence) {
    switch (presence) {
    case Presence::silent:
        return "silent";
    case Presence::late:
        return "late";
    case Presence::online:
        return "online";
    }
    return "unknown";
}

class Session::Machine {
  public:
    Machine(SessionOptions options, const SessionStart& start)
        : policy(v1::POLICY, start.policy, start.confirmed, options.history),
          inventory(v1::INVENTORY, start.inventory, 0, options.history),
          options_(std::move(options)),
          intake_(start.flow_stream, start.flows_through, options_.flow_window) {}

    std::vector<Action> resume(const Input& input, Time now) {
        now_ = now;
        std::visit([this](const auto& it) { on(it); }, input);
        check_deadlines();
        if (inventory_first_)
            deliver(inventory, policy);
        deliver(policy, inventory);
        deliver(inventory, policy);
        set_timer();
        return std::exchange(actions_, {});
    }

    Delivery policy, inventory;
    std::optional<ConnectionId> live;
    Presence presence = Presence::silent;
    SessionStats stats;

  private:
    struct Connection {
        wire::FrameDecoder decoder{max_hello_bytes};
        Time hello_by{};
        v1::Hello hello;
        bool closing = false;
    };
    using Connections = std::map<ConnectionId, Connection>;

    void on(const input::Connected& input) {
        ++stats.connections;
        const auto greeting = [&](const auto& it) {
            return !it.second.closing && it.first != live;
        };
        if (std::ranges::count_if(connections_, greeting) >= static_cast<long>(max_greeting))
            close(*std::ranges::find_if(connections_, greeting), v1::TIMED_OUT,
                  "another connection of this agent came before the Hello");
        connections_[input.connection].hello_by = now_ + options_.hello_timeout;
    }

    void on(const input::Disconnected& input) {
        connections_.erase(input.connection);
        if (live == input.connection)
            lost("the connection was lost before the answer");
    }

    void on(const input::Received& input) {
        const auto it = connections_.find(input.connection);
        if (it == connections_.end())
            return;
        it->second.decoder.feed(input.bytes);
        while (!it->second.closing) {
            auto payload = it->second.decoder.next();
            if (!payload)
                return close(*it, v1::PROTOCOL_VIOLATION, payload.error().message);
            if (!*payload)
                return;
            v1::ToController message;
            if (auto parsed = wire::parse_payload(**payload, message); !parsed)
                return close(*it, v1::PROTOCOL_VIOLATION, parsed.error().message);
            if (live == it->first)
                dispatch(*it, message);
            else
                greet(*it, message);
        }
    }

    void on(const input::Tick&) {}

    void on(const input::OfferPolicy& input) {
        policy.offer(input.release, input.confirm_within, ++offers_);
    }
    void on(const input::OfferInventory& input) { inventory.offer(input.release, {}, ++offers_); }
    void on(const input::OfferBoth& input) {
        policy.offer(input.policy, input.confirm_within, ++offers_);
        inventory.offer(input.inventory, {}, offers_);
        inventory_first_ = input.inventory_first;
    }
    void on(const input::Confirm& input) { policy.confirm(input.version); }
    void on(const input::RollBack& input) { policy.withdraw(input.version); }

    void on(const input::FlowsStored& input) {
        if (intake_.stored(input.stream, input.through))
            acknowledge_flows();
    }

    void on(const input::FlowsFailed& input) {
        intake_.failed();
        if (live)
            close(*connections_.find(*live), v1::STOPPING, input.sentence);
    }

    void on(const input::SendCommand& input) {
        const auto& command = input.command;
        if (!live)
            return command_failed(command.id(), "the agent is not connected");
        if (commands_.size() >= options_.max_commands)
            return command_failed(
                command.id(), fmt::format("{} commands wait for their answer already; try again "
                                          "when one has come",
                                          commands_.size()));
        const auto patience =
            command.has_find_cuts() ? options_.question_timeout : options_.command_timeout;
        if (!commands_.emplace(command.id(), now_ + patience).second)
            return command_failed(command.id(), "a command of this id waits already");
        v1::ToAgent message;
        *message.mutable_command() = command;
        send(message);
    }

    void on(const input::End& input) {
        for (auto& it : connections_)
            close(it, input.reason, input.sentence);
    }

    void greet(Connections::value_type& it, const v1::ToController& message) {
        if (!message.has_hello())
            return close(it, v1::PROTOCOL_VIOLATION, "the first message must be Hello");
        const auto& hello = message.hello();
        if (hello.identity() != options_.identity)
            return close(it, v1::WRONG_IDENTITY,
                         fmt::format("the certificate is that of '{}', the Hello says '{}'; pair "
                                     "this host again",
                                     options_.identity, hello.identity()));
        if (hello.protocol_min() > protocol_version || hello.protocol_max() < protocol_version)
            return close(it, v1::UNSUPPORTED_PROTOCOL,
                         fmt::format("the agent speaks protocol {} to {}, this controller {}; "
                                     "update the older side",
                                     hello.protocol_min(), hello.protocol_max(), protocol_version));
        it.second.hello = hello;
        if (live && !supersede(it))
            return;
        welcome(it);
    }

    // Whether the newcomer is the newer one; the other is closed.
    bool supersede(Connections::value_type& newcomer) {
        auto& present = *connections_.find(*live);
        const auto &ours = present.second.hello, &theirs = newcomer.second.hello;
        const bool other_host = ours.boot_id() != theirs.boot_id();
        const bool newer =
            theirs.epoch() > ours.epoch() || (theirs.epoch() == ours.epoch() && !other_host);
        if (other_host)
            actions_.emplace_back(action::Duplicate{fmt::format(
                "two boots use the identity '{}' at the same time; if the host did not just "
                "restart, it was cloned: pair the clone anew",
                options_.identity)});
        close(newer ? present : newcomer, v1::SUPERSEDED,
              "another session of this agent is newer; if it is another host, pair this one anew");
        return newer;
    }

    void welcome(Connections::value_type& it) {
        const auto& hello = it.second.hello;
        live = it.first;
        it.second.decoder.set_limit(wire::max_payload_bytes);
        policy.greeted(hello.policy(), hello.unconfirmed(), hello.rolled_back());
        inventory.greeted(hello.inventory(), false, 0);
        if (options_.offers_lapse) {
            policy.lapse();
            inventory.lapse();
        }
        intake_.greeted(hello.flow_stream(), hello.flows_acknowledged());
        beat_at_ = now_ + options_.heartbeat;
        v1::ToAgent message;
        auto& welcome = *message.mutable_welcome();
        welcome.set_protocol(protocol_version);
        welcome.set_controller_version(options_.controller_version);
        welcome.set_heartbeat_seconds(static_cast<std::uint32_t>(options_.heartbeat.count()));
        welcome.set_flow_window(options_.flow_window);
        welcome.set_flows_through(intake_.through());
        for (const auto& capability : options_.capabilities)
            welcome.add_capabilities(capability);
        send(message);
        actions_.emplace_back(action::Greeted{hello});
        heard();
        if (policy.is_ahead())
            actions_.emplace_back(action::Ahead{v1::POLICY, policy.held()});
    }

    void dispatch(Connections::value_type& it, const v1::ToController& message) {
        heard();
        switch (message.message_case()) {
        case v1::ToController::kAck:
            return acked(message.ack());
        case v1::ToController::kNack:
            ++stats.nacks;
            half(message.nack().half()).nacked(message.nack());
            return actions_.emplace_back(action::Nacked{message.nack()}), void();
        case v1::ToController::kRolledBack:
            policy.rolled_back(message.rolled_back());
            return actions_.emplace_back(action::RolledBack{message.rolled_back()}), void();
        case v1::ToController::kFlows:
            return flows(it, message.flows());
        case v1::ToController::kReport:
            return actions_.emplace_back(action::Reported{message.report()}), void();
        case v1::ToController::kImpact:
            return actions_.emplace_back(action::ImpactSeen{message.impact()}), void();
        case v1::ToController::kCommandResult:
            if (commands_.erase(message.command_result().id()))
                actions_.emplace_back(action::CommandDone{message.command_result()});
            return;
        case v1::ToController::kGoodbye:
            it.second.closing = true;
            actions_.emplace_back(action::Close{it.first, message.goodbye().sentence()});
            return lost("the agent ended the session before the answer");
        case v1::ToController::kHello:
            return close(it, v1::PROTOCOL_VIOLATION, "a second Hello on one connection");
        case v1::ToController::kHeartbeat:
            return;
        case v1::ToController::MESSAGE_NOT_SET:
            ++stats.unknown_messages;
        }
    }

    Delivery& half(v1::Half which) { return which == v1::INVENTORY ? inventory : policy; }

    void acked(const v1::Ack& ack) {
        half(ack.half()).acked(ack.held());
        actions_.emplace_back(action::Acked{ack.half(), ack.held()});
        if (ack.half() == v1::POLICY && policy.is_ahead())
            actions_.emplace_back(action::Ahead{v1::POLICY, policy.held()});
    }

    void flows(Connections::value_type& it, const v1::FlowBatch& batch) {
        std::uint64_t lost = 0;
        switch (intake_.received(batch, lost, stats)) {
        case Intake::Outcome::taken:
            return actions_.emplace_back(action::StoreFlows{intake_.stream(), batch, lost}), void();
        case Intake::Outcome::known:
            return acknowledge_flows();
        case Intake::Outcome::repeated:
            return;
        case Intake::Outcome::violation:
            return close(it, v1::PROTOCOL_VIOLATION,
                         fmt::format("flow batch {}-{} is over the window of {} or contradicts "
                                     "itself",
                                     batch.first(), batch.last(), options_.flow_window));
        }
    }

    void acknowledge_flows() {
        v1::ToAgent message;
        message.mutable_flow_ack()->set_through(intake_.through());
        send(message);
    }

    void command_failed(std::uint64_t id, const std::string& sentence) {
        v1::CommandResult result;
        result.set_id(id);
        result.set_sentence(sentence);
        actions_.emplace_back(action::CommandDone{std::move(result)});
    }

    bool send(const v1::ToAgent& message) {
        if (!live)
            return true;
        auto frame = wire::encode_frame(message);
        if (frame)
            actions_.emplace_back(action::Send{*live, std::move(*frame)});
        return frame.has_value();
    }

    void deliver(Delivery& delivery, const Delivery& other) {
        while (live) {
            const auto message = delivery.next(now_, stats, other);
            if (!message)
                return;
            if (send(*message))
                continue;
            v1::Nack nack;
            nack.set_half(&delivery == &policy ? v1::POLICY : v1::INVENTORY);
            nack.set_version(delivery.unsendable());
            nack.set_reason(v1::REFUSED);
            nack.set_sentence("it is larger than a message may be; give this host fewer rules or "
                              "fewer addresses");
            *nack.mutable_held() = delivery.held();
            actions_.emplace_back(action::Nacked{std::move(nack)});
        }
    }

    void close(Connections::value_type& it, v1::GoodbyeReason reason, const std::string& sentence) {
        if (std::exchange(it.second.closing, true))
            return;
        v1::ToAgent message;
        message.mutable_goodbye()->set_reason(reason);
        message.mutable_goodbye()->set_sentence(sentence);
        if (auto frame = wire::encode_frame(message))
            actions_.emplace_back(action::Send{it.first, std::move(*frame)});
        actions_.emplace_back(action::Close{it.first, sentence});
        if (live == it.first)
            lost(sentence);
    }

    // The live connection is no more.
    void lost(const std::string& sentence) {
        live.reset();
        policy.disconnected();
        inventory.disconnected();
        for (const auto& [id, due] : std::exchange(commands_, {}))
            command_failed(id, sentence);
    }

    void heard() {
        heard_ = now_;
        show(Presence::online);
    }

    void show(Presence next) {
        if (std::exchange(presence, next) != next)
            actions_.emplace_back(action::Present{next});
    }

    void check_deadlines() {
        if (heard_ && now_ >= *heard_ + options_.silent_after)
            show(Presence::silent);
        else if (heard_ && now_ >= *heard_ + options_.late_after)
            show(Presence::late);
        for (auto& it : connections_)
            if (it.first != live && now_ >= it.second.hello_by)
                close(it, v1::TIMED_OUT, "no Hello came in time");
        while (!commands_.empty() && due_command() != commands_.end()) {
            const auto due = due_command();
            command_failed(due->first, "the agent did not answer in time");
            commands_.erase(due);
        }
        if (live)
            check_live();
    }

    void check_live() {
        auto& it = *connections_.find(*live);
        if (presence == Presence::silent)
            return close(it, v1::TIMED_OUT, "nothing was heard of the agent for too long");
        for (const auto* delivery : {&policy, &inventory})
            if (const auto since = delivery->waiting_since();
                since && now_ >= *since + options_.ack_timeout)
                return close(it, v1::TIMED_OUT, "the agent did not answer a version in time");
        if (now_ >= beat_at_) {
            beat_at_ = now_ + options_.heartbeat;
            v1::ToAgent message;
            message.mutable_heartbeat();
            send(message);
        }
    }

    std::map<std::uint64_t, Time>::iterator due_command() {
        return std::ranges::find_if(commands_, [&](const auto& it) { return now_ >= it.second; });
    }

    std::optional<Time> next_deadline() const {
        std::optional<Time> next;
        if (heard_ && presence != Presence::silent)
            next = *heard_ +
                   (presence == Presence::online ? options_.late_after : options_.silent_after);
        for (const auto& [id, connection] : connections_)
            if (id != live && !connection.closing)
                earliest(next, connection.hello_by);
        for (const auto& [id, due] : commands_)
            earliest(next, due);
        if (!live)
            return next;
        earliest(next, beat_at_);
        for (const auto* delivery : {&policy, &inventory})
            if (const auto since = delivery->waiting_since())
                earliest(next, *since + options_.ack_timeout);
        return next;
    }

    void set_timer() {
        const auto next = next_deadline();
        if (next && next != timer_)
            actions_.emplace_back(action::SetTimer{*next});
        timer_ = next;
    }

    SessionOptions options_;
    Intake intake_;
    Connections connections_;
    std::map<std::uint64_t, Time> commands_; // id -> deadline
    std::vector<Action> actions_;
    std::uint64_t offers_ = 0;
    bool inventory_first_ = false; // of what was offered together last
    std::optional<Time> heard_, timer_;
    Time now_{}, beat_at_{};
};

Session::Session(SessionOptions options, SessionStart start)
    : machine_(std::make_unique<Machine>(std::move(options), start)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

std::vector<Action> Session::resume(const Input& input, Time now) {
    return machine_->resume(input, now);
}

bool Session::live() const {
    return machine_->live.has_value();
}
Presence Session::presence() const {
    return machine_->presence;
}
const SessionStats& Session::stats() const {
    return machine_->stats;
}
const v1::Holding& Session::held(v1::Half half) const {
    return half == v1::INVENTORY ? machine_->inventory.held() : machine_->policy.held();
}
bool Session::unconfirmed() const {
    return machine_->policy.unconfirmed();
}

} // namespace ringwall::fleet
