#include "control/client/problem.h"

#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace ringwall::client {
namespace {

namespace json = boost::json;

std::string text(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

Fault fault_of(const json::object& object) {
    const auto* warning = object.if_contains("warning");
    return {text(object, "kind"), text(object, "name"), text(object, "pointer"),
            text(object, "sentence"), warning && warning->is_bool() && warning->get_bool()};
}

const char* meaning(unsigned status) {
    switch (status) {
    case 401:
        return "the token is missing or not accepted";
    case 403:
        return "this token may not do that";
    case 404:
        return "there is no such thing";
    case 412:
        return "it has been changed meanwhile";
    case 413:
        return "the request is too large";
    case 429:
        return "too many requests";
    case 503:
        return "it cannot answer at the moment";
    default:
        return "it does not say why";
    }
}

std::optional<std::chrono::seconds> retry_after(const Headers& headers) {
    const auto found = headers.find("retry-after");
    if (found == headers.end())
        return std::nullopt;
    const auto& value = found->second;
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || end != value.data() + value.size())
        return std::nullopt; // a date: the controller sends none
    return std::chrono::seconds(seconds);
}

} // namespace

std::vector<Fault> faults_of(const json::value* list) {
    std::vector<Fault> out;
    if (list && list->is_array())
        for (const auto& item : list->get_array())
            if (item.is_object())
                out.push_back(fault_of(item.get_object()));
    return out;
}

Problem problem_of(unsigned status, const Headers& headers, std::string_view body) {
    Problem out;
    out.status = status;
    out.retry_after = retry_after(headers);
    json::error_code error;
    const auto value = json::parse(json::string_view(body.data(), body.size()), error);
    if (!error && value.is_object()) {
        const auto& object = value.get_object();
        out.code = text(object, "code");
        out.title = text(object, "title");
        out.detail = text(object, "detail");
        out.faults = faults_of(object.if_contains("faults"));
    }
    if (out.title.empty() && out.detail.empty())
        out.title = fmt::format("the controller answers {}: {}", status, meaning(status));
    return out;
}

Error refused(Problem problem) {
    auto sentence = problem.detail.empty() ? problem.title : problem.detail;
    return {Errc::problem, std::move(sentence), std::move(problem)};
}

} // namespace ringwall::client
