#include "control/app/settings.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "common/ip.h"
#include "control/pki/identity.h"
#include "control/policy/fields.h"
#include "control/policy/load.h"

namespace ringwall::app {
namespace {

using policy::Context;
using policy::Fields;
using policy::Node;

constexpr std::uintmax_t largest_config = 1 << 20;

void read_number(Context& context, const Fields& fields, const char* key, std::uint64_t most,
                 auto& out) {
    const Node* node = fields.find(key);
    if (!node)
        return;
    const auto number = policy::decimal(node->text);
    if (!node->plain || !number || *number == 0 || *number > most)
        return context.error(*node, fmt::format("{} is a whole number from 1 to {}", key, most));
    out = static_cast<std::remove_reference_t<decltype(out)>>(*number);
}

void read_names(Context& context, const Fields& fields, Settings& settings) {
    const Node* node = fields.find("names");
    if (!node)
        return;
    settings.names.clear();
    const auto* entries = policy::items(context, *node, "names", "names: [ringwall.example]");
    if (!entries)
        return;
    for (const Node& entry : *entries)
        if (Address::parse(entry.text) || pki::is_dns_name(entry.text))
            settings.names.push_back(entry.text);
        else
            context.error(entry, fmt::format("{} is neither a DNS name in lower case nor an IP "
                                             "address",
                                             policy::in_quotes(entry.text)));
}

void read_all(Context& context, const Node& root, Settings& settings) {
    const Fields fields(context, root, "the controller's configuration", "listen: 8443",
                        {"listen", "names", "data-dir", "certificate-days", "flow-rows",
                         "flow-days", "map-days", "map-mib", "silent-grace-hours", "log-level",
                         "ui-dir", "alerts"});
    if (const Node* node = fields.find("listen"); node && !parse_listen(node->text, settings))
        context.error(*node, "listen is a port, or an address and a port: 8443, "
                             "\"10.0.0.1:8443\", \"[::1]:8443\"");
    if (const Node* node = fields.find("data-dir"))
        settings.data_dir = policy::text(context, *node, "data-dir").value_or("");
    if (const Node* node = fields.find("ui-dir"))
        settings.ui_dir = policy::text(context, *node, "ui-dir").value_or("");
    if (const Node* node = fields.find("log-level")) {
        static constexpr std::array levels{"debug", "info", "warn", "error"};
        if (const auto i =
                policy::one_of(context, *node, "log-level", {"debug", "info", "warn", "error"}))
            settings.log_level = levels[*i];
    }
    read_names(context, fields, settings);
    read_number(context, fields, "certificate-days", 397, settings.certificate_days);
    read_number(context, fields, "flow-rows", 1'000'000'000, settings.flow_rows);
    read_number(context, fields, "flow-days", 3650, settings.flow_days);
    read_number(context, fields, "map-days", 36'500, settings.map_days);
    read_number(context, fields, "map-mib", 1'048'576, settings.map_mib);
    read_number(context, fields, "silent-grace-hours", 87'600, settings.silent_grace_hours);
    if (const Node* node = fields.find("alerts"))
        settings.alerts = alerts::read_config(context, *node);
}

std::string text_of(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> out{};
    const void* bytes = nullptr;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (address.sa_family == AF_INET) {
        std::memcpy(&v4, &address, sizeof v4);
        bytes = &v4.sin_addr;
    } else {
        std::memcpy(&v6, &address, sizeof v6);
        if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
            return {};
        bytes = &v6.sin6_addr;
    }
    return inet_ntop(address.sa_family, bytes, out.data(), out.size()) ? out.data() : "";
}

} // namespace

bool parse_listen(std::string_view text, Settings& settings) {
    const auto colon = text.rfind(':');
    const auto digits = colon == text.npos ? text : text.substr(colon + 1);
    unsigned port = 0;
    const auto* end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, port).ptr != end || digits.empty() || port > 65535)
        return false;
    if (colon != text.npos) {
        auto host = text.substr(0, colon);
        const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
        if (brackets)
            host = host.substr(1, host.size() - 2);
        const auto address = Address::parse(host);
        if (!address || address->is_v4() == brackets)
            return false;
        settings.address = host;
    }
    settings.port = static_cast<std::uint16_t>(port);
    return true;
}

std::expected<void, std::string> apply_config(std::string_view yaml, const std::string& file,
                                              Settings& settings) {
    std::vector<policy::Problem> problems;
    const auto documents = policy::parse(yaml, file, problems);
    Context context(file, problems);
    Settings read = settings;
    if (documents.size() > 1)
        context.error(documents[1], "the configuration is one document; remove the \"---\"");
    if (documents.size() == 1 && documents[0].kind != Node::Kind::null)
        read_all(context, documents[0], read);
    if (problems.empty()) {
        settings = std::move(read);
        return {};
    }
    std::string out;
    for (const auto& problem : problems)
        out += (out.empty() ? "" : "\n") + policy::line(problem);
    return std::unexpected(out);
}

std::expected<void, std::string> read_config(const std::string& file, Settings& settings) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return std::unexpected(
            fmt::format("{}: cannot be read ({}); name another file with --config", file,
                        std::strerror(errno)));
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (text.size() > largest_config)
        return std::unexpected(file + ": larger than 1 MiB; that is no configuration");
    return apply_config(text, file, settings);
}

std::vector<std::string> own_names() {
    std::vector<std::string> out;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) == 0) {
        const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(list, freeifaddrs);
        for (const auto* at = list; at; at = at->ifa_next) {
            const bool ip = at->ifa_addr && (at->ifa_addr->sa_family == AF_INET ||
                                             at->ifa_addr->sa_family == AF_INET6);
            if (ip && (at->ifa_flags & IFF_UP) && !(at->ifa_flags & IFF_LOOPBACK))
                if (auto text = text_of(*at->ifa_addr); !text.empty())
                    out.push_back(std::move(text));
        }
    }
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) == 0 && pki::is_dns_name(host.data()) &&
        std::string_view(host.data()) != "localhost")
        out.emplace_back(host.data());
    for (const char* local : {"127.0.0.1", "::1", "localhost"})
        out.emplace_back(local);
    return out;
}

} // namespace ringwall::app
