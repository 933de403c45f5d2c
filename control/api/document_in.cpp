#include "control/api/document_in.h"

#include <fmt/format.h>

#include "control/api/access.h"
#include "control/api/fields.h"
#include "control/core/profile.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

void expect_text(Fields& fields, std::string_view key, std::string_view wanted) {
    fields.require(key);
    const auto given = fields.text(key);
    if (given && *given != wanted)
        fields.fault(
            key, fmt::format("{} is {} here, not {}", key, in_quotes(wanted), in_quotes(*given)));
}

std::optional<std::uint64_t> metadata_in(const json::value& metadata, const std::string& name,
                                         Faults& faults) {
    Fields fields(metadata, "/metadata", faults, {"name", "revision", "created", "changed"});
    expect_text(fields, "name", name);
    if (!is_name(name))
        fields.name("name");
    return fields.number("revision", 0, store::draft);
}

void check_spec(const core::KindInfo& kind, const std::string& name, const json::value& spec,
                Faults& faults) {
    if (kind.store == "user") {
        user_in(spec, "/spec", faults);
    } else if (kind.store == "token") {
        Fields fields(spec, "/spec", faults, {"role", "user", "scope", "expires", "created_by"});
        token_in(fields);
    } else if (kind.store == "pairing_profile") {
        if (spec.is_object() && spec.get_object().contains("tokens"))
            faults.push_back({{}, "/spec/tokens", "unknown field \"tokens\"; leave it out"});
        if (auto profile = core::parse_profile(name, spec); !profile)
            faults.insert(faults.end(), profile.error().faults.begin(),
                          profile.error().faults.end());
    }
}

// Documents that are no part of the policy, so that core::edit_of() does not know them.
Result<store::Edit> other_document(const core::KindInfo& kind, const std::string& name,
                                   const json::value& document) {
    Faults faults;
    Fields fields(document, "", faults, {"apiVersion", "kind", "metadata", "spec"});
    expect_text(fields, "apiVersion", "ringwall/v1");
    expect_text(fields, "kind", kind.document);
    fields.require("metadata");
    fields.require("spec");
    store::Edit out{{std::string(kind.store), name}, {}, {}};
    if (const json::value* metadata = fields.find("metadata"))
        out.expected = metadata_in(*metadata, name, faults);
    if (const json::value* spec = fields.find("spec")) {
        check_spec(kind, name, *spec, faults);
        out.body = *spec;
    }
    for (auto& fault : faults)
        fault.object = out.id;
    if (!faults.empty())
        return invalid(std::move(faults));
    return out;
}

} // namespace

Result<store::Edit> document_in(const core::KindInfo& kind, const std::string& name,
                                const json::value& document) {
    if (!kind.policy)
        return other_document(kind, name, document);
    auto edit = core::edit_of(document);
    if (!edit)
        return invalid(edit.error());
    if (edit->id.kind == kind.store && edit->id.name == name)
        return std::move(*edit);
    const bool other_kind = edit->id.kind != kind.store;
    return invalid(
        {{{std::string(kind.store), name},
          other_kind ? "/kind" : "/metadata/name",
          other_kind ? fmt::format("a document at this address has the kind {}", kind.document)
                     : fmt::format("the name in the document is {}, the one in the address "
                                   "{}; write the same",
                                   in_quotes(edit->id.name), in_quotes(name))}});
}

} // namespace ringwall::api
