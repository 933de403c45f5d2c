#include "control/http/response.h"

#include <algorithm>
#include <array>
#include <sstream>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

namespace ringwall::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

bool is_ours(std::string_view name) {
    return std::ranges::any_of(
        std::array{"Content-Length", "Transfer-Encoding", "Connection", "Date"},
        [&](const char* ours) { return beast::iequals(beast::string_view(name), ours); });
}

std::string date(std::time_t now) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

} // namespace

bool has_body(unsigned status) {
    return status >= 200 && status != 204 && status != 304;
}

std::string head(const Response& response, const Form& form, std::time_t now) {
    bhttp::response<bhttp::empty_body> message;
    message.version(11);
    message.result(response.status);
    message.set(bhttp::field::date, date(now));
    for (const auto& [name, value] : response.headers)
        if (!is_ours(name) && (name + value).find_first_of("\r\n") == std::string::npos)
            message.insert(name, value);
    if (response.stream && form.http_1_1)
        message.chunked(true);
    else if (!response.stream && has_body(response.status))
        message.content_length(response.body.size());
    message.keep_alive(form.keep_alive);
    if (form.keep_alive && !form.http_1_1)
        message.set(bhttp::field::connection, "keep-alive");
    std::ostringstream out;
    out << message.base();
    return out.str();
}

std::string chunk(std::string_view text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

} // namespace ringwall::http
