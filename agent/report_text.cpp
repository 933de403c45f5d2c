#include "agent/report_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace ringwall::agent {
namespace {

constexpr std::uint32_t tcp_listen = 0x0a, udp_unconnected = 0x07;

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    return line;
}

std::string_view take_word(std::string_view& line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos)
        return line = {};
    const auto end = line.find_first_of(" \t", begin);
    const auto word = line.substr(begin, end == line.npos ? line.npos : end - begin);
    line = end == line.npos ? std::string_view{} : line.substr(end);
    return word;
}

template <typename Number>
bool read(std::string_view text, int base, Number& out) {
    const auto end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out, base);
    return error == std::errc{} && stop == end;
}

// "0100007F:0050": 32-bit words as this machine has them in memory, the port as a number.
bool read_endpoint(std::string_view text, Address& address, std::uint16_t& port) {
    const auto colon = text.find(':');
    if ((colon != 8 && colon != 32) || !read(text.substr(colon + 1), 16, port))
        return false;
    address = colon == 8 ? Address::v4(0) : Address{};
    auto* out = address.bytes.data() + (colon == 8 ? 12 : 0);
    for (std::size_t at = 0; at < colon; at += 8, out += 4) {
        std::uint32_t word = 0;
        if (!read(text.substr(at, 8), 16, word))
            return false;
        std::memcpy(out, &word, sizeof word);
    }
    return true;
}

struct PortRange {
    std::uint16_t first = 0, last = 0;
    bool has(std::uint16_t port) const { return first <= port && port <= last && last != 0; }
};

PortRange range_of(std::string_view text) {
    PortRange out;
    text = take_line(text);
    if (!read(take_word(text), 10, out.first) || !read(take_word(text), 10, out.last))
        return {};
    return out;
}

// sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
std::optional<ListeningSocket> socket_in(std::string_view line, std::uint8_t protocol,
                                         const PortRange& given_out) {
    std::array<std::string_view, 10> words;
    for (auto& word : words)
        word = take_word(line);
    ListeningSocket out{.protocol = protocol};
    Address peer;
    std::uint16_t peer_port = 0;
    std::uint32_t state = 0;
    if (!read_endpoint(words[1], out.address, out.port) ||
        !read_endpoint(words[2], peer, peer_port) || !read(words[3], 16, state) ||
        !read(words[9], 10, out.inode))
        return std::nullopt;
    const bool serves =
        protocol == 6 ? state == tcp_listen
                      : state == udp_unconnected && peer_port == 0 && !given_out.has(out.port);
    return serves && out.port ? std::optional(out) : std::nullopt;
}

std::string unquoted(std::string_view text) {
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front())
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

// The rest of the first line that begins so.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
    while (!text.empty())
        if (const auto line = take_line(text); line.starts_with(key))
            return line.substr(key.size());
    return std::nullopt;
}

} // namespace

std::vector<ListeningSocket> listening_sockets(std::string_view table, std::uint8_t protocol,
                                               std::string_view given_out) {
    std::vector<ListeningSocket> out;
    const auto range = range_of(given_out);
    take_line(table); // names of the columns
    while (!table.empty())
        if (const auto socket = socket_in(take_line(table), protocol, range))
            out.push_back(*socket);
    return out;
}

std::string pretty_name(std::string_view os_release) {
    return unquoted(value_of(os_release, "PRETTY_NAME=").value_or(""));
}

std::string cgroup_path(std::string_view proc_cgroup) {
    return std::string(value_of(proc_cgroup, "0::").value_or(""));
}

std::optional<std::uint32_t> real_uid(std::string_view proc_status) {
    auto ids = value_of(proc_status, "Uid:");
    std::uint32_t uid = 0;
    if (!ids || !read(take_word(*ids), 10, uid))
        return std::nullopt;
    return uid;
}

std::set<std::string> owned(std::string_view list, const std::set<std::string>& paths) {
    constexpr std::string_view usr = "/usr";
    std::set<std::string> out;
    while (!list.empty()) {
        const std::string line(take_line(list));
        if (paths.contains(line))
            out.insert(line);
        else if (paths.contains(std::string(usr) + line))
            out.insert(std::string(usr) + line);
    }
    return out;
}

std::map<std::string, std::string> versions(std::string_view dpkg_status,
                                            const std::set<std::string>& packages) {
    constexpr std::string_view name_key = "Package: ", version_key = "Version: ";
    std::map<std::string, std::string> out;
    std::string name;
    while (!dpkg_status.empty()) {
        const auto line = take_line(dpkg_status);
        if (line.starts_with(name_key))
            name = line.substr(name_key.size());
        else if (line.starts_with(version_key) && packages.contains(name))
            out[name] = line.substr(version_key.size());
    }
    return out;
}

} // namespace ringwall::agent
