// The map as those see it who only read: a narrow door, so that any store can stand behind it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "control/flowmap/catalog.h"
#include "control/flowmap/edge.h"
#include "control/flows/row.h"

namespace ringwall::flowmap {

using EdgeNumbers = std::pair<EdgeId, Numbers>;

// What there was in a time.
struct Period {
    std::int64_t since_ns = 0, until_ns = 0; // as asked for, widened to spans that there are
    std::vector<EdgeNumbers> edges;          // once each, in no order
};

class Reader {
  public:
    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Reader(Reader&&) = delete;
    Reader& operator=(Reader&&) = delete;
    virtual ~Reader() = default;

    // [since, until), wall clock. Errors: corrupt, io.
    virtual flows::Result<Period> read(std::int64_t since_ns, std::int64_t until_ns) const = 0;
    virtual const Catalog& catalog() const = 0;
};

} // namespace ringwall::flowmap
