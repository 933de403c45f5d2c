// Texts of objects, each kept once under its SHA-256. Private to the store; throws Failure.
#pragma once

#include <string>

#include "control/store/connection.h"

namespace ringwall::store {

struct Body {
    std::int64_t id = 0; // in table body
    Digest digest{};
};

class Bodies {
  public:
    explicit Bodies(Connection& connection) : connection_(connection) {}

    Body keep(const std::string& text); // inside the caller's transaction
    Body at(std::int64_t id);
    std::string text(std::int64_t id);

  private:
    Connection& connection_;
};

// The text in a column, compared with the digest in another: bits that rot on the disk are found
// before anybody acts on them.
std::string checked_text(const Connection& connection, const Query& row, int text, int digest);

} // namespace ringwall::store
