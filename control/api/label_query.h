// Label queries, one text for REST, command line and canaries:
//   role=Web Server,env!=Dev,app in (Payments,Billing),tier not in (a,b),loc,!rack
// All parts must hold. `loc`: has the key, `!rack`: has it not. A workload without a key never
// matches a value of it, so it does match `env!=Dev`. A value with a comma, a parenthesis or a
// quote, or with spaces at an end, stands in double quotes ("a \"b\" c"). Nothing at all selects
// everything. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/model/model.h"

namespace ringwall::api {

struct LabelTerm {
    enum class Op { in, not_in, has, has_not };
    Op op = Op::in;
    std::string key;
    std::set<std::string> values; // of in and not_in: at least one
    bool operator==(const LabelTerm&) const = default;
};

struct LabelQuery {
    std::vector<LabelTerm> terms;
    bool matches(const model::Labels& labels) const;
    bool operator==(const LabelQuery&) const = default;
};

struct LabelQueryError {
    std::size_t position = 0; // byte in the text, from 0
    std::string sentence;
};

std::expected<LabelQuery, LabelQueryError> parse_label_query(std::string_view text);

// Which labels there are: key -> values.
using Vocabulary = std::map<std::string, std::set<std::string>>;
Vocabulary vocabulary(const std::vector<model::Workload>& workloads);

// A sentence for every key and value of the query that nobody has, with the nearest one there is.
std::vector<std::string> unknown_words(const LabelQuery& query, const Vocabulary& known);

} // namespace ringwall::api
