// A policy as the documents a person would write, and a flow in words: for reports, and so that
// every random policy passes through the product's own reader.
#pragma once

#include <string>

#include "tests/oracle/evaluate.h"

namespace ringwall::oracle {

std::string yaml(const model::Policy& policy);
std::string words(const model::Policy& policy, const Flow& flow);

} // namespace ringwall::oracle
