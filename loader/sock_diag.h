// sock_diag requests in the network namespace of the calling thread.
#pragma once

#include <linux/inet_diag.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "loader/datapath.h"

struct mnl_socket;

namespace ringwall::loader {

struct DiagQuery {
    std::uint8_t family = 0; // AF_INET, AF_INET6
    std::uint8_t protocol = 0;
    std::uint32_t states = 0;                    // bit n: TCP state n
    std::uint16_t local_port = 0, peer_port = 0; // host order; 0: any
};

class SockDiag {
  public:
    static Result<SockDiag> open();

    // 0, or the kernel's error number. ENOENT: no such socket, or no diag module for it.
    int list(const DiagQuery& query, const std::function<void(const inet_diag_msg&)>& each);
    int destroy(std::uint8_t family, std::uint8_t protocol, const inet_diag_sockid& socket);

  private:
    struct Closer {
        void operator()(mnl_socket* socket) const;
    };
    explicit SockDiag(mnl_socket* socket) : socket_(socket) {}
    int ask(std::uint16_t type, std::uint16_t flags, const inet_diag_req_v2& request,
            const std::function<void(const inet_diag_msg&)>& each);

    std::unique_ptr<mnl_socket, Closer> socket_;
    std::uint32_t sequence_ = 0;
};

// Whether the kernel can list and end sockets of this protocol, as an error with the cure if not.
Result<void> can_destroy(std::uint8_t protocol);

} // namespace ringwall::loader
