#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/policy/scalars.h"

namespace ringwall::policy {
namespace {

bool clean_absolute(const std::string& path) {
    return path.starts_with('/') && path.size() > 1 && !path.ends_with('/') &&
           (path + "/").find("/../") == std::string::npos &&
           (path + "/").find("/./") == std::string::npos && path.find("//") == std::string::npos;
}

void check_path(Context& context, const Node& node, const std::string& path) {
    if (path != "[kernel]" && !clean_absolute(path))
        context.error(node, fmt::format("process path {} is not absolute and plain; write it as "
                                        "the process sees it, such as /usr/sbin/named",
                                        in_quotes(path)));
}

void check_name(Context& context, const Node& node, const std::string& name) {
    if (name.find('/') != std::string::npos)
        context.error(node, fmt::format("process name {} has a slash; write path: for a whole "
                                        "path, or the last part only",
                                        in_quotes(name)));
}

void check_unit(Context& context, const Node& node, const std::string& unit) {
    static constexpr std::array suffixes{".service", ".scope", ".slice",
                                         ".socket",  ".mount", ".swap"};
    const bool named = std::ranges::any_of(
        suffixes, [&](std::string_view suffix) { return unit.ends_with(suffix); });
    if (unit.find('/') != std::string::npos) {
        if (!clean_absolute(unit))
            context.error(node, fmt::format("unit {} is no absolute cgroup path; write one such as "
                                            "/system.slice/named.service",
                                            in_quotes(unit)));
    } else if (!named) {
        context.error(
            node, fmt::format("unit {} has no unit type; write {}.service", in_quotes(unit), unit));
    }
}

void check_digest(Context& context, const Node& node, const std::string& digest) {
    const bool hex = digest.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (digest.size() != 64 || !hex)
        context.error(node, "sha256 must be 64 hexadecimal digits in lower case; write what "
                            "sha256sum prints");
}

} // namespace

std::optional<model::ProcessSelector> process(Context& context, const Node& node) {
    const Fields fields(context, node, "process", "process: {unit: named.service}",
                        {"path", "name", "unit", "container", "user", "group", "sha256"});
    if (!fields.is_mapping())
        return std::nullopt;
    if (node.keys.empty()) {
        context.error(node, "process has no parts; write at least one of path, name, unit, "
                            "container, user, group, sha256");
        return std::nullopt;
    }
    model::ProcessSelector out;
    out.place = context.place(node);
    const auto part = [&](const char* key, std::string& into, auto check) {
        const Node* value = fields.find(key);
        const auto read =
            value ? text_or_number(context, *value, std::string("process ") + key) : std::nullopt;
        if (read) {
            into = *read;
            check(context, *value, into);
        }
    };
    const auto any = [](Context&, const Node&, const std::string&) {};
    part("path", out.path, check_path);
    part("name", out.name, check_name);
    part("unit", out.unit, check_unit);
    part("container", out.container, any);
    part("user", out.user, any);
    part("group", out.group, any);
    if (const Node* digest = fields.find("sha256"); digest && digest->kind == Node::Kind::text) {
        out.sha256 = digest->text;
        check_digest(context, *digest, out.sha256);
    } else if (digest) {
        text(context, *digest, "process sha256");
    }
    return out;
}

} // namespace ringwall::policy
