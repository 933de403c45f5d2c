// RFC 4648.
#pragma once

#include <string>
#include <string_view>

namespace ringwall::api {

std::string base64(std::string_view bytes);    // with padding
std::string base64url(std::string_view bytes); // without

} // namespace ringwall::api
