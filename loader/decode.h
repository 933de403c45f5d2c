// Kernel records -> Event. Never trusts a record's size or enum values.
#pragma once

#include <cstddef>
#include <optional>

#include "bpf/abi.h"
#include "loader/datapath.h"

namespace ringwall::loader {

// nullopt when the bytes are no event of this ABI.
std::optional<Event> decode_event(const void* data, std::size_t size);
// `who`: what the socket's owner refers to; nothing when it is no longer remembered.
Event decode_flow(const rw_socket& socket, const std::optional<rw_principal>& who,
                  std::uint64_t cookie, EventKind kind, std::uint64_t now);
Event decode_fold(const rw_fold_key& key, const std::optional<rw_principal>& who,
                  const rw_fold& fold, std::uint32_t count);
Impact decode_impact(const rw_impact_key& key, const rw_impact& row,
                     const std::optional<rw_principal>& who);

} // namespace ringwall::loader
