// The configuration file: flat YAML, the same names as on the command line.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "agent/options.h"

namespace ringwall::agent {
namespace {

using Done = std::expected<void, OptionsError>;

std::string at(const std::string& file, const YAML::Mark& mark) {
    return mark.is_null() ? file : Place{file, mark.line + 1, mark.column + 1}.text();
}

const Setting* find(const std::string& name) {
    const auto all = settings();
    auto found = std::ranges::find(all, name, &Setting::name);
    return found == all.end() ? nullptr : &*found;
}

Done apply_value(const Setting& setting, const YAML::Node& value, const std::string& file,
                 Options& options) {
    if (value.IsScalar())
        return apply_setting(setting, value.Scalar(), at(file, value.Mark()), options);
    if (!value.IsSequence() || !setting.list)
        return fail(OptionsErrc::bad_value,
                    fmt::format("{}: {} takes {}", at(file, value.Mark()), setting.name,
                                setting.list ? "one value or a list" : "one value"));
    for (const auto& item : value) {
        if (!item.IsScalar())
            return fail(OptionsErrc::bad_value, fmt::format("{}: {} takes plain values",
                                                            at(file, item.Mark()), setting.name));
        if (auto done = apply_setting(setting, item.Scalar(), at(file, item.Mark()), options);
            !done)
            return done;
    }
    return {};
}

Done apply_map(const YAML::Node& root, const std::string& file, Options& options) {
    std::set<std::string> seen;
    for (const auto& pair : root) {
        const auto place = at(file, pair.first.Mark());
        const auto key = pair.first.IsScalar() ? pair.first.Scalar() : std::string("(not a name)");
        const auto* setting = find(key);
        if (!setting)
            return fail(OptionsErrc::unknown_key,
                        fmt::format("{}: unknown setting '{}'; 'ringwall-agent run --help' lists "
                                    "them, names are written as there without the dashes in front",
                                    place, key));
        if (!seen.insert(key).second)
            return fail(OptionsErrc::syntax,
                        fmt::format("{}: '{}' is set twice: remove one", place, key));
        if (auto done = apply_value(*setting, pair.second, file, options); !done)
            return done;
    }
    return {};
}

} // namespace

Done apply_config(std::string_view text, const std::string& file, Options& options) {
    try {
        const auto root = YAML::Load(std::string(text));
        if (root.IsNull())
            return {};
        if (!root.IsMap())
            return fail(OptionsErrc::syntax,
                        fmt::format("{}: write one setting per line, 'name: value'",
                                    at(file, root.Mark())));
        return apply_map(root, file, options);
    } catch (const YAML::Exception& error) {
        return fail(OptionsErrc::syntax,
                    fmt::format("{}: not valid YAML: {}", at(file, error.mark), error.msg));
    }
}

} // namespace ringwall::agent
