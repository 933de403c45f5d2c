// Edits of objects: may this principal make them, and what they came to.
#pragma once

#include <string>
#include <vector>

#include "control/api/endpoint.h"

namespace ringwall::api {

// Kinds of documents that only an administrator reads and writes.
bool is_administered(const core::KindInfo& kind);

// What a workload's body says; what is no label is left out.
model::Labels labels_of(const boost::json::value& spec);
Result<model::Labels> labels_of_workload(const Context& context, const std::string& name);
// Do the labels of this workload lie inside what the principal may see?
bool sees(const Context& context, const Principal& who, const std::string& workload);

// May the principal write this? Where the role is narrowed: labels and scopes lie inside before and
// after; what carries no labels needs a role that is not narrowed. Nobody gives or takes rights
// that he does not have, and the last owner stays. 403; 422 where the body cannot be read.
Result<void> may_write(Context& context, const Principal& who, const store::Edit& edit);
// Is this change of a version inside the scope, on both sides?
bool inside(const Scope& scope, const store::ObjectChange& change);

struct Written {
    core::Changed changed;
    boost::json::object answer; // {edits, warnings}
};
// All edits or none, or with dry_run what would be. The call's parameters are checked before.
Result<Written> write(Context& context, Call& call, std::vector<store::Edit> edits, bool dry_run,
                      const std::string& note = {});

// ?dry_run, and no other parameter.
Result<bool> only_dry_run(Call& call);
// With more warnings.
Answer answer_written(Result<Written> written, const std::vector<core::Fault>& more);
http::Response nothing_to_do(const std::vector<core::Fault>& warnings);

} // namespace ringwall::api
