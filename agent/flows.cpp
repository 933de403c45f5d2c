#include "agent/flows.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "agent/flow_text.h"
#include "common/hash.h"
#include "common/label_order.h"

namespace ringwall::agent {
namespace {

constexpr std::uint64_t nobody = ~0ull;   // no process is known, so no user
constexpr std::size_t cache_limit = 1024; // per kind of name

// Denies are one flow per peer, service and program (as the kernel folds them); all else, also a
// flow that is denied after it was allowed, is one flow per socket and peer.
std::uint64_t flow_key(const loader::Event& event) {
    std::uint64_t hash = mix(event.subject, event.peer);
    hash = mix(hash, (std::uint64_t{event.protocol} << 8) | std::uint64_t(event.direction));
    if (event.kind == loader::EventKind::deny && !event.revoked)
        return mix(mix(mix(hash, 1), service_port(event)), event.exe);
    hash = mix(mix(hash, 2), (std::uint64_t{event.local_port} << 16) | event.peer_port);
    const bool tcp = event.protocol == 6; // a connection is one flow, a datagram socket has many
    return mix(mix(hash, tcp ? event.started_ns : event.cookie), event.local);
}

void append(std::string& out, std::string_view part) {
    if (!out.empty())
        out += ", ";
    out += part;
}

// Names of one kind, asked once; a full cache is emptied, which only costs asking again.
template <typename Cache, typename Make>
auto cached(Cache& cache, std::uint64_t key, Make&& make) {
    if (auto found = cache.find(key); found != cache.end())
        return found->second;
    if (cache.size() >= cache_limit)
        cache.clear();
    return cache[key] = make();
}

std::shared_ptr<const Party> finished(Party party) {
    party.json = party_json(party);
    return std::make_shared<const Party>(std::move(party));
}

Address own_address(const Party& subject, bool v4) {
    auto found = std::ranges::find(subject.addresses, v4, &Address::is_v4);
    return found == subject.addresses.end() ? Address{} : *found;
}

// A folded deny names peer, service and program only: the attempt that was reported first has the
// rest.
loader::Event unfolded(const loader::Event& fold, const loader::Event& first) {
    auto event = first;
    event.kind = fold.kind;
    event.verdict = fold.verdict;
    event.time_ns = fold.time_ns;
    event.count = fold.count;
    return event;
}

// Only what the kernel folded has no reason.
bool is_fold(const loader::Event& event) {
    return event.kind == loader::EventKind::deny && event.reason == 0;
}

// Unsigned, so that a nonsense time of an event wraps.
std::int64_t wall_clock(std::uint64_t monotonic_ns, std::int64_t offset_ns) {
    return static_cast<std::int64_t>(monotonic_ns + static_cast<std::uint64_t>(offset_ns));
}

} // namespace

std::string context(const Party& party) {
    std::string out;
    for (const auto key : usual_labels)
        if (auto label = party.labels.find(std::string(key)); label != party.labels.end())
            append(out, label->second);
    for (const auto& [key, value] : party.labels)
        if (!is_usual_label(key))
            append(out, fmt::format("{}={}", key, value));
    if (out.empty())
        for (const auto& list : party.lists)
            append(out, list);
    return out;
}

std::string unit_name(std::string_view cgroup_path) {
    std::string_view found;
    while (!cgroup_path.empty()) {
        const auto slash = cgroup_path.find('/');
        const auto part = cgroup_path.substr(0, slash);
        if (part.ends_with(".service"))
            found = part;
        cgroup_path =
            slash == cgroup_path.npos ? std::string_view{} : cgroup_path.substr(slash + 1);
    }
    return std::string(found);
}

std::string shown(const Program& program) {
    if (!program.service.empty())
        return program.service;
    if (!program.container.empty())
        return program.container;
    return program.path.substr(program.path.rfind('/') + 1);
}

// What the socket's owner was told, else how far the connection had come: one that both ends said
// goodbye to has not failed, whatever came behind.
Failure failure_of(const loader::Event& event) {
    enum State { established = 1, syn_sent = 2, fin_wait1 = 4, fin_wait2 = 5, close_wait = 8 };
    if (event.kind != loader::EventKind::end || event.protocol != 6)
        return Failure::none;
    const bool is_open = event.tcp_state == established || event.tcp_state == close_wait;
    const bool half_open = event.tcp_state == fin_wait1 || event.tcp_state == fin_wait2;
    if (event.tcp_state == syn_sent) {
        if (event.error == ECONNREFUSED || event.error == ECONNRESET)
            return Failure::refused;
        return event.error || event.retransmits ? Failure::timed_out : Failure::none;
    }
    if (event.error == ETIMEDOUT)
        return Failure::timed_out;
    return is_open || (half_open && event.error) ? Failure::reset : Failure::none;
}

const char* name(Failure failure) {
    switch (failure) {
    case Failure::refused:
        return "refused";
    case Failure::timed_out:
        return "timed-out";
    case Failure::reset:
        return "reset";
    case Failure::none:
        break;
    }
    return "";
}

std::uint16_t service_port(const loader::Event& event) {
    const bool icmp = event.protocol == 1 || event.protocol == 58;
    return event.direction == loader::Direction::inbound && !icmp ? event.local_port
                                                                  : event.peer_port;
}

std::uint16_t Flow::port() const {
    return service_port(event);
}

FlowTable::FlowTable(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
    ring_.reserve(capacity_); // memory is used as it fills
    keys_.reserve(capacity_);
}

void FlowTable::policy_changed(std::uint64_t version) {
    version_ = version;
    subjects_.clear();
    peers_.clear();
    programs_.clear();
    decisions_.clear();
}

Flow& FlowTable::slot_for(const loader::Event& event, bool& fresh) {
    const auto key = flow_key(event);
    auto known = index_.find(key);
    fresh = known == index_.end();
    // A socket may talk to the same peer again after the flow has ended: that is another flow.
    if (!fresh && event.kind == loader::EventKind::start &&
        ring_[known->second].event.kind == loader::EventKind::end)
        fresh = true;
    if (!fresh)
        return ring_[known->second];
    std::size_t slot = ring_.size();
    if (ring_.size() < capacity_) {
        ring_.emplace_back();
        keys_.push_back(key);
    } else {
        slot = next_;
        next_ = (next_ + 1) % capacity_;
        if (auto old = index_.find(keys_[slot]); old != index_.end() && old->second == slot)
            index_.erase(old);
        ring_[slot] = Flow{};
        keys_[slot] = key;
    }
    index_[key] = slot;
    ring_[slot].id = mix(mix(key, event.started_ns ? event.started_ns : event.time_ns), event.pid);
    return ring_[slot];
}

void FlowTable::count(const loader::Event& event, bool fresh) {
    ++stats_.events;
    if (event.kind == loader::EventKind::end)
        ++stats_.ended;
    const bool denied = event.kind == loader::EventKind::deny;
    if (denied || event.kind == loader::EventKind::start || fresh)
        stats_.flows[{event.verdict, event.direction, event.protocol}] += denied ? event.count : 1;
}

void FlowTable::fill_names(Flow& flow, const loader::Event& event, const Names& names) {
    flow.local =
        cached(subjects_, event.subject, [&] { return finished(names.subject(event.subject)); });
    flow.peer = cached(peers_, mix(event.peer_id, event.peer),
                       [&] { return finished(names.peer(event.peer_id, event.peer)); });
    const bool owned = event.pid != 0 || event.exe != 0;
    flow.user = cached(users_, owned ? event.uid : nobody, [&] {
        return std::make_shared<const std::string>(owned ? names.user(event.uid) : "");
    });
    const auto why = mix(mix(mix(event.rule_set, event.entry), event.sure), event.maybe);
    flow.decision =
        cached(decisions_, mix(why, std::uint64_t(event.verdict) << 8 | event.reason), [&] {
            auto decision = names.decision(event);
            decision.json = decision_json(decision);
            return std::make_shared<const Decision>(std::move(decision));
        });
    const auto who = mix(mix(mix(event.exe, event.unit), event.cgroup), event.owner_flags);
    flow.program = cached(programs_, who, [&] {
        auto program = names.program(event);
        program.json = program_json(program);
        return std::make_shared<const Program>(std::move(program));
    });
}

const Flow& FlowTable::observe(const loader::Event& event, const Names& names,
                               std::int64_t wall_offset_ns) {
    bool fresh = false;
    Flow& flow = slot_for(event, fresh);
    count(event, fresh);
    const bool denied = event.kind == loader::EventKind::deny;
    const auto before = flow.event;
    flow.event = !fresh && is_fold(event) ? unfolded(event, before) : event;
    flow.wall_ns = wall_clock(event.time_ns, wall_offset_ns);
    if (fresh)
        flow.began_ns =
            event.started_ns ? wall_clock(event.started_ns, wall_offset_ns) : flow.wall_ns;
    if (fresh || before.rule_set != flow.event.rule_set || before.verdict != event.verdict)
        flow.version = version_;
    fill_names(flow, flow.event, names);
    if (flow.event.local == Address{}) // refused at connect: the socket is not bound
        flow.event.local = own_address(*flow.local, flow.event.peer.is_v4());
    flow.total += denied ? event.count : 0;
    return flow;
}

const Flow* FlowTable::find(std::uint64_t id) const {
    auto found = std::ranges::find(ring_, id, &Flow::id);
    return found == ring_.end() ? nullptr : &*found;
}

} // namespace ringwall::agent
