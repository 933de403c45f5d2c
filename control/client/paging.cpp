#include "control/client/paging.h"

#include <boost/json/object.hpp>

namespace ringwall::client {
namespace {

namespace json = boost::json;

Error no_list() {
    return {Errc::malformed, "the answer is no list with \"items\": is that a Ringwall controller "
                             "of this version?"};
}

} // namespace

Result<void> each_page(Client& client, std::string_view path, Query query,
                       const std::function<bool(json::array)>& sink) {
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
        if (!sink(std::move(items->get_array())) || cursor.empty())
            return {};
        if (cursor == after)
            return std::unexpected(Error{Errc::malformed, "the list does not move on from page to "
                                                          "page; this is an error of the "
                                                          "controller"});
        after = std::move(cursor);
    }
}

Result<json::array> all_pages(Client& client, std::string_view path, Query query) {
    json::array out;
    auto read = each_page(client, path, std::move(query), [&](json::array items) {
        for (auto& item : items)
            out.push_back(std::move(item));
        return true;
    });
    if (!read)
        return std::unexpected(read.error());
    return out;
}

} // namespace ringwall::client
