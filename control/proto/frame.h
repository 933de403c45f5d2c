// Messages on a byte stream. A frame is a head of 8 bytes and its payload:
//
//   "RW"  version (1)  flags (sent as 0, ignored)  payload length, 4 bytes, network order
//
// Pure: the bytes come from a caller, in chunks of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

#include "common/error.h"

namespace ringwall::wire {

enum class FrameErrc {
    too_large,       // longer than the receiver's limit
    foreign,         // not our protocol
    unknown_version, // of the frame
    malformed,       // the payload is not the message it should be
};
using FrameError = BasicError<FrameErrc>;

constexpr std::size_t frame_head_bytes = 8;
constexpr std::size_t max_payload_bytes = 16 * 1024 * 1024;
constexpr std::uint8_t frame_version = 1;

// too_large when the payload is longer than max_payload_bytes.
std::expected<std::string, FrameError> encode_frame(std::string_view payload);
std::expected<std::string, FrameError> encode_frame(const google::protobuf::MessageLite& message);

// malformed when `payload` does not parse; fields that are not known are kept.
std::expected<void, FrameError> parse_payload(std::string_view payload,
                                              google::protobuf::MessageLite& message);

// Feed what arrived, take payloads until there is none. Holds no more than what was fed: a length
// that is only announced costs nothing. After an error the stream cannot be read any further and
// next() repeats the error.
class FrameDecoder {
  public:
    explicit FrameDecoder(std::size_t limit = max_payload_bytes) : limit_(limit) {}

    // Before the other side has proved who it is, a lower limit is enough.
    void set_limit(std::size_t limit) { limit_ = limit; }

    void feed(std::string_view chunk);
    // nullopt: the frame is not complete yet.
    std::expected<std::optional<std::string>, FrameError> next();

    // Bytes that wait for the rest of their frame: nonzero for long is a stalled sender.
    std::size_t pending() const { return buffer_.size() - begin_; }

  private:
    std::expected<std::size_t, FrameError> payload_length() const;
    void forget_taken();

    std::size_t limit_;
    std::string buffer_;
    std::size_t begin_ = 0; // of the first frame not yet taken
    std::optional<FrameError> failed_;
};

} // namespace ringwall::wire
