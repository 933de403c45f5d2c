// Small sockets for datapath tests.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "loader/handle.h"

namespace ringwall::test {

using loader::Fd;

inline sockaddr_storage at(const std::string& address, std::uint16_t port, socklen_t& size) {
    sockaddr_storage out{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
    if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        size = sizeof *v4;
    } else {
        inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        size = sizeof *v6;
    }
    return out;
}

inline int family(const std::string& address) {
    return address.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

// 0 or errno.
inline int connect_to(const Fd& socket, const std::string& address, std::uint16_t port) {
    socklen_t size;
    const auto to = at(address, port, size);
    return connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), size) ? errno : 0;
}

inline int bind_at(const Fd& socket, const std::string& address, std::uint16_t port) {
    socklen_t size;
    const auto own = at(address, port, size);
    const int yes = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), size) ? errno : 0;
}

inline int send_to(const Fd& socket, const std::string& address, std::uint16_t port,
                   const char* text = "x") {
    socklen_t size;
    const auto to = at(address, port, size);
    return sendto(socket.get(), text, strlen(text), 0, reinterpret_cast<const sockaddr*>(&to),
                  size) < 0
               ? errno
               : 0;
}

inline bool readable(const Fd& socket, int within_ms = 1000) {
    pollfd p{socket.get(), POLLIN, 0};
    return poll(&p, 1, within_ms) == 1;
}

inline Fd tcp(const std::string& address) {
    return Fd(socket(family(address), SOCK_STREAM | SOCK_CLOEXEC, 0));
}
inline Fd udp(const std::string& address) {
    return Fd(socket(family(address), SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

// Accepts `connections` one after the other, echoes until the peer closes.
inline int echo_server(const std::string& address, std::uint16_t port, int connections, int ready) {
    const Fd listener = tcp(address);
    if (bind_at(listener, address, port) || listen(listener.get(), 16))
        return 1;
    (void)!write(ready, "r", 1);
    for (int i = 0; i < connections; ++i) {
        const Fd client(accept(listener.get(), nullptr, nullptr));
        char buffer[4096];
        for (ssize_t got; (got = read(client.get(), buffer, sizeof buffer)) > 0;)
            if (write(client.get(), buffer, got) != got)
                return 2;
    }
    return 0;
}

struct Ready {
    int ends[2];
    Ready() { EXPECT_EQ(pipe(ends), 0); }
    ~Ready() {
        close(ends[0]);
        close(ends[1]);
    }
    void wait() {
        char c;
        ASSERT_EQ(read(ends[0], &c, 1), 1);
    }
};

} // namespace ringwall::test
