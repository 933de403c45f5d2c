// Sockets that are older than the programs: their owner and direction, from the file tables.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "bpf/abi.h"
#include "loader/datapath.h"
#include "loader/process.h"

namespace ringwall::loader {

struct BackfillContext {
    int sockets_map_fd = -1; // SK_STORAGE of struct rw_socket
    int nursery_map_fd = -1; // array of struct rw_slot
    std::string cgroup;      // absolute directory: processes in it and below
    std::function<std::uint64_t(std::string_view)> path_id, name_id;
    std::function<void(std::uint64_t id, const std::string& path)> remember_exe, remember_unit;
    std::function<std::uint64_t(const rw_principal&)> remember_principal; // returns its id
    std::function<std::uint64_t(const FileKey&)> file_id;
    std::function<std::uint64_t(std::span<const std::uint32_t>)> group_set;
    // One sentence for each process whose sockets stay unresolved.
    std::function<void(const std::string&)> report;
};

// Writes struct rw_socket for every IPv4 and IPv6 socket held by those processes, never over a
// value that is there, and none for a connection that has a slot of the nursery. Returns how many
// were written. Each file table is read once.
//
// A socket that several processes hold belongs to the one that was started last (then: the higher
// pid), to systemd only where nobody else holds it: workers before their master, a service before
// the socket activation that made its listener. The next bind, listen or connect corrects it.
//
// Direction: a listener is inbound; a connected TCP socket is inbound when its local port has a
// listener in its network namespace, else outbound; anything else has none.
//
// Left out, since procfs does not say it: exec_id (0, so the kernel attributes anew at the next
// occasion) and the start time below one tick.
Result<std::size_t> backfill(const BackfillContext& context);

} // namespace ringwall::loader
