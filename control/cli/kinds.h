// The nouns of the command line: kinds of objects, as people and as the API write them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/command.h"

namespace ringwall::cli {

struct Kind {
    std::string_view document; // "RuleSet"
    std::string_view path;     // "rule-sets"
    std::string_view singular; // "ruleset"
    std::string_view brief;    // "rs"
    std::string_view store;    // "rule_set"
    bool policy;               // a document of policy files: /apply takes it
    bool provisioned;          // has draft and versions
};
std::span<const Kind> kinds();

const Kind* kind_of_document(std::string_view document); // "RuleSet", also "rule_set"
// Singular, plural, short form or the document's kind, in any case, with or without hyphens.
// usage: the sentence names the nearest.
Result<const Kind*> kind_named(std::string_view noun);

struct Reference {
    const Kind* kind = nullptr;
    std::string name;
};
// "ruleset/payments"
Result<Reference> reference(std::string_view text);
// "KIND NAME..." or "KIND/NAME..."; a kind alone has no names.
Result<std::vector<Reference>> references(const std::vector<std::string>& operands);

} // namespace ringwall::cli
