#include "control/cli/tables.h"

#include <algorithm>
#include <array>
#include <map>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "common/label_order.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t shown_of_a_list = 3;

std::string brief(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string or_dash(std::string text) {
    return text.empty() ? "-" : std::move(text);
}

const json::value* spec(const json::value& document, std::string_view path) {
    return at(document, "spec." + std::string(path));
}

std::size_t count(const json::value* list) {
    return list && list->is_array() ? list->get_array().size() : 0;
}

// "tcp/80,8000-8080"
std::string port_text(const json::value& port) {
    auto out = brief(*at(port, "proto"));
    const auto* numbers = at(port, "ports") ? at(port, "ports") : at(port, "types");
    const char* before = "/";
    if (numbers && numbers->is_array())
        for (const auto& number : numbers->get_array()) {
            out += before + brief(number);
            before = ",";
        }
    return out;
}

std::string ports_text(const json::value* ports) {
    std::string out;
    if (ports && ports->is_array())
        for (const auto& port : ports->get_array())
            if (at(port, "proto"))
                out += (out.empty() ? "" : " ") + port_text(port);
    return out;
}

// {app: [Payments, Billing], not: {env: Test}} -> "app=Payments|Billing,not(env=Test)"
std::string selector_text(const json::value& selector) {
    std::string out;
    if (!selector.is_object())
        return brief(selector);
    for (const auto& [key, value] : selector.get_object()) {
        out += out.empty() ? "" : ",";
        if (value.is_object()) {
            out += fmt::format("{}({})", std::string_view(key), selector_text(value));
            continue;
        }
        out += std::string(key) + "=";
        if (!value.is_array()) {
            out += brief(value);
            continue;
        }
        const char* before = "";
        for (const auto& item : value.get_array()) {
            out += before + (item.is_object() ? "(" + selector_text(item) + ")" : brief(item));
            before = "|";
        }
    }
    return out;
}

std::string selectors_text(const json::value* list, bool wide) {
    json::array texts;
    if (list && list->is_array())
        for (const auto& selector : list->get_array())
            texts.push_back(json::string(selector_text(selector)));
    const json::value all(std::move(texts));
    return list_text(&all, wide);
}

Row workload_row(const json::value& document, bool wide) {
    Row out;
    const auto* labels = spec(document, "labels");
    for (const auto key : usual_labels) {
        const auto* value =
            labels && labels->is_object() ? labels->get_object().if_contains(key) : nullptr;
        out.push_back(or_dash(text_of(value)));
    }
    const auto* managed = spec(document, "managed");
    const bool unmanaged = managed && managed->is_bool() && !managed->get_bool();
    const auto mode = text_of(spec(document, "mode"));
    out.push_back(unmanaged ? "unmanaged" : mode.empty() ? "visibility" : mode);
    out.push_back(or_dash(list_text(spec(document, "addresses"), wide)));
    if (!wide)
        return out;
    json::object others;
    if (labels && labels->is_object())
        for (const auto& [key, value] : labels->get_object())
            if (!is_usual_label(key))
                others[key] = value;
    const json::value rest(std::move(others));
    out.push_back(or_dash(labels_text(&rest)));
    out.push_back(or_dash(text_of(spec(document, "cgroup"))));
    return out;
}

Row rule_set_row(const json::value& document, bool wide) {
    const auto* scopes = spec(document, "scopes");
    return {count(scopes) ? selectors_text(scopes, wide) : "everything",
            std::to_string(count(spec(document, "rules")))};
}

Row profile_row(const json::value& document) {
    const auto* uses = spec(document, "uses");
    const auto* revoked = spec(document, "revoked");
    const auto mode = text_of(spec(document, "mode"));
    return {or_dash(labels_text(spec(document, "labels"))), mode.empty() ? "visibility" : mode,
            uses ? brief(*uses) : "any", or_dash(text_of(spec(document, "expires"))),
            revoked && revoked->is_bool() && revoked->get_bool() ? "yes" : "no"};
}

Row user_row(const json::value& document) {
    const auto* scope = spec(document, "scope");
    const auto* disabled = spec(document, "disabled");
    return {text_of(spec(document, "role")), scope ? selector_text(*scope) : "everything",
            or_dash(text_of(spec(document, "full_name"))),
            disabled && disabled->is_bool() && disabled->get_bool() ? "disabled" : "active"};
}

Row token_row(const json::value& document) {
    const auto* scope = spec(document, "scope");
    return {text_of(spec(document, "role")), or_dash(text_of(spec(document, "user"))),
            scope ? selector_text(*scope) : "everything",
            or_dash(text_of(spec(document, "expires"))),
            or_dash(text_of(spec(document, "created_by")))};
}

Row middle_of(const Kind& kind, const json::value& document, bool wide) {
    if (kind.singular == "workload")
        return workload_row(document, wide);
    if (kind.singular == "service") {
        const auto* process = spec(document, "process");
        return {ports_text(spec(document, "ports")), process ? selector_text(*process) : "-"};
    }
    if (kind.singular == "addresslist")
        return {list_text(spec(document, "cidrs"), wide),
                or_dash(list_text(spec(document, "exclude"), wide))};
    if (kind.singular == "labelgroup")
        return {selectors_text(spec(document, "labels"), wide)};
    if (kind.singular == "ruleset")
        return rule_set_row(document, wide);
    if (kind.singular == "pairingprofile")
        return profile_row(document);
    return kind.singular == "user" ? user_row(document) : token_row(document);
}

Row middle_header(const Kind& kind, bool wide) {
    if (kind.singular == "workload")
        return wide ? Row{"ROLE", "APP", "ENV", "LOC", "MODE", "ADDRESSES", "LABELS", "CGROUP"}
                    : Row{"ROLE", "APP", "ENV", "LOC", "MODE", "ADDRESSES"};
    if (kind.singular == "service")
        return {"PORTS", "PROCESS"};
    if (kind.singular == "addresslist")
        return {"CIDRS", "EXCLUDE"};
    if (kind.singular == "labelgroup")
        return {"LABELS"};
    if (kind.singular == "ruleset")
        return {"SCOPES", "RULES"};
    if (kind.singular == "pairingprofile")
        return {"LABELS", "MODE", "USES LEFT", "EXPIRES", "REVOKED"};
    return kind.singular == "user" ? Row{"ROLE", "SCOPE", "FULL NAME", "STATE"}
                                   : Row{"ROLE", "USER", "SCOPE", "EXPIRES", "MADE BY"};
}

} // namespace

Row header_of(const Kind& kind, bool wide) {
    Row out = middle_header(kind, wide);
    out.insert(out.begin(), "NAME");
    if (wide)
        out.insert(out.end(), {"REVISION", "CHANGED"});
    return out;
}

Row row_of(const Kind& kind, const json::value& document, bool wide, std::int64_t now_seconds) {
    Row out = middle_of(kind, document, wide);
    out.insert(out.begin(), text_at(document, "metadata.name"));
    if (wide)
        out.insert(out.end(), {std::to_string(number_at(document, "metadata.revision")),
                               age(text_at(document, "metadata.changed"), now_seconds)});
    return out;
}

std::string table_of(const Kind& kind, const json::array& documents, bool wide,
                     const Painter& paint, std::int64_t now_seconds) {
    std::vector<Row> rows;
    for (const auto& document : documents)
        rows.push_back(row_of(kind, document, wide, now_seconds));
    return table_of(header_of(kind, wide), std::move(rows), paint);
}

std::string table_of(Row header, std::vector<Row> rows, const Painter& paint) {
    for (auto& title : header)
        title = paint(Color::bold, title);
    rows.insert(rows.begin(), std::move(header));
    return columns(rows);
}

std::string labels_text(const json::value* labels) {
    std::vector<std::string> parts;
    if (!labels || !labels->is_object())
        return {};
    const auto& all = labels->get_object();
    for (const auto key : usual_labels)
        if (const auto* value = all.if_contains(key))
            parts.push_back(fmt::format("{}={}", key, brief(*value)));
    for (const auto& [key, value] : all)
        if (!is_usual_label(key))
            parts.push_back(fmt::format("{}={}", std::string_view(key), brief(value)));
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string list_text(const json::value* list, bool wide) {
    if (!list || !list->is_array())
        return {};
    const auto& items = list->get_array();
    const bool cut = !wide && items.size() > shown_of_a_list + 1;
    const auto shown = cut ? shown_of_a_list : items.size();
    std::string out;
    for (std::size_t i = 0; i < shown; ++i)
        out += (i ? ", " : "") + brief(items[i]);
    return cut ? fmt::format("{}, +{} more", out, items.size() - shown) : out;
}

} // namespace ringwall::cli
