// Mistakes that a compute, a compile or a kernel could make, planted between two stages. The oracle
// must find each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "control/model/model.h"
#include "control/proto/policy.pb.h"
#include "loader/datapath.h"

namespace ringwall::oracle {

struct Fault {
    std::string name;
    std::function<void(model::Policy&)> policy = {}; // before compute
    std::function<void(v1::Snapshot&, const model::Policy&, const std::string& host)> snapshot = {};
    std::function<void(loader::Delta&)> rows = {}; // after compile
    bool maybe_is_sure = false;                    // while deciding
};

const std::vector<Fault>& faults();

} // namespace ringwall::oracle
