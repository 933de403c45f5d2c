// Objects as documents: the form of docs/policy.md as JSON, which the API takes and gives. The
// store keeps `spec` as the body. Pure.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "control/core/error.h"
#include "control/model/model.h"
#include "control/model/problem.h"

namespace ringwall::core {

struct KindInfo {
    std::string_view store;    // "rule_set"
    std::string_view document; // "RuleSet"
    std::string_view path;     // "rule-sets", of the API
    bool provisioned;          // acts when it is part of a version; else at once
    bool policy;               // part of model::Policy: may be written as YAML and applied
};
// Workload, Service, AddressList, LabelGroup, RuleSet, PairingProfile, User, Token, Agent.
std::span<const KindInfo> kinds();
const KindInfo* kind_of_store(std::string_view kind);
const KindInfo* kind_of_document(std::string_view kind);
const KindInfo* kind_of_path(std::string_view path);

// {"apiVersion": "ringwall/v1", "kind": ..., "metadata": {"name": ..., "revision": 17,
// "created": RFC 3339, "changed": RFC 3339}, "spec": {...}}
boost::json::object document(const store::Object& object);
boost::json::object document(const store::ObjectId& id, const std::string& body);

// What a document asks for: its name, body and, where metadata.revision is given, the expected
// revision. Checks the form of the object alone. Policy kinds only.
std::expected<store::Edit, std::vector<Fault>> edit_of(const boost::json::value& document);

struct Body {
    store::ObjectId id;
    std::string spec; // JSON
};
// The model of these objects, each checked for its own form. What must hold between them is
// model::validate()'s.
std::expected<model::Policy, std::vector<Fault>> model_of(const std::vector<Body>& objects);

// Places of such a model name the object and the field.
Fault fault_at(std::string_view place, std::string sentence);
std::vector<Fault> faults_of(const std::vector<model::Problem>& problems);

} // namespace ringwall::core
