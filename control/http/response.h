// The bytes in front of an answer's body. Pure.
#pragma once

#include <ctime>
#include <string>

#include "control/http/message.h"
#include "control/http/request_reader.h"

namespace ringwall::http {

// Status line and header fields. Length, connection and date are the server's: what the handler
// says of them is left out, and so is a field with a line break in it. An answer that is streamed
// is sent in chunks, to HTTP/1.0 until the end of the connection.
std::string head(const Response& response, const Form& form, std::time_t now);
std::string chunk(std::string_view text); // "5\r\nhello\r\n"; of nothing: the last one
bool has_body(unsigned status);

} // namespace ringwall::http
