#include "control/api/impact_row.h"

#include <boost/json/array.hpp>

#include "agent/flow_text.h"
#include "common/ip.h"
#include "common/time.h"
#include "control/api/render.h"
#include "control/api/wire_json.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

json::array texts(const auto& values) {
    json::array out;
    for (const auto& value : values)
        out.emplace_back(clean(value));
    return out;
}

json::object to_value(const model::Labels& labels) {
    json::object out;
    for (const auto& [key, value] : labels)
        out[key] = value;
    return out;
}

json::object peer_of(const core::Controller& controller, const v1::ImpactRow& row) {
    json::object out{{"address", bytes_as_address(row.peer())}};
    put(out, "workload", controller.workload_at(row.peer()));
    json::array identities;
    for (const auto number : row.peer_identities())
        if (const auto* key = controller.identity_key(number))
            identities.push_back(to_value(key->labels));
    if (!identities.empty())
        out["labels"] = std::move(identities);
    if (!row.peer_lists().empty())
        out["lists"] = texts(row.peer_lists());
    return out;
}

} // namespace

const char* change_word(const v1::ImpactRow& row) {
    return row.allows() ? "newly-allowed" : "newly-blocked";
}

json::object to_json(const core::Controller& controller, const core::ImpactSum& sum,
                     const model::Labels& labels) {
    const auto& row = sum.row;
    json::object out{
        {"id", sum.id},
        {"change", change_word(row)},
        {"subject", {{"workload", clean(row.subject())}, {"labels", to_value(labels)}}},
        {"direction", row.direction() == v1::INBOUND ? "inbound" : "outbound"},
        {"peer", peer_of(controller, row)},
        {"protocol", agent::protocol_name(static_cast<std::uint8_t>(row.protocol()))},
        {"draft", {{"reason", clean(row.reason())}, {"rules", texts(row.rules())}}},
        {"active", {{"reason", clean(row.active_reason())}, {"rules", texts(row.active_rules())}}},
        {"count", row.count()},
        {"first", rfc3339(row.first_ns())},
        {"last", rfc3339(row.last_ns())},
        {"agents", texts(sum.agents)}};
    put_service(out, row.protocol(), row.port());
    if (auto process = process_json(row.process(), row.unresolved()); !process.empty())
        out["process"] = std::move(process);
    return out;
}

} // namespace ringwall::api
