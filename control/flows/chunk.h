// Rows that came together, as the bytes that are stored of them. Private to the store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/flows/chunk.pb.h"
#include "control/flows/filter.h"
#include "control/flows/row.h"

namespace ringwall::flows {

// What is known of a chunk without reading it. Its rows are numbered from `first` on.
struct ChunkHead {
    std::uint64_t first = 0, count = 0;
    std::int64_t oldest = 0, newest = 0; // Row::at_ns
};

class ChunkWriter {
  public:
    explicit ChunkWriter(std::uint64_t first) { head_.first = first; }

    // Whose the next rows are.
    void begin_part(const std::string& agent, std::int64_t received_ns);
    void add(const v1::FlowSummary& summary, const Labels& labels);

    const ChunkHead& head() const { return head_; }
    std::string finish(); // afterwards there is nothing left to write

  private:
    std::uint32_t place_of(const std::string& labels);

    ChunkHead head_;
    Chunk chunk_;
    std::vector<std::int64_t> times_;
    std::unordered_map<std::string, std::uint32_t> labels_;
};

// A chunk that was read. A summary is parsed when its row is asked for.
class ChunkReader {
  public:
    // nullptr: these bytes are no chunk of so many rows.
    static std::unique_ptr<ChunkReader> read(const ChunkHead& head, std::string_view bytes);

    std::size_t size() const { return offsets_.size(); }
    std::uint64_t id(std::size_t index) const { return head_.first + index; }
    std::int64_t at_ns(std::size_t index) const {
        return head_.oldest + static_cast<std::int64_t>(chunk_.after_ns(static_cast<int>(index)));
    }
    Outline outline(std::size_t index) const;
    bool row(std::size_t index, Row& out) const; // false: damaged

  private:
    bool is_whole() const;
    void find_rows();
    const Chunk::Part& part(std::size_t index) const {
        return chunk_.parts(static_cast<int>(parts_[index]));
    }

    ChunkHead head_;
    Chunk chunk_;
    std::vector<std::size_t> offsets_; // of summaries
    std::vector<std::uint32_t> parts_;
};

} // namespace ringwall::flows
