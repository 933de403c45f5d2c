#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "control/core/enrolment.h"

namespace ringwall::core {

namespace json = boost::json;

std::string to_json(const AgentRecord& record) {
    json::object certificates;
    for (const auto& [serial, end] : record.certificates)
        certificates[serial] = end;
    return json::serialize(json::object{{"machine_id", record.machine_id},
                                        {"profile", record.profile},
                                        {"paired_ns", record.paired_ns},
                                        {"follows_addresses", record.follows_addresses},
                                        {"certificates", std::move(certificates)},
                                        {"revoked", record.revoked}});
}

Result<AgentRecord> parse_record(const std::string& text) try {
    const auto value = json::parse(text);
    AgentRecord out;
    out.machine_id = json::value_to<std::string>(value.at("machine_id"));
    out.profile = json::value_to<std::string>(value.at("profile"));
    out.paired_ns = value.at("paired_ns").to_number<std::int64_t>();
    out.follows_addresses = value.at("follows_addresses").as_bool();
    for (const auto& one : value.at("certificates").as_object())
        out.certificates[one.key()] = one.value().to_number<std::int64_t>();
    out.revoked = json::value_to<std::string>(value.at("revoked"));
    return out;
} catch (const std::exception& error) { // only a damaged store comes here
    return std::unexpected(
        Error{Errc::io, std::string("the record of an agent cannot be read: ") + error.what(), {}});
}

} // namespace ringwall::core
