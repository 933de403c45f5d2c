#include "agent/options.h"

#include <array>
#include <bit>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

#include "agent/flow_text.h"
#include "common/protocol.h"

namespace ringwall::agent {
namespace {

using Wanted = std::optional<std::string>; // nullopt: the value was good
const Wanted good = std::nullopt;

template <std::string Options::* member>
Wanted text(Options& options, const std::string& value) {
    if (value.empty())
        return "a value that is not empty";
    options.*member = value;
    return good;
}

template <bool Options::* member>
Wanted flag(Options& options, const std::string& value) {
    if (value != "true" && value != "false")
        return "true or false";
    options.*member = value == "true";
    return good;
}

Wanted number(const std::string& value, std::uint32_t least, std::uint32_t most,
              std::uint32_t& out) {
    std::uint32_t read = 0;
    const auto end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, read);
    if (error != std::errc{} || stop != end || read < least || read > most)
        return fmt::format("a number from {} to {}", least, most);
    out = read;
    return good;
}

template <std::uint32_t loader::Limits::* member, std::uint32_t most>
Wanted limit(Options& options, const std::string& value) {
    return number(value, 16, most, options.limits.*member);
}

Wanted ring_bytes(Options& options, const std::string& value) {
    std::uint32_t bytes = 0;
    const auto wanted = "a power of two from 65536 to 1073741824";
    if (number(value, 65536, 1u << 30, bytes) || !std::has_single_bit(bytes))
        return wanted;
    options.limits.ring_bytes = bytes;
    return good;
}

Wanted recent_flows(Options& options, const std::string& value) {
    return number(value, 16, 1'000'000, options.recent_flows);
}

Wanted on_stop(Options& options, const std::string& value) {
    if (value != "keep" && value != "detach")
        return "keep or detach";
    options.on_stop = value == "keep" ? OnStop::keep : OnStop::detach;
    return good;
}

Wanted mode(Options& options, const std::string& value) {
    for (auto each :
         {model::Mode::idle, model::Mode::visibility, model::Mode::selective, model::Mode::full})
        if (value == model::name(each)) {
            options.mode = each;
            return good;
        }
    return "idle, visibility, selective or full";
}

Wanted refuse_connect(Options& options, const std::string& value) {
    if (value != "auto" && value != "on" && value != "off")
        return "auto, on or off";
    options.refuse_connect = value == "auto" ? Refuse::automatic
                             : value == "on" ? Refuse::on
                                             : Refuse::off;
    return good;
}

Wanted service_range(Options& options, const std::string& value) {
    const auto prefix = Prefix::parse(value);
    if (!prefix)
        return "a CIDR such as 10.96.0.0/12";
    options.service_ranges.push_back(*prefix);
    return good;
}

Wanted failsafe(Options& options, const std::string& value) {
    const auto rule = parse_failsafe(value);
    if (!rule)
        return "DIRECTION PROTOCOL [PORT] [PEER...], for example 'in tcp 22 10.0.0.0/8'";
    options.failsafe.push_back(*rule);
    return good;
}

bool parse_ports(std::string_view text, Failsafe& rule) {
    const auto dash = text.find('-');
    const auto read = [](std::string_view part, std::uint16_t& out) {
        const auto end = part.data() + part.size();
        const auto [stop, error] = std::from_chars(part.data(), end, out);
        return error == std::errc{} && stop == end && out != 0;
    };
    if (!read(text.substr(0, dash), rule.first_port))
        return false;
    rule.last_port = rule.first_port;
    return dash == text.npos ||
           (read(text.substr(dash + 1), rule.last_port) && rule.first_port <= rule.last_port);
}

Wanted log_level(Options& options, const std::string& value) {
    for (const char* each : {"trace", "debug", "info", "warning", "error", "critical"})
        if (value == each) {
            options.log_level = value;
            return good;
        }
    return "trace, debug, info, warning, error or critical";
}

Wanted metrics_listen(Options& options, const std::string& value) {
    const auto colon = value.rfind(':');
    std::uint32_t port = 0;
    auto host = colon == value.npos ? std::string{} : value.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (!Address::parse(host) || number(value.substr(colon + 1), 0, 65535, port))
        return "ADDRESS:PORT, for example 127.0.0.1:9464 or [::1]:9464";
    options.metrics_listen = value;
    return good;
}

using L = loader::Limits;
constexpr std::array table{
    Setting{"policy", "PATH", "policy to enforce: a YAML file or a directory of them; needs --as",
            false, text<&Options::policy>},
    Setting{"as", "WORKLOAD", "which workload of the policy this host is", false,
            text<&Options::as>},
    Setting{"snapshot", "FILE", "enforce a compiled snapshot instead (see 'ringwall snapshot')",
            false, text<&Options::snapshot>},
    Setting{"controller", "true|false",
            "enforce what the controller gives; default where this host is paired and no policy is "
            "given",
            false, flag<&Options::controller>},
    Setting{"cgroup", "DIR", "cgroup v2 directory to attach to; default: the whole host", false,
            text<&Options::cgroup>},
    Setting{"pin-dir", "DIR", "directory on bpffs, owned by one agent", false,
            text<&Options::pin_dir>},
    Setting{"state-dir", "DIR", "keeps the last good policy, and who this host is", false,
            text<&Options::state_dir>},
    Setting{"socket", "PATH", "local socket for the ringwall command", false,
            text<&Options::socket>},
    Setting{"socket-group", "GROUP", "group that may use the socket; default: root only", false,
            text<&Options::socket_group>},
    Setting{"flow-log", "FILE", "append flows as JSON lines; reopened on SIGHUP", false,
            text<&Options::flow_log>},
    Setting{"metrics-listen", "ADDRESS:PORT", "serve Prometheus metrics over HTTP", false,
            metrics_listen},
    Setting{"on-stop", "keep|detach", "on SIGTERM: leave enforcement in the kernel, or remove it",
            false, on_stop},
    Setting{"loopback-events", "true|false", "also report flows over loopback", false,
            flag<&Options::loopback_events>},
    Setting{"mode", "MODE", "mode of this host, whatever the policy says", false, mode},
    Setting{"failsafe", "RULE", "traffic that no policy can cut, e.g. 'in tcp 22 10.0.0.0/8'", true,
            failsafe},
    Setting{"units-below-cgroup", "true|false",
            "a unit is the cgroup of that name below --cgroup (test hosts)", false,
            flag<&Options::units_below_cgroup>},
    Setting{"refuse-connect", "auto|on|off",
            "refuse denied connects at once; auto: unless this host translates addresses", false,
            refuse_connect},
    Setting{"service-range", "CIDR", "translated addresses, never refused at connect", true,
            service_range},
    Setting{"limit-peers", "N", "most peer addresses per family", false,
            limit<&L::peers, 16'000'000>},
    Setting{"limit-prefixes", "N", "most peer prefixes per family", false,
            limit<&L::prefixes, 4'000'000>},
    Setting{"limit-classes", "N", "most peer classes", false, limit<&L::classes, 32'000'000>},
    Setting{"limit-entries", "N", "most policy entries", false, limit<&L::entries, 16'000'000>},
    Setting{"limit-subjects", "N", "most subjects", false, limit<&L::subjects, 65'536>},
    Setting{"ring-bytes", "N", "size of the event ring, a power of two", false, ring_bytes},
    Setting{"recent-flows", "N", "flows kept for 'ringwall flows'", false, recent_flows},
    Setting{"log-level", "LEVEL", "trace, debug, info, warning, error or critical", false,
            log_level},
};

} // namespace

std::span<const Setting> settings() {
    return table;
}

std::optional<Failsafe> parse_failsafe(std::string_view text) {
    std::istringstream words{std::string(text)};
    std::string direction, protocol, word;
    words >> direction >> protocol;
    Failsafe rule;
    rule.inbound = direction == "in";
    std::uint8_t number = 0;
    if ((direction != "in" && direction != "out") ||
        (protocol != "any" && !parse_protocol(protocol, number)))
        return std::nullopt;
    if (protocol != "any")
        rule.protocol = number;
    for (bool first = true; words >> word; first = false) {
        if (auto peer = Prefix::parse(word))
            rule.peers.push_back(*peer);
        else if (!first || protocol == "any" || !parse_ports(word, rule))
            return std::nullopt;
    }
    return rule;
}

std::expected<void, OptionsError> apply_setting(const Setting& setting, const std::string& value,
                                                const std::string& origin, Options& options) {
    if (auto wanted = setting.set(options, value))
        return std::unexpected(OptionsError{
            OptionsErrc::bad_value, fmt::format("{}: '{}' is not a valid value of {}: write {}",
                                                origin, value, setting.name, *wanted)});
    return {};
}

std::expected<void, OptionsError> read_config(const std::string& file, Options& options) {
    std::ifstream in(file);
    std::string content((std::istreambuf_iterator<char>(in)), {});
    if (!in.good() && !in.eof())
        return std::unexpected(OptionsError{
            OptionsErrc::unreadable,
            fmt::format("{}: the configuration cannot be read: check the path and its mode",
                        file)});
    return apply_config(content, file, options);
}

std::expected<void, OptionsError> check(const Options& options) {
    const auto missing = [](std::string message) {
        return std::unexpected(OptionsError{OptionsErrc::missing, std::move(message)});
    };
    if (!options.policy.empty() && !options.snapshot.empty())
        return missing("give --policy or --snapshot, not both");
    if (options.controller && !(options.policy.empty() && options.snapshot.empty()))
        return missing("give --controller, or --policy or --snapshot, not both");
    if (!options.controller && options.policy.empty() && options.snapshot.empty())
        return missing("give the policy: --policy PATH --as WORKLOAD, or --snapshot FILE; or pair "
                       "this host with a controller: ringwall-agent pair LINE");
    if (!options.policy.empty() && options.as.empty())
        return missing("--policy needs --as WORKLOAD: which workload of the policy this host is");
    if (!options.snapshot.empty() && !options.as.empty())
        return missing("--as belongs to --policy; a snapshot already names its workload");
    return {};
}

} // namespace ringwall::agent
