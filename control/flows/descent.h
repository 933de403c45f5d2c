// Rows from the newest to the oldest, out of chunks whose times overlap. Private to the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "control/flows/chunk.h"
#include "control/flows/database.h"

namespace ringwall::flows {

// Throws store::Failure: damaged.
Row row_of(const ChunkReader& chunk, std::size_t index);

class Descent {
  public:
    // Of rows not older than `since_ns`, and behind `from`. Reads a chunk when its turn comes.
    Descent(store::Connection& connection, std::int64_t since_ns, Cursor from);

    // The next one; false: there is none.
    bool next();
    Cursor place() const { return {chunk_->at_ns(index_), static_cast<std::int64_t>(id())}; }
    Outline outline() const { return chunk_->outline(index_); }
    Row row() const { return row_of(*chunk_, index_); }

  private:
    struct Open { // a chunk and what is left of it, the newest last
        std::unique_ptr<ChunkReader> chunk;
        std::vector<std::uint32_t> left;
        Cursor top() const;
    };
    std::uint64_t id() const { return chunk_->id(index_); }
    void step() { more_ = chunks_.step(); }
    bool is_due() const; // the next chunk may have the next row
    void open_next();

    std::int64_t since_;
    Cursor from_;
    store::Query chunks_;
    bool more_ = false;
    std::vector<std::unique_ptr<Open>> open_; // a heap
    std::unique_ptr<ChunkReader> finished_;   // holds the present row when its chunk is done
    const ChunkReader* chunk_ = nullptr;
    std::size_t index_ = 0;
};

// Of the columns first, count, oldest, newest, body. Throws store::Failure: damaged.
std::unique_ptr<ChunkReader> read_chunk(const store::Query& row);

} // namespace ringwall::flows
