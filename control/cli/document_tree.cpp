// Trees of policy files: as JSON, and places by pointer.
#include <algorithm>
#include <charconv>

#include <boost/json/array.hpp>

#include "control/cli/documents.h"
#include "control/policy/fields.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;
using policy::Node;

// Below these keys everything is text, whatever it looks like.
bool holds_text_only(std::string_view key) {
    return key == "labels" || key == "scopes" || key == "scope" || key == "process" ||
           key == "name";
}

json::value scalar(const Node& node, bool text_only) {
    if (!node.plain || text_only)
        return json::string(node.text);
    if (node.text == "true" || node.text == "false")
        return node.text == "true";
    if (const auto number = policy::decimal(node.text))
        return *number;
    return json::string(node.text);
}

json::value converted(const Node& node, bool text_only) {
    switch (node.kind) {
    case Node::Kind::text:
        return scalar(node, text_only);
    case Node::Kind::sequence: {
        json::array out;
        for (const auto& item : node.items)
            out.push_back(converted(item, text_only));
        return out;
    }
    case Node::Kind::mapping: {
        json::object out;
        for (std::size_t i = 0; i < node.keys.size() && i < node.items.size(); ++i)
            out[node.keys[i].text] =
                converted(node.items[i], text_only || holds_text_only(node.keys[i].text));
        return out;
    }
    default:
        return nullptr;
    }
}

std::string unescaped(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool escape = token[i] == '~' && i + 1 < token.size();
        out += !escape ? token[i] : token[i + 1] == '1' ? '/' : '~';
        i += escape;
    }
    return out;
}

const Node* element(const Node& list, const std::string& token) {
    for (const auto& item : list.items)
        if (const auto* name = item.kind == Node::Kind::mapping ? item.find("name") : nullptr;
            name && name->text == token)
            return &item;
    const auto index = policy::decimal(token);
    return index && *index < list.items.size() ? &list.items[*index] : nullptr;
}

// The key is the better place for what is wrong with a field than its value, which may be far off.
const Node* step(const Node& node, const std::string& token, const Node*& shown) {
    if (node.kind == Node::Kind::sequence)
        return shown = element(node, token);
    if (node.kind != Node::Kind::mapping)
        return nullptr;
    const auto key = std::ranges::find(node.keys, token, &Node::text);
    const auto at = static_cast<std::size_t>(key - node.keys.begin());
    if (key == node.keys.end() || at >= node.items.size())
        return nullptr;
    const auto& value = node.items[at];
    shown = value.kind == Node::Kind::text ? &value : &*key;
    return &value;
}

} // namespace

json::value json_of(const Node& node) {
    return converted(node, false);
}

Place Document::place(std::string_view pointer) const {
    const Node* at = &node;
    const Node* shown = &node;
    while (at && pointer.starts_with('/')) {
        pointer.remove_prefix(1);
        const auto token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        const Node* better = nullptr;
        at = step(*at, unescaped(token), better);
        shown = better ? better : shown;
    }
    return {file, shown->line, shown->column};
}

} // namespace ringwall::cli
