#include "control/policy/json.h"

#include <boost/json/serialize.hpp>

namespace ringwall::policy {
namespace {

namespace json = boost::json;

class Converter {
  public:
    explicit Converter(std::vector<std::string>& pointers) : pointers_(pointers) {}

    Node convert(const json::value& value, const std::string& pointer) {
        pointers_.push_back(pointer);
        Node node;
        node.line = static_cast<int>(pointers_.size());
        if (const auto* object = value.if_object())
            members(*object, pointer, node);
        else if (const auto* array = value.if_array())
            elements(*array, pointer, node);
        else
            scalar(value, node);
        return node;
    }

  private:
    void members(const json::object& object, const std::string& pointer, Node& node) {
        node.kind = Node::Kind::mapping;
        for (const auto& member : object) {
            const auto place = pointer_to(pointer, member.key());
            node.items.push_back(convert(member.value(), place));
            Node key;
            key.kind = Node::Kind::text;
            key.line = node.items.back().line;
            key.text = member.key();
            node.keys.push_back(std::move(key));
        }
    }

    void elements(const json::array& array, const std::string& pointer, Node& node) {
        node.kind = Node::Kind::sequence;
        for (std::size_t i = 0; i < array.size(); ++i)
            node.items.push_back(convert(array[i], pointer_to(pointer, std::to_string(i))));
    }

    static void scalar(const json::value& value, Node& node) {
        if (value.is_null())
            return;
        node.kind = Node::Kind::text;
        node.plain = !value.is_string();
        node.text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
    }

    std::vector<std::string>& pointers_;
};

} // namespace

std::string pointer_to(const std::string& parent, std::string_view token) {
    std::string out = parent + "/";
    for (const char c : token)
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    return out;
}

JsonTree from_json(const json::value& value) {
    JsonTree out;
    out.root = Converter(out.pointers).convert(value, "");
    return out;
}

} // namespace ringwall::policy
