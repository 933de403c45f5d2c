// Lists of the API, all their pages.
#pragma once

#include <functional>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "control/client/client.h"

namespace ringwall::client {

// Pages of 1000 unless the query says a limit. Items page by page until there is no next one, or
// the sink gives false. malformed for an answer that is no list, or a cursor that does not move.
Result<void> each_page(Client& client, std::string_view path, Query query,
                       const std::function<bool(boost::json::array)>& sink);

// The first answer with the items of all; what else an answer says is that of the first.
Result<boost::json::object> pages_as_one(Client& client, std::string_view path, Query query = {});

} // namespace ringwall::client
