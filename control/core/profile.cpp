#include "control/core/profile.h"

#include <algorithm>
#include <array>

#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include "common/time.h"
#include "control/core/document.h"
#include "control/policy/fields.h"
#include "control/policy/json.h"
#include "control/policy/objects.h"

namespace ringwall::core {
namespace {

namespace json = boost::json;
using policy::Context;
using policy::Fields;
using policy::Node;

constexpr unsigned most_uses = 1'000'000;
constexpr std::array modes{model::Mode::idle, model::Mode::visibility, model::Mode::selective,
                           model::Mode::full};

void read_limits(Context& context, const Fields& fields, pki::Profile& out) {
    if (const Node* value = fields.find("uses")) {
        const auto number = policy::decimal(value->text);
        if (!value->plain || !number || *number > most_uses)
            context.error(*value, fmt::format("uses is a whole number up to {}; write how many "
                                              "hosts may pair, or leave it out",
                                              most_uses));
        else
            out.uses_left = *number;
    }
    if (const Node* value = fields.find("expires")) {
        out.expires = parse_rfc3339(value->text);
        if (!out.expires)
            context.error(*value, fmt::format("expires {} is no time; write one such as "
                                              "\"2026-12-31T23:59:59Z\"",
                                              policy::in_quotes(value->text)));
    }
}

void read_locked(Context& context, const Fields& fields, pki::Profile& out) {
    const Node* locked = fields.find("locked");
    if (!locked)
        return;
    if (locked->kind != Node::Kind::sequence)
        return context.error(*locked, "locked is a list of label keys and \"mode\"; write "
                                      "locked: [env]");
    for (const Node& key : locked->items)
        if (auto word = policy::text(context, key, "a locked key"))
            out.locked.insert(*word);
}

void read_flags(Context& context, const Fields& fields, pki::Profile& out) {
    if (const Node* value = fields.find("mode"))
        if (const auto i = policy::one_of(context, *value, "mode",
                                          {"idle", "visibility", "selective", "full"}))
            out.mode = modes[*i];
    if (const Node* value = fields.find("replace"))
        out.may_replace = policy::boolean(context, *value, "replace").value_or(false);
    if (const Node* value = fields.find("revoked"))
        out.revoked = policy::boolean(context, *value, "revoked").value_or(false);
}

void read_labels(Context& context, const Fields& fields, pki::Profile& out) {
    const Node* labels = fields.find("labels");
    if (labels && !labels->keys.empty())
        out.labels = policy::one_value_labels(
            context, *labels, "labels", "a workload has one value per key, write one of them");
}

} // namespace

Result<StoredProfile> parse_profile(const std::string& name, const json::value& spec) {
    const auto tree = policy::from_json(json::object{{"spec", spec}});
    std::vector<model::Problem> problems;
    Context context("PairingProfile/" + name, tree.pointers, problems);
    const Fields fields(
        context, *tree.root.find("spec"), "spec of a PairingProfile",
        "spec: {labels: {env: Production}, uses: 10}",
        {"labels", "mode", "locked", "uses", "expires", "replace", "revoked", "tokens"});
    StoredProfile out;
    out.profile.name = name;
    read_labels(context, fields, out.profile);
    read_flags(context, fields, out.profile);
    read_limits(context, fields, out.profile);
    read_locked(context, fields, out.profile);
    if (const Node* tokens = fields.find("tokens"))
        for (const Node& token : tokens->items)
            out.tokens.push_back(token.text);
    if (problems.empty())
        return out;
    return std::unexpected(Error{Errc::invalid, problems.front().message, faults_of(problems)});
}

json::object to_json(const StoredProfile& stored) {
    const auto& profile = stored.profile;
    json::object out;
    json::object labels;
    for (const auto& [key, value] : profile.labels)
        labels[key] = value;
    out["labels"] = std::move(labels);
    out["mode"] = model::name(profile.mode);
    out["locked"] = json::value_from(profile.locked);
    if (profile.uses_left)
        out["uses"] = *profile.uses_left;
    if (profile.expires)
        out["expires"] = rfc3339(*profile.expires * 1'000'000'000);
    out["replace"] = profile.may_replace;
    out["revoked"] = profile.revoked;
    if (!stored.tokens.empty())
        out["tokens"] = json::value_from(stored.tokens);
    return out;
}

json::object token_of(const std::string& profile) {
    return {{"profile", profile}};
}

} // namespace ringwall::core
