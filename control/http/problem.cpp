#include "control/http/problem.h"

#include <boost/beast/http/status.hpp>
#include <boost/json.hpp>

namespace ringwall::http {

std::string_view title(unsigned status) {
    const auto words =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return {words.data(), words.size()};
}

Response response(const Problem& problem) {
    const boost::json::object body{{"type", "about:blank"},    {"title", title(problem.status)},
                                   {"status", problem.status}, {"detail", problem.detail},
                                   {"code", problem.code},     {"faults", boost::json::array()}};
    Response out;
    out.status = problem.status;
    out.headers.emplace_back("Content-Type", "application/problem+json");
    out.body = boost::json::serialize(body) + "\n";
    return out;
}

} // namespace ringwall::http
