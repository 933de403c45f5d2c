#include <algorithm>
#include <array>

#include <boost/json/value_to.hpp>

#include "common/protocol.h"
#include "common/time.h"
#include "control/api/flow_source.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

std::string_view text(const json::object& object, std::string_view key) {
    const json::value* found = object.if_contains(key);
    return found && found->is_string() ? std::string_view(found->get_string()) : std::string_view{};
}

// One end of a flow.
class Party {
  public:
    Party(const json::object& flow, std::string_view end) {
        const json::value* found = flow.if_contains(end);
        party_ = found ? found->if_object() : nullptr;
        const json::value* labels = party_ ? party_->if_contains("labels") : nullptr;
        if (!labels || !labels->is_object())
            return;
        for (const auto& label : labels->get_object())
            if (label.value().is_string())
                labels_.emplace(label.key(), label.value().get_string());
    }

    const model::Labels& labels() const { return labels_; }
    bool is(const std::string& workload) const {
        return party_ && text(*party_, "workload") == workload;
    }
    bool in(const Prefix& prefix) const {
        const auto address = party_ ? Address::parse(text(*party_, "address")) : std::nullopt;
        return address && prefix.contains(*address);
    }
    bool runs(std::string_view wanted) const {
        const json::value* process = party_ ? party_->if_contains("process") : nullptr;
        if (!process || !process->is_object())
            return false;
        const auto& parts = process->get_object();
        const auto path = text(parts, "path");
        return path.substr(path.rfind('/') + 1) == wanted ||
               std::ranges::any_of(std::array{"shown", "path", "unit", "service", "container"},
                                   [&](const char* part) { return text(parts, part) == wanted; });
    }

  private:
    const json::object* party_ = nullptr;
    model::Labels labels_;
};

bool has_port(const json::object& flow, std::uint16_t port) {
    const json::value* given = flow.if_contains("port");
    boost::system::error_code error;
    return given && given->to_number<std::uint64_t>(error) == port && !error;
}

// Times are cut to whole seconds: enough to leave out what is older.
bool in_time(const FlowFilter& filter, const json::object& flow) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    const auto seconds = parse_rfc3339(text(flow, "time"));
    return !seconds ||
           (*seconds >= filter.since_ns / second_ns && *seconds <= filter.until_ns / second_ns);
}

} // namespace

bool FlowFilter::matches(const json::object& flow) const {
    const Party from(flow, "source"), to(flow, "destination");
    const auto either = [&](auto holds) { return holds(from) || holds(to); };
    return source.matches(from.labels()) && destination.matches(to.labels()) &&
           either([&](const Party& end) { return labels.matches(end.labels()); }) &&
           either([&](const Party& end) { return inside(scope, end.labels()); }) &&
           (workload.empty() || either([&](const Party& end) { return end.is(workload); })) &&
           (!address || either([&](const Party& end) { return end.in(*address); })) &&
           (process.empty() || either([&](const Party& end) { return end.runs(process); })) &&
           (!protocol || text(flow, "protocol") == protocol_name(*protocol)) &&
           (!port || has_port(flow, *port)) &&
           (verdicts.empty() || verdicts.contains(std::string(text(flow, "verdict")))) &&
           in_time(*this, flow) && query.matches(flow);
}

} // namespace ringwall::api
