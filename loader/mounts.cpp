#include "loader/mounts.h"

#include <charconv>
#include <vector>

namespace ringwall::loader {
namespace {

template <typename T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string_view take(std::string_view& rest, char until) {
    const auto at = rest.find(until);
    const auto head = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return head;
}

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

// Blanks, tabs, line ends and backslashes stand as \040 and so on.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                     (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::optional<std::uint32_t> device_of(std::string_view text) {
    const auto major = number<std::uint32_t>(take(text, ':'));
    const auto minor = number<std::uint32_t>(text);
    if (!major || !minor)
        return std::nullopt;
    return *major << 20 | *minor;
}

void add_line(Mounts& mounts, std::string_view line) {
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos)
        return;
    auto tail = line.substr(dash + 3);
    auto head = line.substr(0, dash);
    const auto id = number<std::uint64_t>(take(head, ' '));
    const auto parent = number<std::uint64_t>(take(head, ' '));
    const auto device = device_of(take(head, ' '));
    if (!id || !parent || !device)
        return;
    const auto root = take(head, ' ');
    const auto point = take(head, ' ');
    mounts[*id] = {*parent, *device, unescaped(root), unescaped(point),
                   std::string(take(tail, ' '))};
}

} // namespace

Mounts parse_mounts(std::string_view mountinfo) {
    Mounts mounts;
    while (!mountinfo.empty())
        add_line(mounts, take(mountinfo, '\n'));
    return mounts;
}

const Mounts::value_type* root_of(const Mounts& mounts, std::uint64_t id) {
    for (std::size_t steps = 0; steps <= mounts.size(); ++steps) {
        const auto found = mounts.find(id);
        if (found == mounts.end())
            return nullptr;
        if (found->second.point == "/")
            return &*found;
        id = found->second.parent;
    }
    return nullptr;
}

} // namespace ringwall::loader
