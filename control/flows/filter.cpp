#include "control/flows/filter.h"

#include "common/address_bytes.h"

#include <algorithm>
#include <string_view>

#include <boost/json/parse.hpp>

namespace ringwall::flows {
namespace {

template <typename Values, typename T>
bool one_of(const Values& values, const T& wanted) {
    return values.empty() || std::ranges::find(values, wanted) != values.end();
}

bool hold(const std::vector<LabelTerm>& terms, const boost::json::object& labels) {
    return std::ranges::all_of(terms, [&](const LabelTerm& term) {
        const auto* value = labels.if_contains(term.key);
        const auto* text = value ? value->if_string() : nullptr;
        return (text && *text == term.value) == term.equal;
    });
}

// The store has checked that it is an object.
boost::json::object object(const std::string& text) {
    boost::system::error_code error;
    auto value = boost::json::parse(text, error);
    auto* object = value.if_object();
    return object ? std::move(*object) : boost::json::object();
}

bool labels_match(const Filter& filter, const Labels& labels) {
    if (filter.source.empty() && filter.destination.empty() && filter.labels.empty())
        return true;
    const auto source = object(labels.source), destination = object(labels.destination);
    return hold(filter.source, source) && hold(filter.destination, destination) &&
           (hold(filter.labels, source) || hold(filter.labels, destination));
}

bool inside(const std::vector<Prefix>& prefixes, const std::string& bytes) {
    const auto wanted = address_from_bytes(bytes);
    return wanted && std::ranges::any_of(
                         prefixes, [&](const Prefix& each) { return each.contains(*wanted); });
}

std::string_view last_component(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_process(std::string_view text, const v1::Process& process) {
    return text == process.path() || text == process.name() ||
           text == last_component(process.path()) || text == process.unit() ||
           text == last_component(process.unit()) || text == process.container();
}

bool process_matches(const Filter& filter, const v1::Process& process) {
    return filter.processes.empty() || std::ranges::any_of(filter.processes, [&](const auto& text) {
               return !text.empty() && is_process(text, process);
           });
}

} // namespace

bool plausible(const Filter& filter, const Outline& outline) {
    return one_of(filter.verdicts, outline.verdict) && one_of(filter.ports, outline.port) &&
           one_of(filter.protocols, outline.protocol) && one_of(filter.agents, outline.agent);
}

bool matches(const Filter& filter, const Row& row) {
    const auto& summary = row.summary;
    const Outline outline{row.agent, summary.verdict(), summary.protocol(), summary.port()};
    return row.at_ns >= filter.since_ns && row.at_ns < filter.until_ns &&
           plausible(filter, outline) && one_of(filter.workloads, summary.subject()) &&
           (filter.addresses.empty() || inside(filter.addresses, summary.local()) ||
            inside(filter.addresses, summary.peer())) &&
           process_matches(filter, summary.process()) && labels_match(filter, row.labels);
}

} // namespace ringwall::flows
