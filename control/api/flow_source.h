// Where the API gets flow summaries from: a narrow door, so that any store can stand behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "common/ip.h"
#include "control/api/label_query.h"
#include "control/api/rights.h"
#include "control/core/error.h"
#include "control/query/query.h"

namespace ringwall::api {

// Everything given must hold. A flow is the JSON object "Flow" of openapi.json.
struct FlowFilter {
    LabelQuery source, destination; // of who connects, and of who serves
    LabelQuery labels;              // at either end
    std::string workload;           // at either end; empty: any
    std::optional<Prefix> address;  // at either end
    std::optional<std::uint8_t> protocol;
    std::optional<std::uint16_t> port; // of the service
    std::string process; // shown name, path, basename, unit, service or container; empty: any
    std::set<std::string> verdicts; // "blocked"; empty: any
    std::int64_t since_ns = 0;      // of its last event, [since, until)
    std::int64_t until_ns = std::numeric_limits<std::int64_t>::max();
    query::Query query; // and this, in the filter language
    Scope scope;        // at either end: what a principal may see

    bool matches(const boost::json::object& flow) const;
};

class FlowSource {
  public:
    FlowSource() = default;
    FlowSource(const FlowSource&) = delete;
    FlowSource& operator=(const FlowSource&) = delete;
    FlowSource(FlowSource&&) = delete;
    FlowSource& operator=(FlowSource&&) = delete;
    virtual ~FlowSource() = default;

    struct Page {
        std::vector<boost::json::object> items; // newest first
        std::string next;                       // empty: nothing follows
    };
    // May use as much of the filter as it can: what is given is asked matches() again. A page may
    // have fewer items than the limit, or none, and still have a next one. Errors: invalid
    // (cursor).
    virtual core::Result<Page> query(const FlowFilter& filter, const std::string& after,
                                     std::size_t limit) const = 0;
    // What arrived behind the flow of that id, oldest first. `more`: that was more than `most`, of
    // which these are the newest, or nobody knows, as no flow had that id yet.
    struct Missed {
        std::vector<boost::json::object> flows;
        bool more = false;
    };
    virtual core::Result<Missed> behind(std::uint64_t id, std::size_t most) const = 0;
    // Every flow that arrives from now on, until the returned handle dies.
    virtual std::shared_ptr<void>
    follow(std::function<void(const boost::json::object&)> listener) = 0;
};

} // namespace ringwall::api
