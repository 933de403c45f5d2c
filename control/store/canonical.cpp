#include "control/store/canonical.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <boost/json/serialize.hpp>

namespace ringwall::store {
namespace {

namespace json = boost::json;

class Writer {
  public:
    bool write(const json::value& value, int depth) {
        if (depth > deepest_json)
            return false;
        if (const auto* object = value.if_object())
            return write(*object, depth);
        if (const auto* array = value.if_array())
            return write(*array, depth);
        out_ += json::serialize(value);
        return true;
    }
    std::string take() { return std::move(out_); }

  private:
    bool write(const json::object& object, int depth) {
        std::vector<const json::key_value_pair*> members;
        for (const auto& member : object)
            members.push_back(&member);
        std::ranges::sort(members, {}, [](const auto* member) {
            return std::string_view(member->key().data(), member->key().size());
        });
        out_ += '{';
        for (const auto* member : members) {
            if (member != members.front())
                out_ += ',';
            out_ += json::serialize(member->key()) + ':';
            if (!write(member->value(), depth + 1))
                return false;
        }
        out_ += '}';
        return true;
    }

    bool write(const json::array& array, int depth) {
        out_ += '[';
        for (const auto& element : array) {
            if (&element != array.data())
                out_ += ',';
            if (!write(element, depth + 1))
                return false;
        }
        out_ += ']';
        return true;
    }

    std::string out_;
};

} // namespace

std::optional<std::string> canonical(const json::value& value) {
    Writer writer;
    if (!writer.write(value, 0))
        return std::nullopt;
    return writer.take();
}

} // namespace ringwall::store
