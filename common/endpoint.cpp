#include "common/endpoint.h"

#include <charconv>

#include <fmt/format.h>

#include "common/ip.h"

namespace ringwall {

std::string Endpoint::text() const {
    return host.find(':') == host.npos ? fmt::format("{}:{}", host, port)
                                       : fmt::format("[{}]:{}", host, port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos || colon == 0)
        return std::nullopt;
    auto host = text.substr(0, colon);
    const auto digits = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    if (bracketed ? !Address::parse(host) : host.find_first_of(":[]") != host.npos)
        return std::nullopt;
    Endpoint out{std::string(host), 0};
    const auto end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, out.port);
    if (error != std::errc{} || stop != end || out.port == 0)
        return std::nullopt;
    return out;
}

} // namespace ringwall
