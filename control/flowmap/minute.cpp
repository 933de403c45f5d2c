#include "control/flowmap/minute.h"

#include <algorithm>

#include "common/address_bytes.h"
#include "common/hash.h"
#include "control/flowmap/ends.h"

namespace ringwall::flowmap {
namespace {

Numbers numbers_of(const flows::Row& row, bool outward) {
    const auto& summary = row.summary;
    Numbers out;
    out.count = summary.count();
    out.bytes_out = outward ? summary.bytes_sent() : summary.bytes_received();
    out.bytes_in = outward ? summary.bytes_received() : summary.bytes_sent();
    out.packets_out = outward ? summary.packets_sent() : summary.packets_received();
    out.packets_in = outward ? summary.packets_received() : summary.packets_sent();
    out.retransmits = summary.retransmits();
    out.refused = summary.refused();
    out.timed_out = summary.timed_out();
    out.reset = summary.reset();
    out.rtt_us = summary.rtt_us();
    out.first_ns = out.last_ns = row.at_ns;
    return out;
}

Half& half_of(std::vector<Half>& halves, SideId own, SideId other) {
    const auto found = std::ranges::find_if(
        halves, [&](const Half& half) { return half.own == own && half.other == other; });
    if (found != halves.end())
        return *found;
    halves.push_back({.own = own, .other = other, .stopped = false, .numbers = {}});
    return halves.back();
}

} // namespace

std::size_t Minute::Hash::operator()(const Key& key) const {
    const auto service = std::uint64_t{key.protocol} << 16 | key.port;
    return mix(mix(std::uint64_t{key.shared} << 32 | service, key.source), key.destination);
}

void Minute::take(const flows::Row& row, Catalog& catalog) {
    const auto& summary = row.summary;
    const bool outward = summary.direction() != v1::INBOUND;
    const auto local = address_from_bytes(summary.local()).value_or(Address{});
    const auto peer = address_from_bytes(summary.peer()).value_or(Address{});
    const auto own = own_side(summary, outward ? row.labels.source : row.labels.destination);
    const auto other =
        other_side(summary, outward ? row.labels.destination : row.labels.source, peer);
    const auto own_id = catalog.side(own), other_id = catalog.side(other);
    const bool strange = other.kind != Kind::workloads;
    Key key{outward ? local : peer, outward ? peer : local, 0,
            static_cast<std::uint8_t>(summary.protocol()),
            static_cast<std::uint16_t>(summary.port())};
    if (strange && pairs_.size() >= most_pairs && !pairs_.contains(key)) {
        (outward ? key.destination : key.source) = {};
        key.shared = other_id + 1;
    }
    auto& pair = pairs_[key];
    pair.strange |= strange;
    Half& half = half_of(outward ? pair.source : pair.destination, own_id, other_id);
    half.stopped = own.verdict == v1::BLOCKED;
    half.numbers += numbers_of(row, outward);
}

const Pair* Minute::find(const Key& key) const {
    const auto found = pairs_.find(key);
    return found == pairs_.end() ? nullptr : &found->second;
}

Totals Minute::fold(const Minute* before, const Minute* after, Catalog& catalog) const {
    Totals out;
    for (const auto& [key, pair] : pairs_)
        match(pair, before ? before->find(key) : nullptr, after ? after->find(key) : nullptr,
              [&](SideId source, SideId destination, const Numbers& numbers) {
                  const auto edge = catalog.edge({source, destination, key.protocol, key.port});
                  catalog.seen(edge, numbers.first_ns);
                  auto& total = out[edge];
                  const auto peers = total.peers + (pair.strange ? 1 : 0);
                  total += numbers;
                  total.peers = peers;
              });
    return out;
}

} // namespace ringwall::flowmap
