#include "control/store/request.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/store/canonical.h"
#include "control/store/connection.h"

namespace ringwall::store {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_name = 255;
constexpr std::array outcomes = {"created", "changed", "removed", "unchanged"}; // as the enum

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void check_name(const ObjectId& id) {
    if (id.name.empty() || id.name.size() > longest_name)
        fail(Errc::invalid, fmt::format("the name of a {} has {} bytes; it needs 1 to {}", id.kind,
                                        id.name.size(), longest_name));
    if (std::ranges::any_of(id.name, is_control))
        fail(Errc::invalid,
             fmt::format("the name of a {} has a control character in it; leave it out", id.kind));
}

template <typename T>
json::value or_null(const std::optional<T>& value) {
    return value ? json::value(*value) : json::value(nullptr);
}

std::uint64_t number_of(const json::value& value) {
    return value.to_number<std::uint64_t>();
}

std::string text_of(const json::value& value) {
    return json::value_to<std::string>(value);
}

} // namespace

const char* name(Outcome outcome) {
    return outcomes.at(static_cast<std::size_t>(outcome));
}

void check_kind(const std::string& kind, const std::set<std::string>& immediate,
                const std::set<std::string>& provisioned) {
    if (!immediate.contains(kind) && !provisioned.contains(kind))
        fail(Errc::invalid, fmt::format("there is no kind '{}'; the kinds are {}, {}", kind,
                                        fmt::join(immediate, ", "), fmt::join(provisioned, ", ")));
}

void check(const Author& by) {
    if (by.actor.empty())
        fail(Errc::invalid, "a change needs an actor; say who asks for it");
}

void check(const Change& change) {
    check(change.by);
    if (change.edits.empty())
        fail(Errc::invalid, "the change has no edits; name at least one object");
    std::set<ObjectId> seen;
    for (const auto& edit : change.edits) {
        check_name(edit.id);
        if (!seen.insert(edit.id).second)
            fail(Errc::invalid,
                 fmt::format("{} is edited twice in one change; keep one of the edits",
                             edit.id.text()));
    }
}

std::vector<std::optional<std::string>> texts_of(const Change& change) {
    std::vector<std::optional<std::string>> out;
    for (const auto& edit : change.edits) {
        if (!edit.body) {
            out.emplace_back();
            continue;
        }
        if (!edit.body->is_object())
            fail(Errc::invalid,
                 fmt::format("the body of {} is no JSON object; send {{...}}", edit.id.text()));
        out.push_back(canonical(*edit.body));
        if (!out.back())
            fail(Errc::invalid, fmt::format("the body of {} is nested deeper than {} levels",
                                            edit.id.text(), deepest_json));
    }
    return out;
}

std::string content_of(const Change& change, const std::vector<std::optional<std::string>>& texts) {
    json::array out{"commit"};
    for (std::size_t i = 0; i < change.edits.size(); ++i) {
        const auto& edit = change.edits[i];
        out.push_back({edit.id.kind, edit.id.name, or_null(texts[i]), or_null(edit.expected)});
    }
    return json::serialize(out);
}

std::string content_of(const Provision& request) {
    if (!request.asked.empty())
        return "provision " + request.asked;
    json::array out{"provision", request.note, or_null(request.base)};
    if (request.selection)
        for (const auto& each : *request.selection)
            out.push_back({each.id.kind, each.id.name, or_null(each.revision)});
    else
        out.emplace_back("all");
    return json::serialize(out);
}

std::string content_of(const Rollback& request) {
    return json::serialize(json::array{"rollback", request.to, request.note, or_null(request.base),
                                       request.keep_draft});
}

json::value json_of(const Receipt& receipt) {
    json::array out;
    for (const auto& edit : receipt.edits)
        out.push_back({edit.id.kind, edit.id.name, name(edit.outcome), edit.revision});
    return out;
}

Receipt receipt_of(const json::value& json) {
    Receipt out;
    for (const auto& edit : json.as_array()) {
        const auto outcome = std::ranges::find(outcomes, text_of(edit.at(2))) - outcomes.begin();
        out.edits.push_back({{text_of(edit.at(0)), text_of(edit.at(1))},
                             static_cast<Outcome>(outcome),
                             number_of(edit.at(3))});
    }
    return out;
}

} // namespace ringwall::store
