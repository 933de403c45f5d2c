// What the controller knows, as the JSON that the API gives. Secrets are left out here. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "control/core/controller.h"

namespace ringwall::api {

// The same text where it is UTF-8; else with "?" in the place of every other byte.
std::string clean(std::string_view text);
// A list of them.
boost::json::array texts(const auto& items) {
    boost::json::array out;
    for (const auto& item : items)
        out.emplace_back(clean(item));
    return out;
}

// Of 4 or 16 bytes; of others "".
std::string bytes_as_address(std::string_view bytes);

boost::json::object to_json(const core::Fault& fault);
boost::json::array to_json(const std::vector<core::Fault>& faults);
boost::json::object to_json(const store::Version& version, std::uint64_t active);
boost::json::object to_json(const core::ProvisionPlan& plan, std::optional<std::uint64_t> version);
boost::json::object rollout_json(const core::RolloutState& rollout);
boost::json::object to_json(const store::AuditRecord& record);
boost::json::object to_json(const core::Agent& agent);
boost::json::object to_json(const v1::HostReport& report);

// The document that a client may see.
boost::json::object shown(const store::Object& object);
// "RuleSet" for "rule_set"; the word itself for what has no documents.
std::string kind_word(std::string_view store_kind);
store::Outcome outcome_of(const store::ObjectChange& change);

// What differs between two bodies of an object, as pointers into its document. Absent: not there.
boost::json::array differences(const std::string& kind, const std::optional<std::string>& before,
                               const std::optional<std::string>& after);

} // namespace ringwall::api
