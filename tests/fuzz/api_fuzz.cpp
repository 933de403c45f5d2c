// Arbitrary bytes as what a client sends: address, label query, flow query, body. The first byte
// says which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json/parse.hpp>

#include "control/api/document_in.h"
#include "control/api/json_text.h"
#include "control/api/label_query.h"
#include "control/api/target.h"
#include "control/query/query.h"

namespace {

using namespace ringwall;

void require(bool holds) {
    if (!holds)
        std::abort();
}

// A document of every kind; whatever is refused names a fault, in UTF-8.
void as_documents(const boost::json::value& body) {
    for (const auto& kind : core::kinds()) {
        const auto edit = api::document_in(kind, "web-1", body);
        if (edit) {
            require(edit->id.name == "web-1" && edit->id.kind == kind.store);
            continue;
        }
        require(edit.error().status == 422 && !edit.error().faults.empty());
        require(api::is_utf8(api::response(edit.error()).body));
    }
}

void as_body(std::string_view text) {
    const auto body = api::parse_json(text);
    if (!body)
        return require(body.error().offset <= text.size() && !body.error().sentence.empty());
    as_documents(*body);
}

void as_target(std::string_view text) {
    const auto target = api::parse_target(text);
    if (!target)
        return;
    for (const auto& segment : target->path)
        require(api::is_utf8(segment));
    for (const auto& [name, value] : target->query)
        require(api::is_utf8(name) && api::is_utf8(value));
}

void as_query(std::string_view text) {
    const auto query = api::parse_label_query(text);
    if (!query)
        return require(query.error().position <= text.size() && !query.error().sentence.empty());
    query->matches({{"role", "Web"}});
    for (const auto& term : query->terms)
        require(!term.key.empty());
}

void as_flow_query(std::string_view text) {
    static const auto flow =
        boost::json::parse(R"({"port":443,"source":{"labels":{"role":"Web"}}})").as_object();
    const auto query = query::parse(text, 1'800'000'000'000'000'000);
    if (!query)
        return require(query.error().position <= text.size() && !query.error().sentence.empty());
    query->matches(flow);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
    case '/':
        as_target(text);
        break;
    case '?':
        as_query(text);
        break;
    case '&':
        as_flow_query(text);
        break;
    default:
        as_body(text);
    }
    return 0;
}
