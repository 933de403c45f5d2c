// The local API's requests as values: one JSON object per line. Pure. See docs/agent.md.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "agent/filter.h"
#include "common/error.h"

namespace ringwall::agent {

enum class ApiErrc { bad_request, not_found, failed };
using ApiError = BasicError<ApiErrc>;

constexpr std::size_t max_request_bytes = 64 * 1024;
constexpr std::uint32_t max_pause_seconds = 24 * 3600;

struct FlowQuery {
    FlowFilter filter;
    bool follow = false;
    std::size_t last = 0; // 0: all that are kept; with follow: how many old ones come first
};

// A flow that may not have happened. Exactly one of the two forms.
struct WhyQuery {
    std::optional<std::uint64_t> flow; // a recorded one
    std::string from, to;              // workload name or address
    std::uint8_t protocol = 0;
    std::uint16_t port = 0; // ICMP: type << 8 | code
    bool any_port = true;
    std::string path, unit, container, user, group, sha256; // the local process, as far as known
};

struct Request {
    enum class Do {
        status,
        flows,
        why,
        policy,
        snapshot,
        pause,
        resume,
        detach,
        sysdump,
        counters
    };
    Do what = Do::status;
    FlowQuery flows;
    WhyQuery why;
    std::uint32_t pause_seconds = 0;
    std::string workload; // policy: one subject only
};

std::expected<Request, ApiError> parse_request(std::string_view line);
// {"error": "...", "code": "..."}
std::string error_json(const ApiError& error);
const char* name(ApiErrc code);

} // namespace ringwall::agent
