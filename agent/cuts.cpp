#include "agent/cuts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "agent/why.h"
#include "agent/wire_words.h"
#include "common/address_bytes.h"

namespace ringwall::agent {
namespace {

constexpr std::uint16_t ssh_port = 22;

bool is_callers(const v1::FindCuts& wanted, const loader::Event& event) {
    const auto peer = address_bytes(event.peer);
    return std::ranges::any_of(wanted.callers(), [&](const v1::Caller& caller) {
        return caller.address() == peer && (caller.port() == 0 || caller.port() == event.peer_port);
    });
}

// By way of which somebody steers this host.
bool administers(const v1::Cut& cut) {
    return cut.direction() == v1::INBOUND &&
           (cut.local_port() == ssh_port || cut.process().path().ends_with("/sshd"));
}

// The enforced snapshot without the addresses that no live connection has: a large fleet has many.
v1::Snapshot reduced(const v1::Snapshot& enforced, const std::vector<loader::Event>& live) {
    std::set<std::string> peers;
    for (const auto& event : live)
        peers.insert(address_bytes(event.peer));
    v1::Snapshot out;
    *out.mutable_policy() = enforced.policy();
    std::set<std::uint32_t> identities;
    for (const auto& owner : enforced.inventory().addresses()) {
        if (!peers.contains(owner.address()))
            continue;
        identities.insert(owner.identities().begin(), owner.identities().end());
        *out.mutable_inventory()->add_addresses() = owner;
    }
    for (const auto& identity : enforced.inventory().identities())
        if (identities.contains(identity.id()))
            *out.mutable_inventory()->add_identities() = identity;
    return out;
}

class Search {
  public:
    Search(const v1::FindCuts& wanted, const v1::Snapshot& enforced,
           const std::vector<loader::Event>& live, const Names& names)
        : wanted_(wanted), names_(names), snapshot_(reduced(enforced, live)) {
        for (auto& subject : *snapshot_.mutable_policy()->mutable_subjects()) {
            if (std::ranges::find(wanted.subjects(), subject.workload()) == wanted.subjects().end())
                continue;
            subject.set_mode(wanted.mode());
            subjects_[subject.workload()] = &subject;
        }
    }

    void look(const loader::Event& event) {
        if (event.kind == loader::EventKind::end || event.kind == loader::EventKind::deny)
            return;
        const auto* subject = subject_of(event);
        if (!subject)
            return;
        ++judged_;
        const auto program = names_.program(event);
        if (auto judgement = judged(*subject, event, program))
            found_.push_back(cut(*subject, event, program, *judgement));
    }

    v1::Cuts take() {
        std::ranges::stable_sort(found_, {}, [](const v1::Cut& cut) {
            return std::tuple(!cut.callers(), !administers(cut), cut.subject(),
                              static_cast<int>(cut.direction()), cut.protocol());
        });
        v1::Cuts out;
        out.set_judged(judged_);
        out.set_total(found_.size());
        found_.resize(std::min<std::size_t>(found_.size(), wanted_.most()));
        for (auto& cut : found_)
            *out.add_rows() = std::move(cut);
        return out;
    }

  private:
    const v1::Subject* subject_of(const loader::Event& event) {
        const auto [known, fresh] = by_id_.try_emplace(event.subject, nullptr);
        if (fresh)
            if (const auto found = subjects_.find(names_.subject(event.subject).workload);
                found != subjects_.end())
                known->second = found->second;
        return known->second;
    }

    // The host is asked once for each: it reads a file.
    const std::string& user(std::uint32_t uid) {
        const auto [known, fresh] = users_.try_emplace(uid);
        if (fresh)
            known->second = names_.user(uid);
        return known->second;
    }

    // Why it would end; nullopt: it would not.
    std::optional<Judgement> judged(const v1::Subject& subject, const loader::Event& event,
                                    const Program& program) {
        const bool passes = event.verdict == loader::Verdict::allowed;
        const bool by_rule =
            event.reason == loader::reason_allow || event.reason == loader::reason_idle;
        if (passes && !by_rule) // essential, failsafe: no mode ends it
            return std::nullopt;
        const ProcessFacts facts{.path = program.path,
                                 .unit = program.service.empty() ? program.unit : program.service,
                                 .container = program.container,
                                 .user = user(event.uid),
                                 .group = {},
                                 .sha256 = {}};
        auto out = judge(snapshot_, subject, event.direction == loader::Direction::inbound,
                         {event.peer, event.protocol, service_port(event)}, facts);
        if (out.verdict != "blocked" || (out.unsure && passes))
            return std::nullopt;
        return out;
    }

    v1::Cut cut(const v1::Subject& subject, const loader::Event& event, const Program& program,
                const Judgement& judgement) {
        const auto peer = names_.peer(event.peer_id, event.peer);
        v1::Cut out;
        out.set_subject(subject.workload());
        out.set_direction(direction_of(event.direction));
        out.set_protocol(event.protocol);
        out.set_local(address_bytes(event.local));
        out.set_local_port(event.local_port);
        out.set_peer(address_bytes(event.peer));
        out.set_peer_port(event.peer_port);
        out.set_callers(is_callers(wanted_, event));
        *out.mutable_process() = process_of(program, user(event.uid));
        out.set_unresolved(program.unresolved);
        out.set_pid(event.pid);
        out.mutable_peer_identities()->Assign(peer.identities.begin(), peer.identities.end());
        out.mutable_peer_lists()->Assign(peer.lists.begin(), peer.lists.end());
        out.set_reason(judgement.reason);
        out.mutable_rules()->Assign(judgement.rules.begin(), judgement.rules.end());
        return out;
    }

    const v1::FindCuts& wanted_;
    const Names& names_;
    v1::Snapshot snapshot_;
    std::map<std::string, const v1::Subject*, std::less<>> subjects_;
    std::map<std::uint32_t, const v1::Subject*> by_id_;
    std::map<std::uint32_t, std::string> users_; // by uid
    std::vector<v1::Cut> found_;
    std::uint64_t judged_ = 0;
};

} // namespace

v1::Cuts find_cuts(const v1::FindCuts& wanted, const v1::Snapshot& enforced,
                   const std::vector<loader::Event>& live, const Names& names) {
    Search search(wanted, enforced, live, names);
    for (const auto& event : live)
        search.look(event);
    return search.take();
}

} // namespace ringwall::agent
