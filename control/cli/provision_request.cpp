#include "control/cli/provision_request.h"

#include <charconv>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/git.h"
#include "control/cli/kinds.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

template <typename Number>
Result<Number> number_of(std::string_view text, std::string_view what) {
    Number out{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc{} && end == text.data() + text.size())
        return out;
    return std::unexpected(
        Error{Exit::usage, fmt::format("{} takes a number, not '{}'", what, text)});
}

Result<void> add_canary(const Arguments& arguments, json::object& body) {
    const bool any =
        arguments.has("--first") || arguments.has("--percent") || arguments.has("--max-blocks");
    if (!any)
        return {};
    json::object canary;
    if (arguments.has("--first"))
        canary["query"] = arguments.get("--first");
    if (arguments.has("--percent")) {
        const auto percent = number_of<double>(arguments.get("--percent"), "--percent");
        if (!percent)
            return std::unexpected(percent.error());
        canary["percent"] = *percent;
    }
    if (arguments.has("--max-blocks")) {
        const auto most = number_of<std::uint64_t>(arguments.get("--max-blocks"), "--max-blocks");
        if (!most)
            return std::unexpected(most.error());
        canary["max_blocks"] = *most;
    }
    body["canary"] = std::move(canary);
    return {};
}

Result<void> add_common(const Arguments& arguments, json::object& body) {
    auto note = note_of(arguments);
    if (!note)
        return std::unexpected(note.error());
    if (!note->empty())
        body["note"] = *note;
    if (arguments.has("--confirm-within")) {
        const auto seconds = parse_duration(arguments.get("--confirm-within"));
        if (!seconds)
            return std::unexpected(seconds.error());
        body["confirm_within_s"] = *seconds;
    }
    return {};
}

Result<void> add_selection(const Arguments& arguments, json::object& body) {
    json::array objects;
    for (const auto& operand : arguments.operands) {
        auto one = reference(operand);
        if (!one)
            return std::unexpected(one.error());
        objects.push_back(json::object{{"kind", one->kind->document}, {"name", one->name}});
    }
    if (!objects.empty())
        body["objects"] = std::move(objects);
    return {};
}

} // namespace

Result<json::object> provision_request(const Arguments& arguments) {
    json::object body;
    for (const auto add : {add_selection, add_common, add_canary})
        if (auto added = add(arguments, body); !added)
            return std::unexpected(added.error());
    return body;
}

Result<json::object> stage_request(const Arguments& arguments) {
    json::object body;
    if (auto added = add_selection(arguments, body); !added)
        return std::unexpected(added.error());
    if (arguments.has("--note"))
        body["note"] = arguments.get("--note");
    return body;
}

Result<json::object> rollback_request(const Arguments& arguments) {
    const auto to = number_of<std::uint64_t>(arguments.operand, "rollback");
    if (!to)
        return std::unexpected(to.error());
    json::object body{{"to", *to}};
    if (auto added = add_common(arguments, body); !added)
        return std::unexpected(added.error());
    return body;
}

} // namespace ringwall::cli
