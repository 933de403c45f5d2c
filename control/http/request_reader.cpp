#include "control/http/request_reader.h"

#include <algorithm>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_dynamic_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <fmt/format.h>

namespace ringwall::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

// Grows by what comes: a length that is only announced costs nothing.
using Body = bhttp::basic_dynamic_body<beast::flat_buffer>;

std::string lower_case(beast::string_view text) {
    std::string out(text.data(), text.size());
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

Problem problem_of(const beast::error_code& error, std::size_t body_limit) {
    if (error == bhttp::error::body_limit)
        return {413, "too_large",
                fmt::format("the body is longer than the {} bytes that are taken here; send less "
                            "at once",
                            body_limit)};
    if (error == bhttp::error::header_limit)
        return {431, "header_too_large", "the request line and its header fields are too long"};
    return {400, "bad_request", "this is no HTTP/1.1 request: " + error.message()};
}

} // namespace

class RequestReader::Parser : public bhttp::request_parser<Body> {};

RequestReader::RequestReader(std::size_t header_limit, std::size_t body_limit)
    : parser_(std::make_unique<Parser>()), header_limit_(header_limit), body_limit_(body_limit) {
    parser_->header_limit(static_cast<std::uint32_t>(header_limit));
    parser_->body_limit(body_limit);
    parser_->eager(true);
}
RequestReader::~RequestReader() = default;

std::expected<RequestReader::Step, Problem> RequestReader::feed(std::string& bytes) {
    beast::error_code error;
    const bool had_header = parser_->is_header_done();
    if (!bytes.empty())
        bytes.erase(0, parser_->put(boost::asio::buffer(bytes), error));
    if (error && error != bhttp::error::need_more)
        return std::unexpected(problem_of(error, body_limit_));
    if (!parser_->is_header_done())
        return Step::header;
    if (!had_header && form().http_1_1 && parser_->get().count(bhttp::field::host) != 1)
        return std::unexpected(Problem{400, "bad_request", "HTTP/1.1 wants one Host field"});
    if (!parser_->is_done() && bytes.size() > header_limit_)
        return std::unexpected(
            Problem{400, "bad_request", "the head of a chunk of the body is too long"});
    return parser_->is_done() ? Step::whole : Step::body;
}

Form RequestReader::form() const {
    const auto& message = parser_->get();
    return {message.version() >= 11, message.keep_alive(), message.method() == bhttp::verb::head};
}

bool RequestReader::wants_continue() const {
    return form().http_1_1 && beast::iequals(parser_->get()[bhttp::field::expect], "100-continue");
}

Request RequestReader::take() {
    const auto& message = parser_->get();
    Request out;
    out.method = form().head_only ? std::string("GET") : std::string(message.method_string());
    out.target = std::string(message.target());
    for (const auto& field : message) {
        auto& value = out.headers[lower_case(field.name_string())];
        if (!value.empty())
            value += ", ";
        value += std::string(field.value());
    }
    out.body = beast::buffers_to_string(message.body().data());
    return out;
}

} // namespace ringwall::http
