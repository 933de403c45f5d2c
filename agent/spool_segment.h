// The files of the spool: segments of records, and the mark that says what is acknowledged.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "agent/fd.h"
#include "agent/spool.h"

namespace ringwall::agent {

// "path: step: reason of errno"
std::unexpected<SpoolError> spool_failure(const std::string& path, std::string_view step);
std::expected<void, SpoolError> sync_directory(const std::string& path);

struct RecordPlace {
    std::uint64_t first = 0, last = 0; // numbers of the summaries it stands for
    std::uint32_t count = 0;           // summaries it has
    std::uint32_t length = 0;          // of the whole record
    std::uint64_t offset = 0;
    std::uint64_t span() const { return last - first + 1; }
};

// A record: "RWF1", length of the payload, first, last, count, CRC-32 of all that and the payload;
// numbers little-endian. The payload is a FlowBatch.
std::string encode_record(const v1::FlowBatch& batch);

class Segment {
  public:
    // Reads what is there up to the first record that is torn or damaged, and cuts the rest off.
    static std::expected<Segment, SpoolError> open(const std::string& path);

    // A record that could not be written whole is taken back.
    std::expected<void, SpoolError> append(const v1::FlowBatch& batch, std::string_view record);
    // nullopt: damaged meanwhile.
    std::expected<std::optional<v1::FlowBatch>, SpoolError> read(const RecordPlace& place) const;
    std::expected<void, SpoolError> sync();

    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }
    // Of those that still matter, oldest first.
    std::deque<RecordPlace>& records() { return records_; }
    const std::deque<RecordPlace>& records() const { return records_; }

  private:
    std::string path_;
    Fd file_;
    std::uint64_t size_ = 0;
    bool synced_ = true;
    std::deque<RecordPlace> records_;
};

// Numbers of the past, in a file of two slots that are written in turn: one of them is always
// whole.
struct MarkValues {
    std::uint64_t stream = 0;
    std::uint64_t acknowledged = 0;                    // through this number
    std::uint64_t next = 1;                            // number of the next summary, at least
    std::uint64_t delivered = 0, folded = 0, lost = 0; // up to `acknowledged`
};

class Mark {
  public:
    static std::expected<Mark, SpoolError> open(const std::string& path, std::uint64_t stream);
    std::expected<void, SpoolError> write(const MarkValues& values);
    const MarkValues& values() const { return values_; }

  private:
    std::string path_;
    Fd file_;
    MarkValues values_;
    std::uint64_t generation_ = 0;
};

} // namespace ringwall::agent
