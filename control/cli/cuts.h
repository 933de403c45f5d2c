// Live connections that a change of mode would end: asked for, and shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "control/cli/output.h"

namespace ringwall::cli {

// The client's end of the SSH session of $SSH_CONNECTION ("CLIENT PORT SERVER PORT") as
// "192.0.2.7:51122"; nullopt: it is none.
std::optional<std::string> ssh_client(std::string_view ssh_connection);

// Of the answer to POST /workloads/cuts.
struct CutTotals {
    std::int64_t total = 0; // connections that would end
    bool yours = false;     // the caller's own is among them
};
CutTotals totals_of(const boost::json::object& cuts);

// Who could not be asked, a count, the caller's own first, a line for each. "": nothing would end
// and all were asked.
std::string cuts_text(const boost::json::object& cuts, const Painter& paint);

} // namespace ringwall::cli
