#include "control/pki/pairing_line.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "common/ip.h"
#include "common/pki/digest.h"
#include "control/pki/identity.h"

namespace ringwall::pki {
namespace {

constexpr std::string_view family = "rwpair";
constexpr std::string_view version = "1";
constexpr std::array<std::string_view, 6> fields{"host", "port", "ca", "signer", "token", "check"};
constexpr std::size_t longest = 1024;
constexpr std::size_t check_digits = 8;
constexpr const char* print_again = "print a new one with 'ringwall pair' on the controller";

std::string check_of(std::string_view before) {
    return sha256_hex(before).substr(0, check_digits);
}

std::expected<void, LineError> check_head(std::string_view head) {
    if (!head.starts_with(family))
        return fail(LineErrc::not_a_line,
                    fmt::format("this is not a pairing line: one begins with \"{}{},\"; {}", family,
                                version, print_again));
    if (head.substr(family.size()) != version)
        return fail(
            LineErrc::version,
            fmt::format("this pairing line has version \"{}\", this agent knows version {}; "
                        "install the agent that came with the controller",
                        head.substr(family.size()), version));
    return {};
}

std::expected<void, LineError> check_text(std::string_view text) {
    if (text.size() > longest)
        return fail(LineErrc::not_a_line, fmt::format("{} bytes are no pairing line, which has at "
                                                      "most {}; paste the line alone",
                                                      text.size(), longest));
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] <= ' ' || text[i] > '~')
            return fail(LineErrc::field,
                        fmt::format("character {} of the pairing line is a space, a line break or "
                                    "not ASCII; paste it without breaks",
                                    i + 1));
    return {};
}

// Takes what stands before the next comma off `rest`.
std::string_view next(std::string_view& rest) {
    const auto comma = rest.find(',');
    const auto out = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
    return out;
}

std::expected<std::string_view, LineError> value_of(std::string_view part, std::string_view field) {
    if (part.empty())
        return fail(LineErrc::cut,
                    fmt::format("the pairing line ends before \"{}=\"; it was cut in "
                                "copying: paste the whole line",
                                field));
    const auto equals = part.find('=');
    if (part.substr(0, equals) != field || equals == part.npos)
        return fail(LineErrc::field,
                    fmt::format("the pairing line has \"{}\" where \"{}=\" belongs; paste it as it "
                                "was printed",
                                part.substr(0, std::min(equals, std::size_t{16})), field));
    return part.substr(equals + 1);
}

std::expected<void, LineError> check_host(std::string_view host) {
    const auto address = Address::parse(host);
    if (address ? address->text() == host : is_dns_name(host))
        return {};
    return fail(LineErrc::field,
                fmt::format("the pairing line names the controller \"{}\", which is neither an IP "
                            "address nor a DNS name in lower case; {}",
                            host, print_again));
}

std::expected<std::uint16_t, LineError> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error == std::errc() && end == text.data() + text.size() && port && text.front() != '0')
        return port;
    return fail(LineErrc::field, fmt::format("the pairing line's port is \"{}\", not a number from "
                                             "1 to 65535; {}",
                                             text, print_again));
}

std::expected<void, LineError> check_hex(std::string_view field, std::string_view value,
                                         std::size_t digits) {
    if (is_hex(value, digits))
        return {};
    const bool cut = field == fields.back() && value.size() < digits;
    return fail(cut ? LineErrc::cut : LineErrc::field,
                fmt::format("\"{}=\" of the pairing line has {} characters, it needs exactly {} of "
                            "0-9 and a-f; paste it as it was printed",
                            field, value.size(), digits));
}

std::expected<void, LineError> check_values(const std::array<std::string_view, 6>& values) {
    if (auto host = check_host(values[0]); !host)
        return host;
    if (auto port = port_of(values[1]); !port)
        return std::unexpected(port.error());
    for (std::size_t i = 2; i < values.size(); ++i)
        if (auto checked = check_hex(fields[i], values[i], i < 5 ? 64 : check_digits); !checked)
            return checked;
    return {};
}

} // namespace

std::string format_line(const PairingLine& line) {
    const auto before =
        fmt::format("{}{},host={},port={},ca={},signer={},token={}", family, version, line.host,
                    line.port, line.ca, line.signer, line.token);
    return before + ",check=" + check_of(before);
}

std::expected<PairingLine, LineError> parse_line(std::string_view text) {
    std::string_view rest = text;
    if (auto checked = check_text(text); !checked)
        return std::unexpected(checked.error());
    if (auto checked = check_head(next(rest)); !checked)
        return std::unexpected(checked.error());
    std::array<std::string_view, 6> values;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool last = i + 1 == fields.size();
        const auto value = value_of(last ? rest : next(rest), fields[i]);
        if (!value)
            return std::unexpected(value.error());
        values[i] = *value;
    }
    if (auto checked = check_values(values); !checked)
        return std::unexpected(checked.error());
    const auto before = text.substr(0, text.rfind(','));
    if (check_of(before) != values[5])
        return fail(
            LineErrc::damaged,
            fmt::format("the check digits of the pairing line do not fit: it was altered in "
                        "copying; paste it again, or {}",
                        print_again));
    return PairingLine{std::string(values[0]), *port_of(values[1]), std::string(values[2]),
                       std::string(values[3]), std::string(values[4])};
}

} // namespace ringwall::pki
