#include "agent/paired.h"

#include <cstring>

#include "agent/host.h"
#include "agent/summaries.h"
#include "common/pki/digest.h"

namespace ringwall::agent {
namespace {

std::uint64_t random_number() {
    std::uint64_t out = 0;
    std::memcpy(&out, pki::random_bytes(sizeof out).data(), sizeof out);
    return out;
}

} // namespace

std::expected<std::unique_ptr<Paired>, std::string> Paired::open(const std::string& state_dir) {
    auto credentials = load_credentials(state_dir);
    if (!credentials)
        return std::unexpected(credentials.error().message);
    auto held = Held::open({.directory = state_dir + "/controller",
                            .verify = verifier(credentials->signers),
                            .boot_id = boot_id(),
                            .now = boot_time(),
                            .wall_ns = wall_ns()});
    if (!held)
        return std::unexpected(held.error().message);
    auto spool = Spool::open({.directory = state_dir + "/spool"}, random_number(), fold);
    if (!spool)
        return std::unexpected(spool.error().message);
    return std::make_unique<Paired>(
        Paired{std::move(*credentials), std::move(*held), std::move(*spool)});
}

std::vector<Failsafe> way_to_controller(const Credentials& credentials) {
    auto addresses = credentials.addresses;
    for (const auto& endpoint : credentials.endpoints)
        if (const auto address = Address::parse(endpoint.host))
            addresses.push_back(*address);
    std::vector<Failsafe> out;
    for (const auto& endpoint : credentials.endpoints) {
        Failsafe way{.protocol = 6, .first_port = endpoint.port, .last_port = endpoint.port};
        for (const auto& address : addresses)
            way.peers.push_back(Prefix::host(address));
        out.push_back(std::move(way));
    }
    return out;
}

} // namespace ringwall::agent
