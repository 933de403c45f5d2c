#include "control/compute/fleet_program.h"

#include <algorithm>
#include <map>

namespace ringwall::compute {
namespace {

void write_peers(const PeerBits& peers, v1::Peers& out) {
    out.set_any(peers.any);
    out.set_all_workloads(peers.all_workloads);
    const auto numbers = peers.identities.numbers();
    out.mutable_identities()->Assign(numbers.begin(), numbers.end());
    for (const auto& list : peers.lists)
        out.add_lists(list);
}

} // namespace

void PeerBits::merge(const PeerBits& other) {
    any |= other.any;
    all_workloads |= other.all_workloads;
    identities |= other.identities;
    lists.insert(other.lists.begin(), other.lists.end());
}

void PeerBits::normalise() {
    if (any || all_workloads)
        identities = Bitmap();
    if (any) {
        lists.clear();
        all_workloads = false;
    }
}

void PieceMaker::add(PeerBits peers, const ServiceBits& services) {
    peers.normalise();
    if (peers.empty() || services.empty())
        return;
    const auto same = std::ranges::find(by_peers_, peers, &Piece::peers);
    if (same == by_peers_.end())
        by_peers_.push_back({services, std::move(peers)});
    else
        same->services.insert(services.begin(), services.end());
}

std::vector<Piece> PieceMaker::merged() const {
    std::map<ServiceBits, PeerBits> by_services;
    for (const Piece& piece : by_peers_)
        by_services[piece.services].merge(piece.peers);
    std::vector<Piece> out;
    for (auto& [services, peers] : by_services) {
        peers.normalise();
        out.push_back({services, std::move(peers)});
    }
    return out;
}

Program Program::make(std::string id, const model::Rule& rule, bool outbound,
                      const PieceMaker& pieces) {
    Program out{.rule = std::move(id),
                .action = rule.action,
                .outbound = outbound,
                .ends_ns = rule.expires_ns.value_or(0),
                .pieces = pieces.merged(),
                .named = {},
                .all_workloads = false,
                .lists = {}};
    for (const Piece& piece : out.pieces) {
        out.named |= piece.peers.identities;
        out.all_workloads |= piece.peers.all_workloads;
        out.lists.insert(piece.peers.lists.begin(), piece.peers.lists.end());
    }
    return out;
}

void Program::write(v1::Subject& out) const {
    for (const Piece& piece : pieces) {
        v1::Rule& row = *out.add_rules();
        row.set_id(rule);
        row.set_action(wire(action));
        row.set_direction(outbound ? v1::OUTBOUND : v1::INBOUND);
        row.set_ends_ns(ends_ns);
        write_peers(piece.peers, *row.mutable_peers());
        for (const ServiceBit& service : piece.services)
            compute::write(service, *row.add_services());
    }
}

} // namespace ringwall::compute
