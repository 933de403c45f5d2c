// One document -> one object of the model, added to the policy.
#pragma once

#include "control/model/model.h"
#include "control/policy/fields.h"

namespace ringwall::policy {

// Reports what is wrong with the document. Where the name can be read the object is added even so,
// so that references to it are not reported as well.
void read_document(Context& context, const Node& document, model::Policy& policy);

// Of selectors.cpp.
std::optional<model::LabelSelector> label_selector(Context& context, const Node& node,
                                                   const std::string& what);
std::optional<model::Selector> selector(Context& context, const Node& node, bool source);
model::Labels one_value_labels(Context& context, const Node& node, const std::string& what,
                               const std::string& several_values_cure);

// Of rules.cpp.
model::RuleSet rule_set(Context& context, const Node& spec);

} // namespace ringwall::policy
