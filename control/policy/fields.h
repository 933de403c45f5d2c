// Strict reading of one node: every function reports what is wrong and gives what it could read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/node.h"

namespace ringwall::policy {

// Where problems go, and the file they are in.
class Context {
  public:
    Context(std::string file, std::vector<Problem>& problems)
        : file_(std::move(file)), problems_(problems) {}
    // Of a JSON document (json.h): its places read "RuleSet/payments#/spec/rules/0".
    Context(std::string document, const std::vector<std::string>& pointers,
            std::vector<Problem>& problems)
        : file_(std::move(document)), pointers_(&pointers), problems_(problems) {}

    Place place(const Node& node) const;
    void error(const Node& node, std::string message);
    void error(const Place& place, std::string message);

  private:
    std::string file_;
    const std::vector<std::string>* pointers_ = nullptr;
    std::vector<Problem>& problems_;
};

// A mapping with known fields. `what` names it in sentences ("spec of a Workload"), `example` is
// what to write instead of something that is no mapping. Unknown fields are reported at once.
class Fields {
  public:
    Fields(Context& context, const Node& node, std::string what, std::string example,
           std::initializer_list<std::string_view> known);

    bool is_mapping() const { return mapping_; }
    const Node* find(std::string_view key) const; // null when absent or given without a value
    // Reports a missing field; nothing is said where the mapping itself is broken.
    const Node* require(std::string_view key, std::string_view example) const;

  private:
    Context& context_;
    const Node& node_;
    std::string what_;
    bool mapping_;
};

// Quoted or plain text that no YAML reader takes for a number, a boolean or null. Not empty, at
// most 255 bytes, no control characters, no space at either end.
std::optional<std::string> text(Context& context, const Node& node, const std::string& what);

// Text that may also be a number (a user id).
std::optional<std::string> text_or_number(Context& context, const Node& node,
                                          const std::string& what);

// A name of an object: letters, digits, ".", "_", "-", beginning with a letter or digit.
std::optional<std::string> name(Context& context, const Node& node, const std::string& what);

// true or false; nothing else.
std::optional<bool> boolean(Context& context, const Node& node, const std::string& what);

// A time of RFC 3339 after 1970, in whole seconds: ns since 1970.
std::optional<std::int64_t> time(Context& context, const Node& node, const std::string& what);

// Index into `words`.
std::optional<std::size_t> one_of(Context& context, const Node& node, const std::string& what,
                                  std::initializer_list<std::string_view> words);

// Items of a sequence that must have at least one; null (reported) otherwise.
const std::vector<Node>* items(Context& context, const Node& node, const std::string& what,
                               const std::string& example);

// A decimal number without sign or leading zero, whole text; nullopt otherwise (nothing reported).
std::optional<unsigned> decimal(std::string_view text);

// "web": quoted, cut when long, for sentences.
std::string in_quotes(std::string_view text);

} // namespace ringwall::policy
