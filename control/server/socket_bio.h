// A socket as OpenSSL's source and sink: never blocks, raises no SIGPIPE, keeps no buffer.
#pragma once

struct bio_st; // BIO

namespace ringwall::server {

// Borrows the descriptor. Null: no memory.
bio_st* socket_bio(int fd);

} // namespace ringwall::server
