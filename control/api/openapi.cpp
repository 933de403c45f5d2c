#include "control/api/openapi.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace ringwall::api {
namespace {

namespace json = boost::json;

// Every "$ref" that points into the definitions of the policy schema points into the components.
void redirect(json::value& value) {
    constexpr std::string_view there = "#/definitions/", here = "#/components/schemas/";
    if (json::array* items = value.if_array()) {
        for (auto& item : *items)
            redirect(item);
        return;
    }
    json::object* members = value.if_object();
    if (!members)
        return;
    for (auto& member : *members) {
        const json::string* text = member.value().if_string();
        if (member.key() == "$ref" && text && std::string_view(*text).starts_with(there))
            member.value() =
                std::string(here) + std::string(std::string_view(*text).substr(there.size()));
        else
            redirect(member.value());
    }
}

} // namespace

json::value openapi_document() {
    auto document = json::parse(openapi_source);
    auto policy = json::parse(policy_schema_source);
    redirect(policy);
    auto& schemas = document.at("components").at("schemas").as_object();
    for (const auto& definition : policy.at("definitions").as_object())
        schemas.insert(definition);
    return document;
}

const std::string& openapi_text() {
    static const std::string text = json::serialize(openapi_document());
    return text;
}

} // namespace ringwall::api
