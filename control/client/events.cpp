#include "control/client/events.h"

#include <utility>

namespace ringwall::client {

// Lines end with LF, CR or CRLF.
bool EventReader::feed(std::string_view piece, const Sink& sink) {
    for (const char c : piece) {
        const bool half = std::exchange(after_cr_, c == '\r');
        if (c == '\n' && half)
            continue;
        if (c != '\n' && c != '\r') {
            line_ += c;
            overflowed_ = line_.size() + data_.size() > longest_event;
            if (overflowed_)
                return false;
            continue;
        }
        const auto line = std::exchange(line_, {});
        if (!line.empty())
            take(line);
        else if (!dispatch(sink))
            return false;
    }
    return true;
}

void EventReader::take(std::string_view line) {
    const auto colon = line.find(':'); // at the front: a comment
    const auto field = line.substr(0, colon);
    auto value = colon == line.npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' '))
        value.remove_prefix(1);
    if (field == "data") {
        data_ += (has_data_ ? "\n" : "") + std::string(value);
        has_data_ = true;
    } else if (field == "event") {
        type_ = value;
    } else if (field == "id" && value.find('\0') == value.npos) {
        id_ = value;
    }
}

bool EventReader::dispatch(const Sink& sink) {
    Event event{id_, std::exchange(type_, {}), std::exchange(data_, {})};
    if (!std::exchange(has_data_, false))
        return true;
    if (event.type.empty())
        event.type = "message";
    return sink(event);
}

void EventReader::restart() {
    line_.clear();
    type_.clear();
    data_.clear();
    has_data_ = after_cr_ = false;
}

} // namespace ringwall::client
