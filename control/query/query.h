// The filter language for flows, one text for REST, command line and map (docs/flow-query.md):
//   from.role=Web to.app=Payments port=443,8000-8999 not process=java
//   (verdict=blocked or verdict=would-block) since=24h user!=root
// Terms side by side must all hold. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

namespace ringwall::query {

struct QueryError {
    std::size_t position = 0; // byte in the text, from 0
    std::string sentence;     // what was expected there, and what to write
};

// Of which end of a flow a term speaks.
enum class End { either, source, destination };

class Node; // of the parsed text

class Query {
  public:
    Query(); // holds for every flow
    explicit Query(std::shared_ptr<const Node> root);

    // A flow is the JSON object "Flow" of openapi.json.
    bool matches(const boost::json::object& flow) const;
    // Keys and values of labels that it asks for.
    void
    each_label(const std::function<void(const std::string& key, const std::string& value)>&) const;
    // The words it uses that are no labels: "port", "since" ...
    std::set<std::string> words() const;
    // No flow outside these times can match: since and until that always hold. [since, until), ns.
    struct Period {
        std::int64_t since_ns = 0, until_ns = std::numeric_limits<std::int64_t>::max();
    };
    Period period() const;
    bool empty() const { return root_ == nullptr; }

  private:
    std::shared_ptr<const Node> root_;
};

inline constexpr std::size_t longest_query = 4096; // bytes

// `now_ns`: wall clock, which since=24h counts back from.
std::expected<Query, QueryError> parse(std::string_view text, std::int64_t now_ns);

} // namespace ringwall::query
