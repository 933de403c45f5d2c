#include "control/api/router.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringwall::api {
namespace {

bool is_placeholder(std::string_view segment) {
    return segment.starts_with('{');
}

std::vector<std::string> segments_of(std::string_view pattern) {
    std::vector<std::string> out;
    for (pattern.remove_prefix(1);;) {
        const auto slash = pattern.find('/');
        out.emplace_back(pattern.substr(0, slash));
        if (slash == pattern.npos)
            return out;
        pattern.remove_prefix(slash + 1);
    }
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    return std::ranges::equal(pattern, path, [](const auto& wanted, const auto& given) {
        return is_placeholder(wanted) ? !given.empty() : wanted == given;
    });
}

std::unexpected<Problem> wrong_method(std::set<std::string> allowed) {
    if (allowed.contains("GET"))
        allowed.insert("HEAD");
    const auto list = fmt::format("{}", fmt::join(allowed, ", "));
    return std::unexpected(Problem{405,
                                   "method_not_allowed",
                                   fmt::format("this address takes {}", list),
                                   {},
                                   {{"Allow", list}}});
}

} // namespace

Router::Router(const std::vector<Endpoint>& endpoints) {
    for (const auto& endpoint : endpoints) {
        auto segments = segments_of(endpoint.pattern);
        const auto names =
            static_cast<std::size_t>(std::ranges::count_if(segments, is_placeholder));
        routes_.push_back({std::move(segments), &endpoint, names});
    }
    std::ranges::sort(routes_, {}, &Route::names);
}

Result<Match> Router::find(std::string_view method, const std::vector<std::string>& path) const {
    if (method == "HEAD")
        method = "GET";
    std::set<std::string> others;
    for (const auto& route : routes_) {
        if (!fits(route.segments, path))
            continue;
        if (route.endpoint->method != method) {
            others.emplace(route.endpoint->method);
            continue;
        }
        Match out{route.endpoint, {}};
        for (std::size_t i = 0; i < path.size(); ++i)
            if (is_placeholder(route.segments[i]))
                out.captured.push_back(path[i]);
        return out;
    }
    if (others.empty())
        return not_found("there is nothing at this address; GET /api/v1/openapi.json lists all");
    return wrong_method(std::move(others));
}

} // namespace ringwall::api
