// Objects as text that is equal exactly when they mean the same; where they stood is left out.
#pragma once

#include <string>
#include <vector>

#include "control/model/model.h"

namespace ringwall::compute {

std::string text(const model::Selector& selector, const model::Scope* scope); // without process
std::string text(const std::vector<model::Scope>& scopes);
std::string text(const model::Rule& rule);
std::string text(const model::Service& service);
std::string text(const model::LabelGroup& group);
std::string text(const model::AddressList& list);

} // namespace ringwall::compute
