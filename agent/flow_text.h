// Text forms of a flow: one JSON line (stable schema, see docs/agent.md) and small words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/flows.h"

namespace ringwall::agent {

// Appends one JSON object without a line end. Every string is escaped, every id above 2^53 a
// string.
void append_json(std::string& out, const Flow& flow);
// {"lost":{"kernel":N,"reader":M}}: what the stream could not carry.
std::string lost_json(std::uint64_t kernel, std::uint64_t reader);

std::string flow_id(std::uint64_t id); // 16 hex digits
bool parse_flow_id(std::string_view text, std::uint64_t& id);
// 2026-01-02T03:04:05.678901Z
std::string rfc3339(std::int64_t ns_since_1970);
const char* direction_name(loader::Direction direction);
const char* kind_name(loader::EventKind kind);
const char* verdict_name(loader::Verdict verdict);
std::string quoted(std::string_view text); // as a JSON string

// Members of the two halves, made once per party or program and reused by append_json.
std::string party_json(const Party& party);
std::string program_json(const Program& program);
std::string decision_json(const Decision& decision);

} // namespace ringwall::agent
