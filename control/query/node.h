// A parsed query as a tree. Private to control/query.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/ip.h"
#include "control/query/query.h"

namespace ringwall::query {

// A text with "*" for any characters at its beginning, its end, or both.
struct Pattern {
    std::string text; // without the stars
    bool open_front = false, open_back = false;
    bool matches(std::string_view whole) const;
};
struct Span { // of numbers or times, both ends included
    std::int64_t first = 0, last = 0;
    bool contains(std::int64_t number) const { return first <= number && number <= last; }
};
using Value = std::variant<Pattern, Span, Prefix>;

struct Field {
    enum class Kind {
        label,
        workload,
        address,
        list,
        process,
        user,
        unit,
        container,
        // of the flow, not of an end
        port,
        protocol,
        verdict, // also of an end
        draft,   // what the draft would say
        direction,
        rule,
        reason,
        time,
        fresh, // since when it is known
        count,
        bytes,
        packets,
        retransmits,
        refused,
        timed_out,
        reset,
        rtt,
    };
    Kind kind = Kind::label;
    End end = End::either;
    std::string label; // its key
    std::string word;  // as it was written, without the end
};

class Node {
  public:
    virtual ~Node() = default;
    virtual bool matches(const boost::json::object& flow) const = 0;
    using Label = std::function<void(const std::string&, const std::string&)>;
    virtual void each_label(const Label& label) const = 0;
    virtual void each_word(const std::function<void(const std::string&)>& word) const = 0;
    // Makes the period shorter where only flows of a shorter one can match.
    virtual void narrow(Span&) const {}
};
using NodeRef = std::shared_ptr<const Node>;

NodeRef all_of(std::vector<NodeRef> parts);
NodeRef any_of(std::vector<NodeRef> parts);
NodeRef none_of(NodeRef part);
NodeRef term(Field field, std::vector<Value> values); // one of the values

} // namespace ringwall::query
