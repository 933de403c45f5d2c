#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "control/policy/objects.h"
#include "control/policy/scalars.h"

namespace ringwall::policy {
namespace {

using model::LabelSelector;
using model::Selector;

constexpr std::array<std::string_view, 7> selector_words{"group", "workload", "list",   "any",
                                                         "all",   "not",      "process"};
constexpr std::array<std::string_view, 4> single_forms{"workload", "list", "any", "all"};

bool is_selector_word(std::string_view key) {
    return std::ranges::find(selector_words, key) != selector_words.end();
}

bool good_label_key(Context& context, const Node& key) {
    const bool good = !key.text.empty() && key.text.size() <= 63 &&
                      std::ranges::all_of(key.text, [](unsigned char c) {
                          return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/';
                      });
    if (!good)
        context.error(key, fmt::format("label key {} must be 1 to 63 letters, digits, \".\", "
                                       "\"_\", \"-\" or \"/\"; rename it",
                                       in_quotes(key.text)));
    else if (key.plain && !text(context, key, "label key"))
        return false;
    return good;
}

void read_values(Context& context, const Node& key, const Node& value,
                 std::set<std::string>& values) {
    const std::string what = "label " + key.text;
    if (value.kind == Node::Kind::null) {
        context.error(key, what + " has no value; write one or leave the key out");
    } else if (value.kind == Node::Kind::sequence) {
        if (const auto* several = items(context, value, what, "at least one value"))
            for (const Node& item : *several)
                if (auto one = text(context, item, what); one && !values.insert(*one).second)
                    context.error(
                        item, fmt::format("{} names {} twice; keep one", what, in_quotes(*one)));
    } else if (auto one = text(context, value, what)) {
        values.insert(*one);
    }
}

void read_not(Context& context, const Node& value, std::vector<LabelSelector>& none_of) {
    if (value.kind != Node::Kind::sequence) {
        if (auto excluded = label_selector(context, value, "not"))
            none_of.push_back(std::move(*excluded));
        return;
    }
    if (const auto* several = items(context, value, "not", "not: {env: Test}"))
        for (const Node& item : *several)
            if (auto excluded = label_selector(context, item, "not"))
                none_of.push_back(std::move(*excluded));
}

void read_label_key(Context& context, const Node& key, const Node& value, LabelSelector& out) {
    if (key.text == "group") {
        if (auto group = name(context, value, "group"))
            out.groups.insert(*group);
    } else if (key.text == "not") {
        read_not(context, value, out.none_of);
    } else if (is_selector_word(key.text)) {
        context.error(
            key, fmt::format("\"{}\" cannot stand here; only labels, group and not can", key.text));
    } else if (good_label_key(context, key)) {
        std::set<std::string> values;
        read_values(context, key, value, values);
        if (!values.empty())
            out.labels.emplace(key.text, std::move(values));
    }
}

bool is_mapping(Context& context, const Node& node, const std::string& what) {
    if (node.kind == Node::Kind::mapping && !node.keys.empty())
        return true;
    if (node.kind == Node::Kind::mapping)
        context.error(node, what + " is empty; write labels such as {role: Web Server}" +
                                (what.ends_with("from") || what.ends_with("to")
                                     ? ", or {all: true} for every workload"
                                     : ""));
    else if (node.kind != Node::Kind::broken)
        context.error(node, what + " must be a mapping; write labels such as {role: Web Server}");
    return false;
}

const Node* single_form(const Node& node, std::size_t& at) {
    for (std::size_t i = 0; i < node.keys.size(); ++i)
        if (std::ranges::find(single_forms, node.keys[i].text) != single_forms.end()) {
            at = i;
            return &node.keys[i];
        }
    return nullptr;
}

void read_single_form(Context& context, const Node& key, const Node& value, Selector& out) {
    const bool named = key.text == "workload" || key.text == "list";
    if (named) {
        out.form = key.text == "list" ? Selector::Form::list : Selector::Form::workload;
        if (auto read = name(context, value, key.text))
            out.name = *read;
        return;
    }
    out.form = key.text == "any" ? Selector::Form::any : Selector::Form::all;
    if (const auto yes = boolean(context, value, key.text); yes && !*yes)
        context.error(value, fmt::format("{0}: false selects nothing; write {0}: true or remove it",
                                         key.text));
}

void refuse_other_keys(Context& context, const Node& node, const Node& form) {
    for (const Node& key : node.keys)
        if (key.text != form.text && key.text != "process")
            context.error(key, fmt::format("\"{}\" cannot stand beside \"{}\"; write two entries, "
                                           "one for each",
                                           key.text, form.text));
}

void read_process(Context& context, const Node& node, bool source, Selector& out) {
    const Node* value = node.find("process");
    if (!value)
        return;
    if (!source) {
        const auto key = std::ranges::find(node.keys, "process", &Node::text);
        context.error(*key, "a process selector of the destination belongs to the service; write "
                            "services: [{proto: tcp, ports: [80], process: {...}}]");
        return;
    }
    out.process = process(context, *value);
}

} // namespace

std::optional<LabelSelector> label_selector(Context& context, const Node& node,
                                            const std::string& what) {
    if (!is_mapping(context, node, what))
        return std::nullopt;
    LabelSelector out;
    for (std::size_t i = 0; i < node.keys.size(); ++i)
        read_label_key(context, node.keys[i], node.items[i], out);
    return out;
}

std::optional<Selector> selector(Context& context, const Node& node, bool source) {
    const std::string what = source ? "an entry of from" : "an entry of to";
    if (!is_mapping(context, node, what))
        return std::nullopt;
    Selector out;
    out.place = context.place(node);
    read_process(context, node, source, out);
    std::size_t at = 0;
    if (const Node* form = single_form(node, at)) {
        refuse_other_keys(context, node, *form);
        read_single_form(context, *form, node.items[at], out);
        return out;
    }
    bool any_key = false;
    for (std::size_t i = 0; i < node.keys.size(); ++i)
        if (node.keys[i].text != "process") {
            read_label_key(context, node.keys[i], node.items[i], out.labels);
            any_key = true;
        }
    if (!any_key)
        context.error(node, "process stands alone; say which workloads, for example {all: true, "
                            "process: {...}}");
    return out;
}

model::Labels one_value_labels(Context& context, const Node& node, const std::string& what,
                               const std::string& several_values_cure) {
    model::Labels out;
    if (!is_mapping(context, node, what))
        return out;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Node& key = node.keys[i];
        const Node& value = node.items[i];
        if (is_selector_word(key.text))
            context.error(key, fmt::format("\"{}\" is a word of the policy language and cannot be "
                                           "a label key; rename it",
                                           key.text));
        else if (value.kind == Node::Kind::null)
            context.error(key, fmt::format("label {} has no value; write one or leave the key out",
                                           key.text));
        else if (value.kind == Node::Kind::sequence)
            context.error(value, fmt::format("label {} has a list of values; {}", key.text,
                                             several_values_cure));
        else if (good_label_key(context, key))
            if (auto one = text(context, value, "label " + key.text))
                out.emplace(key.text, *one);
    }
    return out;
}

} // namespace ringwall::policy
