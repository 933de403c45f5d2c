// Small things in the form that snapshots carry.
#pragma once

#include <string>

#include "common/ip.h"
#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

std::string wire(const Address& address); // 4 or 16 bytes
v1::Mode wire(model::Mode mode);
v1::AddressList wire(const model::AddressList& list);

} // namespace ringwall::compute
