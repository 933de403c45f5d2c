#include "control/flowmap/span_row.h"

#include "control/store/connection.h"

namespace ringwall::flowmap {

void decode_span(std::string_view bytes, std::int64_t at_ns,
                 const std::function<void(EdgeId edge, const Numbers& numbers)>& each) {
    if (!decode(bytes, at_ns, each))
        store::fail(store::Errc::corrupt, "the numbers of a span of time cannot be read");
}

} // namespace ringwall::flowmap
