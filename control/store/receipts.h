// Answers to requests with an idempotency key. Private to the store; throws Failure.
#pragma once

#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "control/store/connection.h"

namespace ringwall::store {

class Receipts {
  public:
    explicit Receipts(Connection& connection) : connection_(connection) {}

    // The answer to the same request before, if it had this key. `request` is its content, without
    // author. Another content under the same key is refused.
    std::optional<boost::json::value> find(const Author& by, const std::string& request);
    // Nothing where the request has no key. Forgets keys that are older than a day.
    void keep(const Author& by, const std::string& request, const boost::json::value& answer);

  private:
    Connection& connection_;
};

} // namespace ringwall::store
