// Parsers for what the host report is made of. Pure: they take the text of procfs and dpkg.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/ip.h"

namespace ringwall::agent {

struct ListeningSocket {
    std::uint8_t protocol = 0; // 6 or 17
    Address address;           // unspecified of its family: every address
    std::uint16_t port = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const ListeningSocket&) const = default;
};

// Of /proc/net/tcp, tcp6, udp, udp6: TCP in LISTEN; UDP that is bound and not connected, outside of
// the ports that the kernel hands out (`given_out`: "32768\t60999", ip_local_port_range).
std::vector<ListeningSocket> listening_sockets(std::string_view table, std::uint8_t protocol,
                                               std::string_view given_out);

std::string pretty_name(std::string_view os_release); // PRETTY_NAME
// The v2 path in /proc/PID/cgroup, "" when it has none.
std::string cgroup_path(std::string_view proc_cgroup);
std::optional<std::uint32_t> real_uid(std::string_view proc_status);

// Which of `paths` a package's list (/var/lib/dpkg/info/NAME.list) has. A path below /usr is also
// found without it, as packages from before the merge have it.
std::set<std::string> owned(std::string_view list, const std::set<std::string>& paths);
// "nginx" -> "1.22.1-9" for the names asked for; of /var/lib/dpkg/status.
std::map<std::string, std::string> versions(std::string_view dpkg_status,
                                            const std::set<std::string>& packages);

} // namespace ringwall::agent
