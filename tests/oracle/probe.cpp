// One real process of the oracle: opens sockets as it is asked to. Its path, user, groups and
// cgroup are made by whoever starts it.
#include "tests/oracle/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/oracle/frame.h"

namespace {

using namespace ringwall::oracle;

constexpr int reach_timeout_ms = 3000;

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
};

bool is_v4(const std::array<std::uint8_t, 16>& bytes) {
    static const std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(bytes.data(), mapped, sizeof mapped) == 0;
}

Endpoint endpoint(const std::array<std::uint8_t, 16>& bytes, std::uint16_t port, bool mapped) {
    Endpoint out;
    if (is_v4(bytes) && !mapped) {
        auto& in = reinterpret_cast<sockaddr_in&>(out.storage);
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, bytes.data() + 12, 4);
        out.size = sizeof in;
    } else {
        auto& in = reinterpret_cast<sockaddr_in6&>(out.storage);
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        std::memcpy(&in.sin6_addr, bytes.data(), 16);
        out.size = sizeof in;
    }
    return out;
}

std::array<std::uint8_t, 16> own(const ProbeFlow& flow) {
    return ringwall::Address::parse(is_v4(flow.peer) ? own_v4 : own_v6)->bytes;
}

int open_socket(const ProbeFlow& flow, int family) {
    const int type = flow.protocol == 6 ? SOCK_STREAM : SOCK_DGRAM;
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void close_abruptly(int fd) {
    const linger at_once{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

// A reset is an answer: the packet went out and nobody listens there.
Outcome await_connect(int fd, int timeout_ms, int& error) {
    pollfd wait{fd, POLLOUT, 0};
    if (poll(&wait, 1, timeout_ms) == 0)
        return Outcome::silent;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 || error == ECONNREFUSED ? Outcome::passed
           : error == EPERM                    ? Outcome::refused
                                               : Outcome::failed;
}

Outcome reach(const ProbeFlow& flow, int& error) {
    const Endpoint to = endpoint(flow.peer, flow.port, flow.mapped);
    const int fd = open_socket(flow, to.family());
    const bool stream = flow.protocol == 6;
    const long done =
        stream ? connect(fd, to.address(), to.size) : sendto(fd, "x", 1, 0, to.address(), to.size);
    error = done < 0 ? errno : 0;
    Outcome out = done >= 0 ? Outcome::passed : error == EPERM ? Outcome::refused : Outcome::failed;
    if (stream && error == EINPROGRESS)
        out = await_connect(fd, reach_timeout_ms, error);
    close_abruptly(fd);
    return out;
}

class Probe {
  public:
    void run() {
        ProbeRequest request;
        while (recv(probe_descriptor, &request, sizeof request, 0) == sizeof request) {
            ProbeReply reply;
            answer(request, reply);
            if (send(probe_descriptor, &reply, sizeof reply, 0) != sizeof reply)
                return;
        }
    }

  private:
    void answer(const ProbeRequest& request, ProbeReply& reply) {
        for (std::size_t i = 0; i < request.count; ++i) {
            const ProbeFlow& flow = request.flows[i];
            int& error = reply.errors[i];
            switch (request.ask) {
            case Ask::reach:
                reply.outcomes[i] = reach(flow, error);
                break;
            case Ask::serve:
                reply.outcomes[i] = serve(flow, i, error);
                break;
            case Ask::send:
                reply.outcomes[i] = send_towards(flow, i, error);
                break;
            case Ask::mark:
                break;
            case Ask::settled:
                reply.outcomes[i] = settled(flow, i, error);
                break;
            case Ask::collect:
                reply.outcomes[i] = collect(flow, i);
                break;
            }
        }
        if (request.ask == Ask::mark)
            mark();
    }

    Outcome serve(const ProbeFlow& flow, std::size_t i, int& error) {
        const Endpoint at = endpoint(own(flow), flow.port, flow.mapped);
        const int fd = sockets_[i] = open_socket(flow, at.family());
        const int yes = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(fd, at.address(), at.size) || (flow.protocol == 6 && listen(fd, 4))) {
            error = errno;
            return Outcome::failed;
        }
        return Outcome::passed;
    }

    Outcome collect(const ProbeFlow& flow, std::size_t i) {
        char byte;
        const int fd = sockets_[i];
        const bool got = flow.protocol == 6 ? take_connection(fd) : recv(fd, &byte, 1, 0) == 1;
        close(fd);
        return got ? Outcome::passed : Outcome::silent;
    }

    static bool take_connection(int fd) {
        const int taken = accept(fd, nullptr, nullptr);
        if (taken >= 0)
            close_abruptly(taken);
        return taken >= 0;
    }

    Outcome send_towards(const ProbeFlow& flow, std::size_t i, int& error) {
        const auto source_port = static_cast<std::uint16_t>(other_end_port + i);
        const Endpoint from = endpoint(flow.peer, source_port, false);
        const Endpoint to = endpoint(own(flow), flow.port, false);
        const int fd = sockets_[i] = open_socket(flow, to.family());
        const int yes = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(fd, from.address(), from.size) == 0) {
            const long done = flow.protocol == 6 ? connect(fd, to.address(), to.size)
                                                 : sendto(fd, "x", 1, 0, to.address(), to.size);
            if (done >= 0 || errno == EINPROGRESS)
                return Outcome::passed;
        }
        error = errno;
        return Outcome::failed;
    }

    // All packets went through one queue before the marker, so nothing is awaited here.
    Outcome settled(const ProbeFlow& flow, std::size_t i, int& error) {
        const int fd = sockets_[i];
        const Outcome out = flow.protocol == 6 ? await_connect(fd, 0, error) : Outcome::silent;
        close_abruptly(fd);
        return out;
    }

    static void mark() {
        ProbeFlow marker{
            .peer = ringwall::Address::parse(own_v4)->bytes, .port = marker_port, .protocol = 17};
        const Endpoint to = endpoint(marker.peer, marker.port, false);
        const int fd = open_socket(marker, AF_INET);
        (void)!sendto(fd, "m", 1, 0, to.address(), to.size);
        close(fd);
    }

    std::array<int, most_flows> sockets_{};
};

} // namespace

int main() {
    Probe().run();
    return 0;
}
