// Arbitrary bytes as what the other side of a session sends, in chunks: both sides read them,
// before and after their greeting, and neither fails otherwise than by closing.
//
// Input: one byte for the size of the chunks, then the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/session.h"
#include "control/fleet/session.h"
#include "control/proto/frame.h"

namespace {

using namespace ringwall;

constexpr std::chrono::milliseconds now(1000);

void must(bool holds) {
    if (!holds)
        std::abort();
}

template <typename Feed>
void in_chunks(std::string_view stream, std::size_t size, Feed feed) {
    for (; !stream.empty(); stream.remove_prefix(std::min(size, stream.size())))
        feed(stream.substr(0, size));
}

void decode(std::string_view stream, std::size_t size) {
    wire::FrameDecoder decoder(4096);
    std::size_t fed = 0;
    in_chunks(stream, size, [&](std::string_view chunk) {
        decoder.feed(chunk);
        fed += chunk.size();
        while (auto payload = decoder.next()) {
            if (!*payload)
                break;
            must((*payload)->size() <= 4096);
        }
        must(decoder.pending() <= fed);
    });
}

void tell_agent(std::string_view stream, std::size_t size, bool greeted) {
    agent::SessionOptions options;
    options.verify = [](const v1::SignedPolicy&) { return true; };
    agent::Session session(options, {});
    session.resume(agent::input::Start{}, now);
    session.resume(agent::input::Connected{}, now);
    if (greeted) {
        v1::ToAgent message;
        message.mutable_welcome()->set_protocol(1);
        session.resume(agent::input::Received{wire::encode_frame(message).value()}, now);
        must(session.state() == agent::SessionState::live);
    }
    in_chunks(stream, size, [&](std::string_view chunk) {
        for (const auto& it : session.resume(agent::input::Received{chunk}, now))
            if (const auto* apply = std::get_if<agent::action::ApplyPolicy>(&it))
                session.resume(agent::input::Applied{v1::POLICY, apply->policy->policy.version()},
                               now);
    });
}

void tell_controller(std::string_view stream, std::size_t size, bool greeted) {
    fleet::Session session({}, {});
    session.resume(fleet::input::Connected{1}, now);
    if (greeted) {
        v1::ToController message;
        message.mutable_hello()->set_protocol_max(1);
        session.resume(fleet::input::Received{1, wire::encode_frame(message).value()}, now);
        must(session.live());
    }
    in_chunks(stream, size, [&](std::string_view chunk) {
        session.resume(fleet::input::Received{1, chunk}, now);
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::size_t chunk = data[0] + 1;
    const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
    decode(stream, chunk);
    for (const bool greeted : {false, true}) {
        tell_agent(stream, chunk, greeted);
        tell_controller(stream, chunk, greeted);
    }
    return 0;
}
