#include "control/cli/yaml.h"

#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <yaml-cpp/emitter.h>

#include "control/policy/fields.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

// Would the strict reader take it for text when it stands without quotes?
bool is_plain_text(const std::string& text) {
    std::vector<model::Problem> problems;
    policy::Context context({}, problems);
    policy::Node node;
    node.kind = policy::Node::Kind::text;
    node.plain = true;
    node.text = text;
    return policy::text(context, node, "") && text != "null" && text != "Null" && text != "NULL" &&
           text != "~";
}

void emit_text(YAML::Emitter& out, json::string_view view) {
    const std::string text(view);
    if (!is_plain_text(text))
        out << YAML::DoubleQuoted;
    out << text;
}

// [80, "8000-8080"] reads better than two lines.
bool is_short(const json::array& array) {
    std::size_t width = 0;
    for (const auto& item : array) {
        if (item.is_structured())
            return false;
        width += json::serialize(item).size() + 2;
    }
    return width < 70;
}

void emit(YAML::Emitter& out, const json::value& value) {
    switch (value.kind()) {
    case json::kind::object:
        if (value.get_object().empty())
            out << YAML::Flow;
        out << YAML::BeginMap;
        for (const auto& [key, member] : value.get_object()) {
            out << YAML::Key;
            emit_text(out, key);
            out << YAML::Value;
            emit(out, member);
        }
        out << YAML::EndMap;
        return;
    case json::kind::array:
        if (is_short(value.get_array()))
            out << YAML::Flow;
        out << YAML::BeginSeq;
        for (const auto& item : value.get_array())
            emit(out, item);
        out << YAML::EndSeq;
        return;
    case json::kind::string:
        return emit_text(out, value.get_string());
    case json::kind::null:
        out << YAML::Null;
        return;
    default: // numbers, true and false are written as in JSON
        out << json::serialize(value);
    }
}

} // namespace

std::string yaml_text(const json::value& value) {
    YAML::Emitter out;
    emit(out, value);
    return std::string(out.c_str(), out.size()) + "\n";
}

} // namespace ringwall::cli
