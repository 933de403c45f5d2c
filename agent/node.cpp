#include "agent/node.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace ringwall::agent {
namespace {

// As systemd's unit_name_escape(): what may not stand in a slice's name component.
std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == ':' || c == '_' || c == '.';
        if (c == '/')
            out += '-';
        else if (plain && !(c == '.' && out.empty()))
            out += c;
        else
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

} // namespace

std::string unit_cgroup(std::string_view unit, const NodeContext& node) {
    if (unit.find('/') != std::string_view::npos)
        return std::string(unit);
    if (node.flat_units)
        return fmt::format("{}/{}", node.unit_root, unit);
    const auto at = unit.find('@');
    if (at == std::string_view::npos || at == 0)
        return fmt::format("{}/system.slice/{}", node.unit_root, unit);
    return fmt::format("{}/system.slice/system-{}.slice/{}", node.unit_root,
                       escape(unit.substr(0, at)), unit);
}

std::optional<std::uint64_t> digest_id(std::string_view hex) {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (hex.size() != 64 || !std::ranges::all_of(hex, is_digit))
        return std::nullopt;
    std::uint64_t id = 0;
    std::from_chars(hex.data(), hex.data() + 16, id, 16);
    return id == 0 ? 1 : id;
}

} // namespace ringwall::agent
