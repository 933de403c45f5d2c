// Lists of the API, all their pages.
#pragma once

#include <functional>
#include <string>

#include <boost/json/array.hpp>

#include "control/client/client.h"

namespace ringwall::client {

// Items page by page until there is no next one, or the sink gives false. malformed for an answer
// that is no list, or a cursor that does not move.
Result<void> each_page(Client& client, std::string_view path, Query query,
                       const std::function<bool(boost::json::array)>& sink);

Result<boost::json::array> all_pages(Client& client, std::string_view path, Query query = {});

} // namespace ringwall::client
