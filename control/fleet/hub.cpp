#include "control/fleet/hub.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>
#include <vector>

namespace ringwall::fleet {
namespace {

struct Way { // one connection's
    std::string peer, issuer;
    std::shared_ptr<Output> output;
};

struct Member {
    Member(std::string name, SessionOptions options, const SessionStart& start)
        : agent(std::move(name)), session(std::move(options), start) {}

    std::string agent;
    Session session;
    AgentState state;
    std::map<ConnectionId, Way> ways;
    std::optional<Time> due; // its place among the deadlines
    bool removed = false;
};
using MemberRef = std::shared_ptr<Member>;

struct Job {
    MemberRef member;
    Input input;
    std::string bytes; // of input::Received while it waits
};

// What the session says of itself.
void refresh(Member& member) {
    auto& state = member.state;
    state.presence = member.session.presence();
    state.live = member.session.live();
    state.policy = member.session.held(v1::POLICY);
    state.inventory = member.session.held(v1::INVENTORY);
    state.unconfirmed = member.session.unconfirmed();
    state.stats = member.session.stats();
}

} // namespace

class Hub::Impl {
  public:
    Impl(SessionOptions common, Listener& listener)
        : common_(std::move(common)), listener_(listener) {}

    void add(const std::string& agent, const SessionStart& start) {
        if (members_.contains(agent))
            return;
        auto options = common_;
        options.identity = agent;
        const auto member = std::make_shared<Member>(agent, std::move(options), start);
        refresh(*member);
        members_.emplace(agent, member);
    }

    void remove(const std::string& agent, v1::GoodbyeReason reason, const std::string& sentence) {
        const auto it = members_.find(agent);
        if (it == members_.end())
            return;
        const auto member = it->second;
        members_.erase(it);
        member->removed = true;
        forget_deadline(*member);
        run({member, input::End{reason, sentence}, {}});
    }

    const MemberRef* find(std::string_view agent) const {
        const auto it = members_.find(agent);
        return it == members_.end() ? nullptr : &it->second;
    }
    const auto& members() const { return members_; }

    void tell(std::string_view agent, Input input) {
        if (const auto* member = find(agent))
            run({*member, std::move(input), {}});
    }

    void tell_all(const Input& input) {
        const auto everyone = members_; // a listener may remove some
        for (const auto& [name, member] : everyone)
            run({member, input, {}});
    }

    bool connected(const std::string& agent, ConnectionId connection, Way way) {
        const auto* member = find(agent);
        if (!member)
            return false;
        (*member)->ways.insert_or_assign(connection, std::move(way));
        tell(agent, input::Connected{connection});
        return true;
    }

    void received(const std::string& agent, ConnectionId connection, std::string_view bytes) {
        if (const auto* member = find(agent))
            run({*member, input::Received{connection, bytes},
                 running_ ? std::string(bytes) : std::string()});
    }

    void at(Time now) {
        now_ = std::max(now_, now);
        std::vector<MemberRef> due;
        while (!deadlines_.empty() && deadlines_.begin()->first <= now_) {
            due.push_back(members_.find(deadlines_.begin()->second->agent)->second);
            forget_deadline(*due.back());
        }
        for (const auto& member : due)
            run({member, input::Tick{}, {}});
    }

    std::optional<Time> next_deadline() const {
        return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
    }

  private:
    // One job at a time: what a listener asks for comes after what it is being told.
    void run(Job job) {
        if (running_) {
            waiting_.push_back(std::move(job));
            return;
        }
        running_ = true;
        resume(job);
        while (!waiting_.empty()) {
            auto next = std::move(waiting_.front());
            waiting_.pop_front();
            if (auto* received = std::get_if<input::Received>(&next.input))
                received->bytes = next.bytes;
            resume(next);
        }
        running_ = false;
    }

    void resume(const Job& job) {
        auto& member = *job.member;
        const auto* received = std::get_if<input::Received>(&job.input);
        auto actions = member.session.resume(job.input, now_);
        refresh(member);
        if (received && member.state.live)
            member.state.last_heard = now_;
        for (auto& it : actions)
            std::visit(
                [&](auto& action) { act(member, action, received ? received->connection : 0); },
                it);
        if (const auto* gone = std::get_if<input::Disconnected>(&job.input))
            member.ways.erase(gone->connection);
    }

    // The listener hears of a removed agent only what it waits for.
    template <typename T>
    void act(Member& member, T& action, ConnectionId from) {
        if (!member.removed)
            on(member, action, from);
    }
    void act(Member& member, action::Send& action, ConnectionId) {
        if (const auto way = member.ways.find(action.connection); way != member.ways.end())
            way->second.output->send(std::move(action.bytes));
    }
    void act(Member& member, action::Close& action, ConnectionId) {
        if (const auto way = member.ways.find(action.connection); way != member.ways.end())
            way->second.output->close(action.sentence);
    }
    void act(Member& member, action::CommandDone& action, ConnectionId) {
        listener_.command_done(member.agent, action.result);
    }

    void on(Member& member, const action::Greeted& action, ConnectionId from) {
        auto& state = member.state;
        state.agent_version = action.hello.agent_version();
        state.boot_id = action.hello.boot_id();
        state.trust = action.hello.trust();
        if (const auto way = member.ways.find(from); way != member.ways.end()) {
            state.peer = way->second.peer;
            state.issuer = way->second.issuer;
        }
        listener_.greeted(member.agent, action.hello);
    }
    static std::optional<v1::Nack>& refusal(Member& member, v1::Half half) {
        return half == v1::POLICY ? member.state.refused : member.state.refused_inventory;
    }
    void on(Member& member, const action::Acked& action, ConnectionId) {
        refusal(member, action.half).reset();
        listener_.acked(member.agent, action.half, action.held);
    }
    void on(Member& member, const action::Nacked& action, ConnectionId) {
        refusal(member, action.nack.half()) = action.nack;
        listener_.nacked(member.agent, action.nack);
    }
    void on(Member& member, const action::Ahead& action, ConnectionId) {
        listener_.ahead(member.agent, action.half, action.held);
    }
    void on(Member& member, const action::RolledBack& action, ConnectionId) {
        listener_.rolled_back(member.agent, action.told);
    }
    void on(Member& member, const action::StoreFlows& action, ConnectionId) {
        listener_.store_flows(member.agent, action.stream, action.batch, action.lost);
    }
    void on(Member& member, const action::Reported& action, ConnectionId) {
        member.state.report = std::make_shared<const v1::HostReport>(action.report);
        listener_.reported(member.agent, action.report);
    }
    void on(Member& member, const action::ImpactSeen& action, ConnectionId) {
        listener_.impact(member.agent, action.impact);
    }
    void on(Member& member, const action::Present& action, ConnectionId) {
        listener_.present(member.agent, action.presence);
    }
    void on(Member& member, const action::Duplicate& action, ConnectionId) {
        listener_.duplicate(member.agent, action.sentence);
    }
    void on(Member& member, const action::SetTimer& action, ConnectionId) {
        forget_deadline(member);
        member.due = action.at;
        deadlines_.emplace(action.at, &member);
    }

    void forget_deadline(Member& member) {
        if (const auto due = std::exchange(member.due, std::nullopt))
            deadlines_.erase({*due, &member});
    }

    SessionOptions common_;
    Listener& listener_;
    std::map<std::string, MemberRef, std::less<>> members_;
    std::set<std::pair<Time, Member*>> deadlines_;
    std::deque<Job> waiting_;
    bool running_ = false;
    Time now_{};
};

Hub::Hub(SessionOptions common, Listener& listener)
    : impl_(std::make_unique<Impl>(std::move(common), listener)) {}
Hub::~Hub() = default;

void Hub::add(const std::string& agent, const SessionStart& start) {
    impl_->add(agent, start);
}
void Hub::remove(const std::string& agent, v1::GoodbyeReason reason, const std::string& sentence) {
    impl_->remove(agent, reason, sentence);
}
bool Hub::knows(std::string_view agent) const {
    return impl_->find(agent) != nullptr;
}
const AgentState* Hub::state(std::string_view agent) const {
    const auto* member = impl_->find(agent);
    return member ? &(*member)->state : nullptr;
}
std::map<std::string, const AgentState*> Hub::states() const {
    std::map<std::string, const AgentState*> out;
    for (const auto& [agent, member] : impl_->members())
        out.emplace_hint(out.end(), agent, &member->state);
    return out;
}

void Hub::offer_policy(const std::string& agent, ReleaseRef release,
                       std::chrono::seconds confirm_within) {
    impl_->tell(agent, input::OfferPolicy{std::move(release), confirm_within});
}
void Hub::offer_inventory(const std::string& agent, ReleaseRef release) {
    impl_->tell(agent, input::OfferInventory{std::move(release)});
}
void Hub::offer_both(const std::string& agent, input::OfferBoth offer) {
    impl_->tell(agent, std::move(offer));
}
void Hub::confirm(const std::string& agent, std::uint64_t version) {
    impl_->tell(agent, input::Confirm{version});
}
void Hub::roll_back(const std::string& agent, std::uint64_t version) {
    impl_->tell(agent, input::RollBack{version});
}
void Hub::command(const std::string& agent, const v1::Command& command) {
    impl_->tell(agent, input::SendCommand{command});
}
void Hub::flows_stored(const std::string& agent, std::uint64_t stream, std::uint64_t through) {
    impl_->tell(agent, input::FlowsStored{stream, through});
}
void Hub::flows_failed(const std::string& agent, const std::string& sentence) {
    impl_->tell(agent, input::FlowsFailed{sentence});
}
void Hub::end_session(const std::string& agent, v1::GoodbyeReason reason,
                      const std::string& sentence) {
    impl_->tell(agent, input::End{reason, sentence});
}
void Hub::stop(const std::string& sentence) {
    impl_->tell_all(input::End{v1::STOPPING, sentence});
}

bool Hub::connected(const std::string& agent, ConnectionId connection, std::string peer,
                    std::shared_ptr<Output> output, std::string issuer) {
    return impl_->connected(agent, connection,
                            {std::move(peer), std::move(issuer), std::move(output)});
}
void Hub::received(const std::string& agent, ConnectionId connection, std::string_view bytes) {
    impl_->received(agent, connection, bytes);
}
void Hub::disconnected(const std::string& agent, ConnectionId connection) {
    impl_->tell(agent, input::Disconnected{connection});
}
void Hub::at(Time now) {
    impl_->at(now);
}
std::optional<Time> Hub::next_deadline() const {
    return impl_->next_deadline();
}

} // namespace ringwall::fleet
