// Ending a socket that policy no longer allows, so that neither end is left hanging.
#pragma once

#include "loader/datapath.h"

namespace ringwall::loader {

// Ends the TCP connection or connected UDP socket that the event is about, in whatever network
// namespace it is: its owner gets ECONNABORTED, a TCP peer a reset. The caller's thread stays in
// its namespace. Success also where nothing is left to end: the socket is gone, or it is an
// unconnected UDP socket, which its other peers still need. The cookie makes sure that no other
// socket of the same addresses is hit.
//
// Errors: unsupported (no diag module, a protocol without connections), permission.
Result<void> destroy_socket(const Event& event);

} // namespace ringwall::loader
