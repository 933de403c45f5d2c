#include "loader/sock_diag.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "loader/failure.h"

namespace ringwall::loader {
namespace {

using Each = std::function<void(const inet_diag_msg&)>;

int on_message(const nlmsghdr* header, void* each) {
    if (mnl_nlmsg_get_payload_len(header) >= sizeof(inet_diag_msg))
        (*static_cast<const Each*>(each))(
            *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(header)));
    return MNL_CB_OK;
}

// An error at the end of a listing, which libmnl's own handler of this message drops.
int on_done(const nlmsghdr* header, void*) {
    int error = 0;
    if (mnl_nlmsg_get_payload_len(header) >= sizeof error)
        error = *static_cast<const int*>(mnl_nlmsg_get_payload(header));
    if (error >= 0)
        return MNL_CB_STOP;
    errno = -error;
    return MNL_CB_ERROR;
}

// With handlers of one's own, libmnl uses none of its own.
int on_error(const nlmsghdr* header, void*) {
    if (mnl_nlmsg_get_payload_len(header) < sizeof(nlmsgerr))
        errno = EBADMSG;
    else
        errno = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header))->error;
    return errno == 0 ? MNL_CB_STOP : MNL_CB_ERROR; // no error: the acknowledgement
}

} // namespace

void SockDiag::Closer::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

Result<SockDiag> SockDiag::open() {
    SockDiag diag(mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC));
    if (!diag.socket_)
        return system_failure("cannot ask the kernel about its sockets (NETLINK_SOCK_DIAG)", errno,
                              "load the module: modprobe inet_diag");
    if (mnl_socket_bind(diag.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0)
        return system_failure("cannot bind a netlink socket", errno);
    return diag;
}

int SockDiag::ask(std::uint16_t type, std::uint16_t flags, const inet_diag_req_v2& request,
                  const Each& each) {
    std::vector<char> buffer(static_cast<std::size_t>(MNL_SOCKET_BUFFER_SIZE));
    nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
    header->nlmsg_type = type;
    header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header->nlmsg_seq = ++sequence_;
    *static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof request)) = request;
    if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0)
        return errno;
    std::array<mnl_cb_t, NLMSG_MIN_TYPE> control{};
    control[NLMSG_DONE] = on_done;
    control[NLMSG_ERROR] = on_error;
    const unsigned port = mnl_socket_get_portid(socket_.get());
    for (;;) {
        const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (size < 0)
            return errno;
        const int next =
            mnl_cb_run2(buffer.data(), static_cast<std::size_t>(size), sequence_, port, on_message,
                        const_cast<Each*>(&each), control.data(), control.size());
        if (next < 0)
            return errno;
        if (next == MNL_CB_STOP)
            return 0;
    }
}

int SockDiag::list(const DiagQuery& query, const Each& each) {
    inet_diag_req_v2 request{};
    request.sdiag_family = query.family;
    request.sdiag_protocol = query.protocol;
    request.idiag_states = query.states;
    request.id.idiag_sport = htons(query.local_port);
    request.id.idiag_dport = htons(query.peer_port);
    return ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request, each);
}

int SockDiag::destroy(std::uint8_t family, std::uint8_t protocol, const inet_diag_sockid& socket) {
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = protocol;
    request.idiag_states = ~0u;
    request.id = socket;
    return ask(SOCK_DESTROY, NLM_F_ACK, request, [](const inet_diag_msg&) {});
}

Result<void> can_destroy(std::uint8_t protocol) {
    const std::string name = protocol == IPPROTO_TCP ? "tcp" : "udp";
    auto diag = SockDiag::open();
    if (!diag)
        return std::unexpected(diag.error());
    // No state asked for: nothing is listed, but the handler must be there.
    const DiagQuery nothing{.family = AF_INET, .protocol = protocol};
    if (const int error = diag->list(nothing, [](const inet_diag_msg&) {}); error == ENOENT)
        return failure(Errc::unsupported, "the kernel cannot list " + name +
                                              " sockets; load the modules: modprobe " +
                                              "inet_diag " + name + "_diag");
    else if (error)
        return system_failure("cannot list " + name + " sockets", error);
    const inet_diag_sockid nobody{.idiag_cookie = {1, 0}}; // from port 0: nothing can match
    const int error = diag->destroy(AF_INET, protocol, nobody);
    if (error == EOPNOTSUPP)
        return failure(Errc::unsupported, "this kernel cannot end " + name +
                                              " sockets (built without CONFIG_INET_DIAG_DESTROY)");
    if (error && error != ENOENT)
        return system_failure("cannot end " + name + " sockets", error, "CAP_NET_ADMIN is needed");
    return {};
}

} // namespace ringwall::loader
