// What an agent reports of its host, as JSON.
#include <algorithm>

#include "common/address_bytes.h"
#include "common/protocol.h"
#include "common/time.h"
#include "control/api/render.h"
#include "control/api/wire_json.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

std::string mac_text(const std::string& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes.substr(0, 32)) {
        const auto byte = static_cast<unsigned char>(c);
        out += out.empty() ? "" : ":";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

json::object interface(const v1::Interface& given) {
    json::array addresses;
    for (const auto& address : given.addresses())
        addresses.emplace_back(bytes_as_address(address));
    return {{"name", clean(given.name())},
            {"mac", mac_text(given.mac())},
            {"addresses", std::move(addresses)},
            {"up", given.up()}};
}

json::object listener(const v1::Listener& given) {
    json::object out{{"protocol", protocol_name(static_cast<std::uint8_t>(given.protocol()))},
                     {"port", given.port()},
                     {"address", bytes_as_address(given.address())},
                     {"process", process_parts(given.process())}};
    if (!given.package().empty())
        out["package"] = clean(given.package());
    if (!given.subject().empty())
        out["subject"] = clean(given.subject());
    return out;
}

json::object container(const v1::Container& given) {
    json::object labels;
    for (const auto& [key, value] : given.labels())
        labels[clean(key)] = clean(value);
    return {{"id", clean(given.id())},         {"name", clean(given.name())},
            {"image", clean(given.image())},   {"runtime", clean(given.runtime())},
            {"cgroup", clean(given.cgroup())}, {"labels", std::move(labels)}};
}

json::array each(const auto& items, auto form) {
    json::array out;
    for (const auto& item : items)
        out.push_back(form(item));
    return out;
}

} // namespace

std::string bytes_as_address(std::string_view bytes) {
    const auto address = address_from_bytes(bytes);
    return address ? address->text() : "";
}

json::object to_json(const v1::HostReport& report) {
    const auto unit = [](const v1::Unit& given) -> json::object {
        return {{"name", clean(given.name())}, {"state", clean(given.state())}};
    };
    json::object out{{"hostname", clean(report.hostname())},
                     {"os", clean(report.os())},
                     {"kernel", clean(report.kernel())},
                     {"machine_id", clean(report.machine_id())},
                     {"interfaces", each(report.interfaces(), interface)},
                     {"listeners", each(report.listeners(), listener)},
                     {"units", each(report.units(), unit)},
                     {"containers", each(report.containers(), container)}};
    if (report.taken_ns() != 0)
        out["taken"] = rfc3339(report.taken_ns());
    return out;
}

} // namespace ringwall::api
