// /metrics, in the text format of Prometheus.
#pragma once

#include <string>

#include "control/api/endpoint.h"

namespace ringwall::api {

std::string metrics_text(const Context& context);

} // namespace ringwall::api
