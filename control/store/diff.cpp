#include "control/store/diff.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace ringwall::store {
namespace {

namespace json = boost::json;
using Kind = Difference::Kind;

std::string_view name_of(const json::value& element) {
    const auto& name = element.get_object().at("name").get_string();
    return {name.data(), name.size()};
}

std::string below(const std::string& pointer, std::string_view token) {
    std::string out = pointer + '/';
    for (char c : token)
        out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return out;
}

std::map<std::string_view, const json::value*> by_name(const json::array& array) {
    std::map<std::string_view, const json::value*> out;
    for (const auto& element : array)
        out[name_of(element)] = &element;
    return out;
}

class Differ {
  public:
    void values(const std::string& at, const json::value& before, const json::value& after) {
        if (before == after)
            return;
        if (before.is_object() && after.is_object())
            return objects(at, before.get_object(), after.get_object());
        if (before.is_array() && after.is_array())
            return arrays(at, before.get_array(), after.get_array());
        found_.push_back({at, Kind::changed, before, after});
    }
    std::vector<Difference> take() { return std::move(found_); }

  private:
    void added(const std::string& at, const json::value& value) {
        found_.push_back({at, Kind::added, std::nullopt, value});
    }
    void removed(const std::string& at, const json::value& value) {
        found_.push_back({at, Kind::removed, value, std::nullopt});
    }

    void objects(const std::string& at, const json::object& before, const json::object& after) {
        std::set<std::string_view> keys;
        for (const auto* object : {&before, &after})
            for (const auto& member : *object)
                keys.emplace(member.key().data(), member.key().size());
        for (auto key : keys) {
            const auto* was = before.if_contains(key);
            const auto* is = after.if_contains(key);
            if (was && is)
                values(below(at, key), *was, *is);
            else if (was)
                removed(below(at, key), *was);
            else
                added(below(at, key), *is);
        }
    }

    void arrays(const std::string& at, const json::array& before, const json::array& after) {
        const bool named = has_named_elements(before) && has_named_elements(after);
        const bool either = (has_named_elements(before) && !before.empty()) ||
                            (has_named_elements(after) && !after.empty());
        if (named)
            named_elements(at, before, after);
        else if (either)
            found_.push_back({at, Kind::changed, before, after});
        else
            elements(at, before, after);
    }

    void named_elements(const std::string& at, const json::array& before,
                        const json::array& after) {
        const auto was = by_name(before), is = by_name(after);
        json::array expected, present;
        for (const auto& element : before)
            if (is.contains(name_of(element)))
                expected.emplace_back(name_of(element));
            else
                removed(below(at, name_of(element)), element);
        for (const auto& element : before)
            if (const auto match = is.find(name_of(element)); match != is.end())
                values(below(at, match->first), element, *match->second);
        for (const auto& element : after) {
            present.emplace_back(name_of(element));
            if (was.contains(name_of(element)))
                continue;
            expected.emplace_back(name_of(element));
            added(below(at, name_of(element)), element);
        }
        if (expected != present)
            found_.push_back({at, Kind::reordered, expected, present});
    }

    // What both begin and end with is left out, so one insertion is one difference.
    void elements(const std::string& at, const json::array& before, const json::array& after) {
        const auto shorter = std::min(before.size(), after.size());
        std::size_t head = 0, tail = 0;
        while (head < shorter && before[head] == after[head])
            ++head;
        while (tail < shorter - head &&
               before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
            ++tail;
        const auto pairs = shorter - tail;
        for (auto i = pairs; i < before.size() - tail; ++i)
            removed(below(at, std::to_string(i)), before[i]);
        for (auto i = head; i < pairs; ++i)
            values(below(at, std::to_string(i)), before[i], after[i]);
        for (auto i = pairs; i < after.size() - tail; ++i)
            added(below(at, std::to_string(i)), after[i]);
    }

    std::vector<Difference> found_;
};

} // namespace

bool has_named_elements(const json::array& array) {
    std::set<std::string_view> names;
    for (const auto& element : array) {
        const auto* object = element.if_object();
        const auto* name = object ? object->if_contains("name") : nullptr;
        if (!name || !name->is_string() || !names.insert(name_of(element)).second)
            return false;
    }
    return true;
}

std::vector<Difference> diff(const json::value& before, const json::value& after) {
    Differ differ;
    differ.values("", before, after);
    return differ.take();
}

} // namespace ringwall::store
