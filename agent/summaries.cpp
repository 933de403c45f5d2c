#include "agent/summaries.h"

#include <algorithm>

#include "agent/wire_words.h"
#include "common/address_bytes.h"
#include "common/hash.h"

namespace ringwall::agent {
namespace {

using loader::EventKind;

constexpr auto silence = std::chrono::minutes(10); // of a flow whose end was lost
constexpr auto between_sweeps = std::chrono::minutes(1);
constexpr std::size_t most_known = 65'536;

using ringwall::mix;

std::size_t mix(std::size_t hash, const void* pointer) {
    return mix(hash, std::uint64_t(reinterpret_cast<std::uintptr_t>(pointer)));
}

v1::FlowVerdict verdict_of(loader::Verdict verdict) {
    switch (verdict) {
    case loader::Verdict::allowed:
        return v1::ALLOWED;
    case loader::Verdict::unmatched:
        return v1::UNMATCHED;
    case loader::Verdict::would_block:
        return v1::WOULD_BLOCK;
    case loader::Verdict::blocked:
        return v1::BLOCKED;
    case loader::Verdict::none:
        break;
    }
    return v1::FLOW_VERDICT_UNSPECIFIED;
}

// All but time and numbers.
std::string identity_of(v1::FlowSummary summary) {
    summary.clear_first_ns();
    summary.clear_last_ns();
    summary.clear_count();
    summary.clear_bytes_sent();
    summary.clear_bytes_received();
    summary.clear_packets_sent();
    summary.clear_packets_received();
    summary.clear_retransmits();
    summary.clear_rtt_us();
    summary.clear_refused();
    summary.clear_timed_out();
    summary.clear_reset();
    return summary.SerializeAsString();
}

void merge(v1::FlowSummary& into, const v1::FlowSummary& more) {
    into.set_first_ns(std::min(into.first_ns(), more.first_ns()));
    into.set_last_ns(std::max(into.last_ns(), more.last_ns()));
    into.set_count(into.count() + more.count());
    into.set_bytes_sent(into.bytes_sent() + more.bytes_sent());
    into.set_bytes_received(into.bytes_received() + more.bytes_received());
    into.set_packets_sent(into.packets_sent() + more.packets_sent());
    into.set_packets_received(into.packets_received() + more.packets_received());
    into.set_retransmits(into.retransmits() + more.retransmits());
    into.set_refused(into.refused() + more.refused());
    into.set_timed_out(into.timed_out() + more.timed_out());
    into.set_reset(into.reset() + more.reset());
    if (more.rtt_us())
        into.set_rtt_us(more.rtt_us());
}

// A counter that went back (the flow's record was reused) adds nothing.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
    return now > before ? now - before : 0;
}

} // namespace

Summaries::Totals Summaries::Totals::operator-(const Totals& before) const {
    return {grown(out_bytes, before.out_bytes), grown(in_bytes, before.in_bytes),
            grown(out_packets, before.out_packets), grown(in_packets, before.in_packets),
            grown(retransmits, before.retransmits)};
}

Summaries::Totals& Summaries::Totals::operator+=(const Totals& more) {
    out_bytes += more.out_bytes;
    in_bytes += more.in_bytes;
    out_packets += more.out_packets;
    in_packets += more.in_packets;
    retransmits += more.retransmits;
    return *this;
}

void Summaries::Failures::add(const loader::Event& event) {
    const auto failure = failure_of(event);
    refused += failure == Failure::refused;
    timed_out += failure == Failure::timed_out;
    reset += failure == Failure::reset;
}

std::size_t Summaries::Hash::operator()(const Key& key) const {
    auto hash = mix(mix(std::size_t{0}, key.local), key.peer);
    hash = mix(mix(mix(hash, key.program), key.decision), static_cast<const void*>(key.user));
    hash = mix(mix(mix(hash, key.local_address), key.peer_address), key.version);
    return mix(hash, std::uint64_t{key.port} << 24 | std::uint64_t{key.protocol} << 16 |
                         std::uint64_t{key.direction} << 8 | key.verdict);
}

Summaries::Summaries(SummaryOptions options, std::uint64_t began_ns)
    : options_(options), began_ns_(began_ns) {}

Summaries::Totals Summaries::totals_of(const loader::Event& event) {
    return {event.out_bytes, event.in_bytes, event.out_packets, event.in_packets,
            event.retransmits};
}

Summaries::Key Summaries::key_of(const Flow& flow) {
    const auto& event = flow.event;
    return {flow.local.get(),
            flow.peer.get(),
            flow.program.get(),
            flow.decision.get(),
            flow.user.get(),
            event.local,
            event.peer,
            flow.version,
            flow.port(),
            event.protocol,
            static_cast<std::uint8_t>(event.direction),
            static_cast<std::uint8_t>(event.verdict)};
}

// A flow is counted once, at its first record. One that there is no room to follow is counted
// whole, at its end.
Summaries::News Summaries::news(const Flow& flow, Time now) {
    const auto& event = flow.event;
    if (event.kind == EventKind::deny)
        return {event.count, {}, false};
    const auto totals = totals_of(event);
    const bool older = event.started_ns && event.started_ns < began_ns_;
    const auto known = live_.find(flow.id);
    if (known != live_.end()) {
        const News out{0, totals - known->second.told, false};
        if (event.kind == EventKind::end)
            live_.erase(known);
        else
            known->second = {totals, now};
        return out;
    }
    if (event.kind != EventKind::end) {
        if (live_.size() >= options_.most_live)
            return {.nothing = true};
        live_.emplace(flow.id, Live{totals, now});
    }
    return {1, older ? Totals{} : totals, false};
}

Summaries::Time Summaries::due(const Key& key, const Flow& flow, Time now) {
    if (known_.size() >= most_known)
        known_.clear();
    const bool fresh = known_.insert(Hash{}(key)).second;
    const bool urgent = fresh || flow.event.kind == EventKind::deny;
    return now + (urgent ? options_.soon : options_.late);
}

void Summaries::add(const Flow& flow, Time now) {
    ++stats_.records;
    forget_silent(now);
    const auto add = news(flow, now);
    if (add.nothing)
        return;
    const auto key = key_of(flow);
    auto found = open_.find(key);
    if (found == open_.end()) {
        if (open_.size() >= options_.most_open) {
            ++stats_.lost;
            return;
        }
        found = open_.emplace(key, Open{.flow = flow, .first_ns = flow.wall_ns}).first;
        if (add.count && flow.event.kind != EventKind::deny)
            found->second.first_ns = std::min(flow.began_ns, flow.wall_ns);
        found->second.due = due(key, flow, now);
    }
    auto& open = found->second;
    open.flow.event.srtt_us = flow.event.srtt_us ? flow.event.srtt_us : open.flow.event.srtt_us;
    open.last_ns = std::max(open.last_ns, flow.wall_ns);
    open.count += add.count;
    open.totals += add.totals;
    open.failures.add(flow.event);
}

// A flow whose end was lost would be followed for ever.
void Summaries::forget_silent(Time now) {
    if (now - swept_ < between_sweeps)
        return;
    swept_ = now;
    std::erase_if(live_, [&](const auto& each) { return now - each.second.seen > silence; });
}

v1::FlowSummary Summaries::summary(const Open& open) {
    const auto& flow = open.flow;
    v1::FlowSummary out;
    out.set_first_ns(open.first_ns);
    out.set_last_ns(open.last_ns);
    out.set_count(open.count);
    out.set_verdict(verdict_of(flow.event.verdict));
    out.set_reason(flow.decision->reason);
    out.mutable_rules()->Assign(flow.decision->rules.begin(), flow.decision->rules.end());
    out.set_policy_version(flow.version);
    out.set_direction(direction_of(flow.event.direction));
    out.set_protocol(flow.event.protocol);
    out.set_port(flow.port());
    out.set_subject(flow.local->workload);
    if (!flow.local->identities.empty())
        out.set_subject_identity(flow.local->identities.front());
    out.set_local(address_bytes(flow.event.local));
    out.set_peer(address_bytes(flow.event.peer));
    out.mutable_peer_identities()->Assign(flow.peer->identities.begin(),
                                          flow.peer->identities.end());
    out.mutable_peer_lists()->Assign(flow.peer->lists.begin(), flow.peer->lists.end());
    *out.mutable_process() = process_of(*flow.program, *flow.user);
    out.set_unresolved(flow.program->unresolved);
    out.set_bytes_sent(open.totals.out_bytes);
    out.set_bytes_received(open.totals.in_bytes);
    out.set_packets_sent(open.totals.out_packets);
    out.set_packets_received(open.totals.in_packets);
    out.set_retransmits(open.totals.retransmits);
    out.set_rtt_us(flow.event.srtt_us);
    out.set_refused(open.failures.refused);
    out.set_timed_out(open.failures.timed_out);
    out.set_reset(open.failures.reset);
    return out;
}

std::vector<v1::FlowBatch> Summaries::take(Time now, bool all) {
    std::vector<v1::FlowBatch> out;
    for (auto it = open_.begin(); it != open_.end();) {
        if (!all && it->second.due > now) {
            ++it;
            continue;
        }
        if (out.empty() ||
            static_cast<std::size_t>(out.back().summaries_size()) >= options_.batch_summaries)
            out.emplace_back();
        *out.back().add_summaries() = summary(it->second);
        ++stats_.summaries;
        it = open_.erase(it);
    }
    return out;
}

v1::FlowBatch fold(const v1::FlowBatch& older, const v1::FlowBatch& newer) {
    v1::FlowBatch out;
    std::unordered_map<std::string, int> places;
    for (const auto* batch : {&older, &newer})
        for (const auto& summary : batch->summaries()) {
            const auto [place, fresh] =
                places.try_emplace(identity_of(summary), out.summaries_size());
            if (fresh)
                *out.add_summaries() = summary;
            else
                merge(*out.mutable_summaries(place->second), summary);
        }
    return out;
}

} // namespace ringwall::agent
