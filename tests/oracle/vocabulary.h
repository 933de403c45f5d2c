// The small world that random policies are about; small, so that rules meet flows.
#pragma once

#include <string>
#include <vector>

#include "tests/oracle/generate.h"

namespace ringwall::oracle {

struct Key {
    std::string name;
    std::vector<std::string> values;
};

const std::vector<Key>& label_keys();

model::Labels random_labels(Dice& dice);
model::Mode random_mode(Dice& dice);
Address plus(Address address, std::uint64_t count);
// An allow whose process selector nobody can judge is an error: takes the selector out.
void drop_unjudged(model::Policy& policy);

} // namespace ringwall::oracle
