#include "loader/destroy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>

#include "loader/failure.h"
#include "loader/netns.h"
#include "loader/proc.h"
#include "loader/sock_diag.h"

namespace ringwall::loader {
namespace {

enum { tcp_established = 1, tcp_time_wait = 6, tcp_listen = 10, udp_lite = 136 };

bool is_udp(const Event& event) {
    return event.protocol == IPPROTO_UDP || event.protocol == udp_lite;
}

inet_diag_sockid id_of(const Event& event, std::uint8_t family) {
    inet_diag_sockid id{};
    const bool v4 = family == AF_INET;
    const std::size_t from = v4 ? 12 : 0, size = v4 ? 4 : 16;
    std::memcpy(id.idiag_src, event.local.bytes.data() + from, size);
    std::memcpy(id.idiag_dst, event.peer.bytes.data() + from, size);
    id.idiag_sport = htons(event.local_port);
    id.idiag_dport = htons(event.peer_port);
    id.idiag_cookie[0] = static_cast<std::uint32_t>(event.cookie);
    id.idiag_cookie[1] = static_cast<std::uint32_t>(event.cookie >> 32);
    return id;
}

std::uint64_t cookie_of(const inet_diag_msg& socket) {
    return std::uint64_t{socket.id.idiag_cookie[1]} << 32 | socket.id.idiag_cookie[0];
}

std::unexpected<Error> refused(const Event& event, int error) {
    const std::string which = "the connection " + event.local.text() + " port " +
                              std::to_string(event.local_port) + " to " + event.peer.text() +
                              " port " + std::to_string(event.peer_port) + " cannot be ended";
    return system_failure(which, error, "CAP_NET_ADMIN is needed in its network namespace");
}

// A socket may be of either family for IPv4 (v4-mapped), and bound to an interface, which is part
// of its key: the listing says both. Only states in which there is something to end.
Result<std::optional<inet_diag_msg>> look_up(SockDiag& diag, const Event& event) {
    std::optional<inet_diag_msg> found;
    DiagQuery query{.protocol = event.protocol,
                    .states = is_udp(event) ? 1u << tcp_established
                                            : ~(1u << tcp_listen | 1u << tcp_time_wait),
                    .local_port = event.local_port,
                    .peer_port = event.peer_port};
    for (const std::uint8_t family : {AF_INET, AF_INET6}) {
        if (found || (family == AF_INET && !event.local.is_v4()))
            continue;
        query.family = family;
        const int error = diag.list(query, [&](const inet_diag_msg& socket) {
            if (cookie_of(socket) == event.cookie)
                found = socket;
        });
        if (error == ENOENT)
            if (auto able = can_destroy(event.protocol); !able)
                return std::unexpected(able.error());
        if (error && error != ENOENT)
            return refused(event, error);
    }
    return found;
}

enum class Outcome { ended, not_here };

Result<Outcome> outcome_of(int error, const Event& event) {
    if (error == 0)
        return Outcome::ended;
    if (error == ENOENT || error == ESTALE)
        return Outcome::not_here;
    if (error != EOPNOTSUPP)
        return refused(event, error);
    if (auto able = can_destroy(event.protocol); !able)
        return std::unexpected(able.error());
    return Outcome::ended; // it had closed already: older kernels do not take TIME_WAIT
}

// In the network namespace of the calling thread.
Result<Outcome> end_here(const Event& event) {
    auto diag = SockDiag::open();
    if (!diag)
        return std::unexpected(diag.error());
    if (event.protocol ==
        IPPROTO_TCP) { // the quick way: most sockets are not bound to an interface
        const std::uint8_t family = event.local.is_v4() ? AF_INET : AF_INET6;
        auto outcome =
            outcome_of(diag->destroy(family, event.protocol, id_of(event, family)), event);
        if (!outcome || *outcome == Outcome::ended)
            return outcome;
    }
    const auto socket = look_up(*diag, event);
    if (!socket)
        return std::unexpected(socket.error());
    if (!*socket)
        return Outcome::not_here;
    return outcome_of(diag->destroy((*socket)->idiag_family, event.protocol, (*socket)->id), event);
}

// Looks for the socket through the namespaces it may be in. The owner's is the first guess, but a
// process may have moved, ended, or hold sockets of other namespaces.
class Search {
  public:
    explicit Search(const Event& event) : event_(event) {}
    Result<void> run();

  private:
    bool enter(int netns); // true: over
    Result<void> try_here();
    void enter_netns_of_held_socket(const ProcDir& owner);

    const Event& event_;
    bool over_ = false;
    bool told_apart_ = true; // namespaces have cookies that can be compared
    Result<void> result_;
};

Result<void> Search::try_here() {
    const Fd probe(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto cookie = probe ? netns_cookie(probe.get()) : 0;
    told_apart_ = cookie != 0 && event_.netns != 0;
    if (told_apart_ && cookie != event_.netns)
        return {};
    const auto outcome = end_here(event_);
    over_ = told_apart_ || !outcome || *outcome == Outcome::ended;
    return outcome ? Result<void>{} : std::unexpected(outcome.error());
}

bool Search::enter(int netns) {
    const auto done = in_netns(netns, [this] { return try_here(); });
    if (over_ || (!done && result_))
        result_ = done; // refused entry: only an answer when no other place has a better one
    return over_;
}

void Search::enter_netns_of_held_socket(const ProcDir& owner) {
    const auto all = [](std::uint64_t) { return true; };
    (void)owner.each_socket(all, [this](std::uint64_t, int socket) {
        std::uint64_t cookie = 0;
        socklen_t size = sizeof cookie;
        if (getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0 ||
            cookie != event_.cookie)
            return true;
        if (const Fd netns = netns_of_socket(socket))
            enter(netns.get());
        return false;
    });
}

Result<void> Search::run() {
    const auto owner =
        event_.pid ? ProcDir::open(static_cast<pid_t>(event_.pid)) : std::optional<ProcDir>{};
    if (const Fd netns = owner ? owner->open_file("ns/net", O_RDONLY) : Fd())
        enter(netns.get());
    if (!over_ && owner)
        enter_netns_of_held_socket(*owner);
    // Where namespaces cannot be told apart, a living owner that holds no such socket is enough.
    if (!over_ && (told_apart_ || !owner))
        each_netns([this](int netns) { return !enter(netns); });
    return result_;
}

} // namespace

Result<void> destroy_socket(const Event& event) {
    if (event.protocol != IPPROTO_TCP && !is_udp(event))
        return failure(Errc::unsupported,
                       "protocol " + std::to_string(event.protocol) +
                           " has no connections to end; its packets are dropped");
    return Search(event).run();
}

} // namespace ringwall::loader
