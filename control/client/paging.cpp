#include "control/client/paging.h"

#include <algorithm>

#include <boost/json/object.hpp>

namespace ringwall::client {
namespace {

namespace json = boost::json;

Error no_list() {
    return {Errc::malformed, "the answer is no list with \"items\": is that a Ringwall controller "
                             "of this version?"};
}

// Whole answers, each with a list "items".
Result<void> each_answer(Client& client, std::string_view path, Query query,
                         const std::function<bool(json::object)>& sink) {
    const auto is_limit = [](const auto& parameter) { return parameter.first == "limit"; };
    if (std::ranges::none_of(query, is_limit))
        query.emplace_back("limit", "1000");
    std::string after;
    for (;;) {
        auto page_query = query;
        if (!after.empty())
            page_query.emplace_back("after", after);
        auto page = client.json(get(target({path}, page_query)));
        if (!page)
            return std::unexpected(page.error());
        auto* object = page->if_object();
        auto* items = object ? object->if_contains("items") : nullptr;
        if (!items || !items->is_array())
            return std::unexpected(no_list());
        const auto* next = object->if_contains("next");
        std::string cursor = next && next->is_string() ? std::string(next->get_string()) : "";
        if (!sink(std::move(*object)) || cursor.empty())
            return {};
        if (cursor == after)
            return std::unexpected(Error{Errc::malformed, "the list does not move on from page to "
                                                          "page; this is an error of the "
                                                          "controller"});
        after = std::move(cursor);
    }
}

} // namespace

Result<void> each_page(Client& client, std::string_view path, Query query,
                       const std::function<bool(json::array)>& sink) {
    return each_answer(client, path, std::move(query), [&](json::object answer) {
        return sink(std::move(answer.at("items").as_array()));
    });
}

Result<json::object> pages_as_one(Client& client, std::string_view path, Query query) {
    json::object out;
    auto read = each_answer(client, path, std::move(query), [&](json::object answer) {
        if (out.empty()) {
            out = std::move(answer);
            return true;
        }
        auto& items = out.at("items").as_array();
        for (auto& item : answer.at("items").as_array())
            items.push_back(std::move(item));
        return true;
    });
    if (!read)
        return std::unexpected(read.error());
    out.erase("next");
    return out;
}

} // namespace ringwall::client
