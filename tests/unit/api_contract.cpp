#include "tests/unit/api_contract.h"

#include <algorithm>
#include <array>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

#include "control/api/fields.h"
#include "control/api/openapi.h"
#include "control/api/target.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;
using api::pointer_to;
using Complaints = std::vector<std::string>;

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> out;
    for (path.remove_prefix(1);;) {
        const auto slash = path.find('/');
        out.emplace_back(path.substr(0, slash));
        if (slash == path.npos)
            return out;
        path.remove_prefix(slash + 1);
    }
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

} // namespace

class Contract::Impl {
  public:
    Complaints check(const http::Request& request, const http::Response& response) {
        complaints_.clear();
        const auto target = api::parse_target(request.target);
        const auto method = lower(request.method == "HEAD" ? "GET" : request.method);
        const auto path = target ? path_of(target->path, method) : std::string();
        const json::value* operation =
            path.empty() ? nullptr : &document_.at("paths").at(path).at(method);
        if (!operation) {
            if (response.status != 404 && response.status != 405 && response.status != 429 &&
                response.status != 400)
                complain(fmt::format("{} {} is not in the document", request.method, path));
            return complaints_;
        }
        place_ = pointer_to(pointer_to("/paths", path), method);
        if (response.status < 300) {
            check_parameters(*operation, path, *target, request);
            check_body(*operation, request);
        }
        check_response(*operation, request, response);
        return complaints_;
    }

    std::vector<Operation> operations() const {
        std::vector<Operation> out;
        for (const auto& path : document_.at("paths").as_object())
            for (const auto& entry : path.value().as_object()) {
                if (entry.key() == "parameters")
                    continue;
                auto method = std::string(entry.key());
                std::ranges::transform(method, method.begin(),
                                       [](unsigned char c) { return std::toupper(c); });
                const json::value* role = entry.value().as_object().if_contains("x-role");
                out.push_back({method, std::string(path.key()),
                               role ? std::string(role->as_string()) : std::string()});
            }
        return out;
    }

    Complaints fits(const std::string& pointer, const std::string& text) {
        complaints_.clear();
        validate(pointer, json::parse(text), pointer);
        return complaints_;
    }

  private:
    void complain(std::string sentence) { complaints_.push_back(std::move(sentence)); }

    // Fixed words win over {names}, where they have the method.
    std::string path_of(const std::vector<std::string>& path, const std::string& method) const {
        std::string found;
        for (const auto& entry : document_.at("paths").as_object()) {
            const auto pattern = segments(std::string(entry.key()));
            const auto fits = [](const auto& wanted, const auto& given) {
                return wanted.starts_with('{') || wanted == given;
            };
            if (std::ranges::equal(pattern, path, fits) &&
                entry.value().as_object().contains(method) &&
                (found.empty() || entry.key().find('{') == entry.key().npos))
                found = entry.key();
        }
        return found;
    }

    const json::value& resolved(const json::value& value) const {
        const json::value* reference = value.as_object().if_contains("$ref");
        return reference ? document_.at_pointer(reference->as_string().subview(1)) : value;
    }

    // A parameter is text; its schema says what the text stands for.
    json::value typed(const json::value& schema, const std::string& text) const {
        const json::value* type = resolved(schema).as_object().if_contains("type");
        if (type && *type == "integer")
            return std::stoll(text);
        if (type && *type == "boolean" && (text == "true" || text == "false"))
            return text == "true";
        return json::string(text); // braces would make an array
    }

    void check_parameters(const json::value& operation, const std::string& path,
                          const api::Target& target, const http::Request& request) {
        std::vector<const json::value*> known;
        for (const auto* owner :
             std::array<const json::value*, 2>{&operation, &document_.at("paths").at(path)})
            if (const json::value* list = owner->as_object().if_contains("parameters"))
                for (const auto& one : list->as_array())
                    known.push_back(&resolved(one));
        for (const auto& [name, text] : target.query)
            check_parameter(known, "query", name, text);
        for (const auto* header : {"if-match", "if-none-match", "idempotency-key", "last-event-id"})
            if (const auto found = request.headers.find(header); found != request.headers.end())
                check_parameter(known, "header", header, found->second);
        const auto pattern = segments(path);
        for (std::size_t i = 0; i < pattern.size(); ++i)
            if (pattern[i].starts_with('{'))
                check_parameter(known, "path", pattern[i].substr(1, pattern[i].size() - 2),
                                target.path[i]);
    }

    void check_parameter(const std::vector<const json::value*>& known, std::string_view in,
                         const std::string& name, const std::string& text) {
        for (const auto* parameter : known)
            if (std::string_view(parameter->at("in").as_string()) == in &&
                lower(std::string(parameter->at("name").as_string())) == lower(name)) {
                const auto& schema = parameter->at("schema");
                return validate_value(schema, typed(schema, text), name);
            }
        complain(fmt::format("{}: the {} parameter {} is not in the document", place_, in, name));
    }

    void check_body(const json::value& operation, const http::Request& request) {
        if (operation.as_object().contains("requestBody"))
            validate(place_ + "/requestBody/content/application~1json/schema",
                     json::parse(request.body), "request");
    }

    void check_response(const json::value& operation, const http::Request& request,
                        const http::Response& response) {
        if (response.status == 405)
            return;
        const auto status = std::to_string(response.status);
        const json::value* written = operation.at("responses").as_object().if_contains(status);
        if (!written)
            return complain(fmt::format("{}: status {} is not in the document: {}", place_, status,
                                        response.body));
        const auto& answer = resolved(*written);
        check_headers(answer, response);
        const json::value* contents = answer.as_object().if_contains("content");
        if (!contents || request.method == "HEAD") {
            if (!response.body.empty())
                complain(fmt::format("{} {}: a body that nobody wrote down", place_, status));
            return;
        }
        const auto type = content_type(response);
        const json::value* content = contents->as_object().if_contains(type);
        if (!content)
            return complain(fmt::format("{} {}: type {}", place_, status, type));
        if (type.ends_with("json"))
            validate_value(content->at("schema"), json::parse(response.body), "answer " + status);
    }

    static std::string content_type(const http::Response& response) {
        for (const auto& [name, value] : response.headers)
            if (name == "Content-Type")
                return value.substr(0, value.find(';'));
        return "";
    }

    void check_headers(const json::value& answer, const http::Response& response) {
        const json::value* written = answer.as_object().if_contains("headers");
        for (const auto& [name, value] : response.headers) {
            if (name == "Content-Type" || name == "Cache-Control" ||
                name == "X-Content-Type-Options" || name == "Content-Disposition")
                continue;
            const json::value* header = written ? written->as_object().if_contains(name) : nullptr;
            if (!header)
                complain(fmt::format("{} {}: header {}", place_, response.status, name));
            else
                validate_value(resolved(*header).at("schema"), json::value(value), name);
        }
    }

    // Schemas are made once, by the text of what they are.
    void validate_value(const json::value& schema, const json::value& value,
                        const std::string& what) {
        const auto text = json::serialize(schema);
        auto& made = schemas_[text];
        if (!made) {
            const json::value root{{"allOf", json::array{schema}},
                                   {"components", document_.at("components")}};
            made = std::make_unique<valijson::Schema>();
            valijson::SchemaParser(valijson::SchemaParser::kDraft7)
                .populateSchema(valijson::adapters::BoostJsonAdapter(root), *made);
        }
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        valijson::ValidationResults results;
        if (validator.validate(*made, valijson::adapters::BoostJsonAdapter(value), &results))
            return;
        complain(fmt::format("{}: {} does not fit: {}", place_, what, json::serialize(value)));
        for (valijson::ValidationResults::Error error; results.popError(error);) {
            std::string at;
            for (const auto& part : error.context)
                at += part;
            complain("  " + at + ": " + error.description);
        }
    }
    void validate(const std::string& pointer, const json::value& value, const std::string& what) {
        validate_value(document_.at_pointer(pointer), value, what);
    }

    json::value document_ = api::openapi_document();
    std::map<std::string, std::unique_ptr<valijson::Schema>> schemas_;
    Complaints complaints_;
    std::string place_;
};

Contract::Contract() : impl_(std::make_unique<Impl>()) {}
Contract::~Contract() = default;

std::vector<std::string> Contract::check(const http::Request& request,
                                         const http::Response& response) {
    return impl_->check(request, response);
}
std::vector<Contract::Operation> Contract::operations() const {
    return impl_->operations();
}
std::vector<std::string> Contract::fits(const std::string& pointer, const std::string& json) {
    return impl_->fits(pointer, json);
}

} // namespace ringwall::api_test
