#include "agent/nat.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "agent/fd.h"
#include "agent/files.h"

namespace ringwall::agent {
namespace {

using Bytes = std::span<const std::uint8_t>;

template <typename T>
std::optional<T> head_of(Bytes bytes) {
    if (bytes.size() < sizeof(T))
        return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

bool says_nat(Bytes attributes) {
    while (auto head = head_of<nlattr>(attributes)) {
        if (head->nla_len < sizeof(nlattr) || head->nla_len > attributes.size())
            return false;
        const auto payload = attributes.subspan(sizeof(nlattr), head->nla_len - sizeof(nlattr));
        const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
        if ((head->nla_type & NLA_TYPE_MASK) == NFTA_CHAIN_TYPE && text.starts_with("nat"))
            return true;
        const std::size_t step = NLA_ALIGN(head->nla_len);
        attributes = attributes.subspan(std::min(step, attributes.size()));
    }
    return false;
}

enum class Step { more, done, failed };

Step ends_dump(Bytes messages) {
    while (auto head = head_of<nlmsghdr>(messages)) {
        if (head->nlmsg_type == NLMSG_DONE)
            return Step::done;
        if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_len < sizeof(nlmsghdr))
            return Step::failed;
        messages =
            messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(head->nlmsg_len), messages.size()));
    }
    return Step::more;
}

// nullopt: could not be asked.
std::optional<bool> nft_translates() {
    struct {
        nlmsghdr head{};
        nfgenmsg body{};
    } request;
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    if (!socket) // a kernel without netfilter
        return errno == EPROTONOSUPPORT ? std::optional(false) : std::nullopt;
    if (send(socket.get(), &request, sizeof request, 0) < 0)
        return std::nullopt;
    std::vector<std::uint8_t> buffer(32 * 1024);
    bool nat = false;
    for (;;) {
        const auto size = recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (size <= 0)
            return std::nullopt;
        const Bytes messages(buffer.data(), static_cast<std::size_t>(size));
        nat = nat || has_nat_chain(messages);
        if (auto step = ends_dump(messages); step != Step::more)
            return step == Step::done ? std::optional(nat) : std::optional(false);
    }
}

} // namespace

bool has_nat_chain(Bytes messages) {
    while (auto head = head_of<nlmsghdr>(messages)) {
        if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > messages.size())
            return false;
        constexpr std::size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg));
        const auto body = messages.subspan(0, head->nlmsg_len);
        if (body.size() > skip && says_nat(body.subspan(skip)))
            return true;
        messages =
            messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(head->nlmsg_len), messages.size()));
    }
    return false;
}

bool has_nat_table(std::string_view names) {
    while (!names.empty()) {
        const auto end = names.find('\n');
        if (names.substr(0, end) == "nat")
            return true;
        names = end == names.npos ? std::string_view{} : names.substr(end + 1);
    }
    return false;
}

bool host_translates_addresses() {
    for (const char* names : {"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"})
        if (has_nat_table(read_file(names).value_or("")))
            return true;
    return nft_translates().value_or(true);
}

} // namespace ringwall::agent
