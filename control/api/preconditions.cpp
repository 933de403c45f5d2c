#include "control/api/preconditions.h"

#include <charconv>

#include <fmt/format.h>

#include "control/api/render.h"

namespace ringwall::api {
namespace {

std::unexpected<Problem> bad_header(const std::string& header) {
    return malformed(
        fmt::format("the header {} is * or a revision in quotes, as ETag gave it: \"17\"", header));
}

std::optional<std::uint64_t> revision_in(std::string_view text) {
    if (text.starts_with("W/"))
        text.remove_prefix(2);
    if (text.size() < 3 || text.front() != '"' || text.back() != '"')
        return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::uint64_t out = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = error == std::errc() && stop == text.data() + text.size();
    return whole ? std::optional(out) : std::nullopt;
}

} // namespace

Result<Revisions> revisions_in(const http::Request& request, const std::string& header) {
    const auto found = request.headers.find(header);
    Revisions out;
    if (found == request.headers.end())
        return out;
    std::string_view rest = found->second;
    if (rest == "*") {
        out.any = true;
        return out;
    }
    while (true) {
        const auto comma = rest.find(',');
        auto part = rest.substr(0, comma);
        while (part.starts_with(' '))
            part.remove_prefix(1);
        const auto revision = revision_in(part);
        if (!revision)
            return bad_header(header);
        out.revisions.insert(*revision);
        if (comma == rest.npos)
            return out;
        rest.remove_prefix(comma + 1);
    }
}

Result<Expected> expected_in(const Context& context, const http::Request& request,
                             const store::ObjectId& id) {
    const auto match = revisions_in(request, "if-match");
    const auto none = revisions_in(request, "if-none-match");
    if (!match || !none)
        return std::unexpected(match ? none.error() : match.error());
    if (!none->revisions.empty() || match->revisions.size() > 1)
        return malformed("a change takes If-Match with one revision, or If-None-Match: *");
    const bool given = match->any || !match->revisions.empty();
    if (none->any && given)
        return malformed("If-Match and If-None-Match contradict each other; send one of them");
    if (none->any)
        return Expected{0, true};
    if (!match->any)
        return given ? Expected{*match->revisions.begin(), false} : Expected{};
    const auto object = context.controller.store().object(id);
    if (object)
        return Expected{object->revision, false};
    if (object.error().code != store::Errc::not_found)
        return std::unexpected(from(object.error()));
    return std::unexpected(Problem{
        412, "stale",
        fmt::format("there is no {} {}, and If-Match: * wants one", kind_word(id.kind), id.name)});
}

} // namespace ringwall::api
