// The server's own refusals, as problem+json (RFC 9457).
#pragma once

#include <string>
#include <string_view>

#include "control/http/message.h"

namespace ringwall::http {

struct Problem {
    unsigned status = 400;
    std::string code;   // "too_large"
    std::string detail; // the sentence
};

std::string_view title(unsigned status); // "Payload Too Large"
Response response(const Problem& problem);

} // namespace ringwall::http
