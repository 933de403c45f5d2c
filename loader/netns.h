// Network namespaces: which one a process or socket is in, and doing something inside another one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>

#include "loader/datapath.h"
#include "loader/handle.h"

namespace ringwall::loader {

// The descriptor is empty when the process is gone or may not be looked at.
Fd netns_of_process(pid_t pid);
// Needs CAP_NET_ADMIN there. Empty when refused.
Fd netns_of_socket(int socket);
// The cookie of the namespace that the socket is in; 0 on kernels before 5.14, which do not say.
std::uint64_t netns_cookie(int socket);

// Runs `work` inside the namespace, on a thread of its own where that is another one than the
// caller's, whose thread never moves. Returns what `work` returns.
Result<void> in_netns(int netns, const std::function<Result<void>()>& work);

// Every network namespace that some process is in, once each, until `visit` returns false.
void each_netns(const std::function<bool(int netns)>& visit);

// Ports with a TCP listener in the namespace.
Result<std::set<std::uint16_t>> listening_ports(int netns);

} // namespace ringwall::loader
