// Policy files as the documents that the API takes, with the places of all their fields.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "control/cli/command.h"
#include "control/model/problem.h"
#include "control/policy/node.h"

namespace ringwall::cli {

struct Document {
    std::string kind, name;
    boost::json::object json; // {apiVersion, kind, metadata, spec}
    std::string file;
    policy::Node node; // as it was written

    // Of what an RFC 6901 pointer names, or of the nearest thing above it. Elements of lists are
    // named by index or, where they have one, by their "name".
    Place place(std::string_view pointer) const;
};

// "-" is standard input; a directory means its *.yaml, *.yml and *.json in lexical order. All
// problems with their places, or the documents in order. References are the controller's to judge;
// the form of each document and names given twice are judged here.
Result<std::vector<Document>> read_documents(const std::vector<std::string>& paths);

// The same for one text. A list of documents, and the {items: [...]} of a list of the API, are
// several documents.
std::expected<std::vector<Document>, std::vector<model::Problem>>
documents_of(std::string_view text, const std::string& filename);

// A tree as JSON. Quoted text stays text; plain text is a number, true or false where the policy
// form has them, and text everywhere else: labels, names, selectors, processes.
boost::json::value json_of(const policy::Node& node);

const Document* find(const std::vector<Document>& documents, std::string_view kind,
                     std::string_view name);

} // namespace ringwall::cli
