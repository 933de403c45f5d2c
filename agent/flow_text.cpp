#include "agent/flow_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/protocol.h"

namespace ringwall::agent {
namespace {

template <typename... Args>
void put(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

template <typename Range>
std::string array(const Range& range) {
    std::string out = "[";
    for (const auto& item : range) {
        if (out.size() > 1)
            out += ',';
        out += quoted(item);
    }
    return out + "]";
}

// The process stands on the local side only: nobody here can know the other one.
void append_end(std::string& out, const Flow& flow, bool source) {
    const bool local = source == flow.outward();
    const auto& event = flow.event;
    put(out, R"("{}":{{"address":"{}")", source ? "source" : "destination",
        (local ? event.local : event.peer).text());
    if (!flow.icmp())
        put(out, R"(,"port":{})", local ? event.local_port : event.peer_port);
    out += (local ? flow.local : flow.peer)->json;
    if (local) {
        put(out, R"(,"process":{{"pid":{},"user":{})", event.pid, quoted(*flow.user));
        out += flow.program->json;
        out += '}';
    }
    out += '}';
}

void append_counts(std::string& out, const Flow& flow) {
    const auto& e = flow.event;
    const bool outward = flow.outward();
    put(out,
        R"("bytes":{{"to_destination":{},"to_source":{}}},"packets":{{"to_destination":{},"to_source":{}}})",
        outward ? e.out_bytes : e.in_bytes, outward ? e.in_bytes : e.out_bytes,
        outward ? e.out_packets : e.in_packets, outward ? e.in_packets : e.out_packets);
    if (e.srtt_us)
        put(out, R"(,"rtt_us":{})", e.srtt_us);
    if (e.retransmits)
        put(out, R"(,"retransmits":{})", e.retransmits);
    if (const auto failure = failure_of(e); failure != Failure::none)
        put(out, R"(,"failed":"{}")", name(failure));
}

// Bytes of the well-formed UTF-8 character at the front (Unicode, table 3-7); 0: there is none.
std::size_t character_length(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto first = at(0), second = at(1);
    const auto tail = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first < 0xf0) { // neither overlong nor a surrogate
        const bool fits = first == 0xe0 ? second >= 0xa0 : first != 0xed || second < 0xa0;
        return fits && tail(1) && tail(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first < 0xf5) { // neither overlong nor above U+10FFFF
        const bool fits = first == 0xf0 ? second >= 0x90 : first != 0xf4 || second < 0x90;
        return fits && tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

std::string quoted(std::string_view text) {
    // Names come from the kernel and from users: what is not UTF-8 must not break the line.
    std::string clean;
    clean.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto length = character_length(text.substr(i));
        if (length)
            clean += text.substr(i, length);
        else
            put(clean, "\\x{:02x}", static_cast<unsigned char>(text[i]));
        i += std::max<std::size_t>(length, 1);
    }
    return boost::json::serialize(boost::json::string_view(clean.data(), clean.size()));
}

std::string party_json(const Party& party) {
    std::string out;
    if (!party.workload.empty())
        put(out, R"(,"workload":{})", quoted(party.workload));
    if (!party.labels.empty()) {
        out += R"(,"labels":{)";
        for (bool first = true; const auto& [key, value] : party.labels) {
            put(out, "{}{}:{}", first ? "" : ",", quoted(key), quoted(value));
            first = false;
        }
        out += '}';
    }
    if (!party.lists.empty())
        put(out, R"(,"lists":{})", array(party.lists));
    if (auto words = context(party); !words.empty())
        put(out, R"(,"context":{})", quoted(words));
    return out;
}

std::string program_json(const Program& program) {
    std::string out;
    put(out, R"(,"shown":{})", quoted(shown(program)));
    const std::pair<const char*, const std::string&> parts[]{{"path", program.path},
                                                             {"unit", program.unit},
                                                             {"service", program.service},
                                                             {"container", program.container},
                                                             {"unresolved", program.unresolved}};
    for (const auto& [name, value] : parts)
        if (!value.empty())
            put(out, R"(,"{}":{})", name, quoted(value));
    if (program.deleted)
        out += R"(,"deleted":true)";
    return out;
}

std::string decision_json(const Decision& decision) {
    return fmt::format(R"(,"reason":{},"rules":{})", quoted(decision.reason),
                       array(decision.rules));
}

void append_json(std::string& out, const Flow& flow) {
    const auto& e = flow.event;
    put(out, R"({{"id":"{}","kind":"{}","time":"{}","started":"{}")", flow_id(flow.id),
        kind_name(e.kind), rfc3339(flow.wall_ns), rfc3339(flow.began_ns));
    put(out, R"(,"verdict":"{}")", verdict_name(e.verdict));
    out += flow.decision->json;
    put(out, R"(,"direction":"{}","protocol":"{}")", direction_name(e.direction),
        protocol_name(e.protocol));
    if (flow.icmp())
        put(out, R"(,"icmp":{{"type":{},"code":{}}},)", e.peer_port >> 8, e.peer_port & 0xff);
    else
        put(out, R"(,"port":{},)", flow.port());
    append_end(out, flow, true);
    out += ',';
    append_end(out, flow, false);
    out += ',';
    append_counts(out, flow);
    if (e.kind == loader::EventKind::deny)
        put(out, R"(,"count":{},"total":{})", e.count, flow.total);
    put(out, R"(,"subject":{},"policy_version":{},"cookie":"{}")", quoted(flow.local->workload),
        flow.version, e.cookie);
    if (e.refused)
        out += R"(,"refused":true)";
    if (e.revoked)
        out += R"(,"revoked":true)";
    out += '}';
}

std::string lost_json(std::uint64_t kernel, std::uint64_t reader) {
    return fmt::format(R"({{"lost":{{"kernel":{},"reader":{}}}}})", kernel, reader);
}

std::string flow_id(std::uint64_t id) {
    return fmt::format("{:016x}", id);
}

bool parse_flow_id(std::string_view text, std::uint64_t& id) {
    const auto end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, id, 16);
    return text.size() == 16 && error == std::errc{} && stop == end;
}

std::string rfc3339(std::int64_t ns_since_1970) {
    // Rounded down by hand: chrono's floor() overflows at the ends of the range.
    constexpr std::int64_t second_ns = 1'000'000'000;
    const std::int64_t rest = ns_since_1970 % second_ns;
    const std::int64_t seconds = ns_since_1970 / second_ns - (rest < 0);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds),
                       (rest < 0 ? rest + second_ns : rest) / 1000);
}

const char* direction_name(loader::Direction direction) {
    switch (direction) {
    case loader::Direction::outbound:
        return "outbound";
    case loader::Direction::inbound:
        return "inbound";
    case loader::Direction::none:
        break;
    }
    return "unknown";
}

const char* verdict_name(loader::Verdict verdict) {
    switch (verdict) {
    case loader::Verdict::none:
        return "none";
    case loader::Verdict::allowed:
        return "allowed";
    case loader::Verdict::would_block:
        return "would-block";
    case loader::Verdict::unmatched:
        return "unmatched";
    case loader::Verdict::blocked:
        return "blocked";
    }
    return "unknown";
}

const char* kind_name(loader::EventKind kind) {
    switch (kind) {
    case loader::EventKind::start:
        return "start";
    case loader::EventKind::update:
        return "update";
    case loader::EventKind::end:
        return "end";
    case loader::EventKind::deny:
        return "deny";
    case loader::EventKind::exe:
        return "exe";
    }
    return "unknown";
}

} // namespace ringwall::agent
