#include "control/proto/frame.h"

#include <fmt/format.h>

namespace ringwall::wire {
namespace {

constexpr std::string_view magic = "RW";
// A buffer that one large frame left behind is given back.
constexpr std::size_t kept_capacity = 64 * 1024;

std::unexpected<FrameError> too_large(std::size_t length, std::size_t limit) {
    return fail(FrameErrc::too_large,
                fmt::format("a message of {} bytes is over the limit of {}; the connection cannot "
                            "carry it",
                            length, limit));
}

std::string head(std::size_t length) {
    std::string out(magic);
    out += static_cast<char>(frame_version);
    out += '\0';
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(length >> shift & 0xff);
    return out;
}

} // namespace

std::expected<std::string, FrameError> encode_frame(std::string_view payload) {
    if (payload.size() > max_payload_bytes)
        return too_large(payload.size(), max_payload_bytes);
    return head(payload.size()).append(payload);
}

std::expected<std::string, FrameError> encode_frame(const google::protobuf::MessageLite& message) {
    const auto length = message.ByteSizeLong();
    if (length > max_payload_bytes)
        return too_large(length, max_payload_bytes);
    auto out = head(length);
    out.reserve(out.size() + length);
    if (!message.AppendPartialToString(&out))
        return fail(FrameErrc::malformed, message.GetTypeName() + " cannot be serialized");
    return out;
}

std::expected<void, FrameError> parse_payload(std::string_view payload,
                                              google::protobuf::MessageLite& message) {
    if (payload.size() > max_payload_bytes)
        return too_large(payload.size(), max_payload_bytes);
    if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size())))
        return fail(FrameErrc::malformed,
                    fmt::format("{} bytes are not a message of type {}; the other side is broken "
                                "or is not Ringwall",
                                payload.size(), message.GetTypeName()));
    return {};
}

void FrameDecoder::feed(std::string_view chunk) {
    if (!failed_)
        buffer_.append(chunk);
}

std::expected<std::size_t, FrameError> FrameDecoder::payload_length() const {
    const std::string_view seen = std::string_view(buffer_).substr(begin_, frame_head_bytes);
    if (!magic.starts_with(seen.substr(0, magic.size())))
        return fail(FrameErrc::foreign,
                    "the other side does not speak Ringwall's protocol; is the address and port "
                    "that of a controller?");
    if (seen.size() > 2 && static_cast<std::uint8_t>(seen[2]) != frame_version)
        return fail(FrameErrc::unknown_version,
                    fmt::format("frames of version {} are not known here, only version {}; update "
                                "the older side",
                                static_cast<std::uint8_t>(seen[2]), frame_version));
    std::size_t length = 0;
    for (const char byte : seen.substr(std::min<std::size_t>(4, seen.size())))
        length = length << 8 | static_cast<unsigned char>(byte);
    if (seen.size() == frame_head_bytes && length > limit_)
        return too_large(length, limit_);
    return length;
}

std::expected<std::optional<std::string>, FrameError> FrameDecoder::next() {
    if (failed_)
        return std::unexpected(*failed_);
    const auto length = payload_length();
    if (!length) {
        failed_ = length.error();
        buffer_ = {};
        begin_ = 0;
        return std::unexpected(*failed_);
    }
    if (pending() < frame_head_bytes || pending() - frame_head_bytes < *length) {
        forget_taken();
        return std::nullopt;
    }
    std::string payload = buffer_.substr(begin_ + frame_head_bytes, *length);
    begin_ += frame_head_bytes + *length;
    return payload;
}

void FrameDecoder::forget_taken() {
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.empty() && buffer_.capacity() > kept_capacity)
        buffer_ = {};
}

} // namespace ringwall::wire
