#include "control/api/impact_row.h"

#include <boost/json/value_from.hpp>

#include "common/protocol.h"
#include "common/time.h"
#include "control/api/render.h"
#include "control/api/wire_json.h"

namespace ringwall::api {

namespace json = boost::json;

const char* change_word(const v1::ImpactRow& row) {
    return row.allows() ? "newly-allowed" : "newly-blocked";
}

json::object to_json(const core::Controller& controller, const core::ImpactSum& sum,
                     const model::Labels& labels) {
    const auto& row = sum.row;
    json::object out{
        {"id", sum.id},
        {"change", change_word(row)},
        {"subject", {{"workload", clean(row.subject())}, {"labels", json::value_from(labels)}}},
        {"direction", row.direction() == v1::INBOUND ? "inbound" : "outbound"},
        {"peer", peer_json(controller, row)},
        {"protocol", protocol_name(static_cast<std::uint8_t>(row.protocol()))},
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
