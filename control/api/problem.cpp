#include "control/api/problem.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/api/render.h"

namespace ringwall::api {
namespace {

struct Row {
    unsigned status;
    const char* code;
};

Row row(core::Errc code) {
    switch (code) {
    case core::Errc::invalid:
        return {422, "invalid"};
    case core::Errc::forbidden:
        return {403, "forbidden"};
    case core::Errc::not_found:
        return {404, "not_found"};
    case core::Errc::exists:
        return {409, "exists"};
    case core::Errc::stale:
        return {412, "stale"};
    case core::Errc::conflict:
        return {409, "conflict"};
    case core::Errc::nothing:
        return {409, "nothing"};
    case core::Errc::reused_key:
        return {409, "reused_key"};
    case core::Errc::frozen:
        return {409, "frozen"};
    case core::Errc::busy:
        return {409, "busy"};
    case core::Errc::full:
        return {507, "full"};
    case core::Errc::io:
        break;
    }
    return {500, "io"};
}

const char* title(unsigned status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    case 507:
        return "Insufficient Storage";
    default:
        return "Internal Server Error";
    }
}

} // namespace

Problem from(const core::Error& error) {
    const auto [status, code] = row(error.code);
    return {status, code, error.message, error.faults};
}

Problem from(const store::Error& error) {
    return from(core::from(error));
}

Problem of_page(core::Error error) {
    if (error.code == core::Errc::invalid)
        return {400, "malformed", std::move(error.message)};
    return from(error);
}

std::unexpected<Problem> malformed(std::string detail) {
    return std::unexpected(Problem{400, "malformed", std::move(detail)});
}

std::unexpected<Problem> forbidden(std::string detail) {
    return std::unexpected(Problem{403, "forbidden", std::move(detail)});
}

std::unexpected<Problem> not_found(std::string detail) {
    return std::unexpected(Problem{404, "not_found", std::move(detail)});
}

std::unexpected<Problem> conflict(std::string detail) {
    return std::unexpected(Problem{409, "conflict", std::move(detail)});
}

std::unexpected<Problem> invalid(std::vector<core::Fault> faults) {
    auto detail = faults.empty() ? std::string("the request is wrong") : faults.front().sentence;
    return std::unexpected(Problem{422, "invalid", std::move(detail), std::move(faults)});
}

http::Response response(const Problem& problem) {
    http::Response out;
    out.status = problem.status;
    out.headers = {{"Content-Type", "application/problem+json"}};
    out.headers.insert(out.headers.end(), problem.headers.begin(), problem.headers.end());
    out.body = boost::json::serialize(boost::json::object{
        {"type", "urn:ringwall:problem:" + problem.code},
        {"title", title(problem.status)},
        {"status", problem.status},
        {"detail", problem.detail},
        {"code", problem.code},
        {"faults", to_json(problem.faults)},
    });
    return out;
}

} // namespace ringwall::api
