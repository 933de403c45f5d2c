// /events and /flows: pages, and server-sent events without an end.
#include <algorithm>
#include <charconv>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "common/protocol.h"
#include "control/api/endpoint.h"
#include "control/api/flow_source.h"
#include "control/api/map_request.h"
#include "control/api/render.h"
#include "control/api/selection.h"
#include "control/api/writing.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

// "a,b" -> a, b
std::set<std::string> words_of(std::string_view list) {
    std::set<std::string> out;
    while (!list.empty()) {
        const auto comma = list.find(',');
        out.emplace(list.substr(0, comma));
        list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    }
    return out;
}

Result<std::uint64_t> last_event(const http::Request& request) {
    const auto found = request.headers.find("last-event-id");
    std::uint64_t out = 0;
    if (found == request.headers.end())
        return out;
    const auto* const end = found->second.data() + found->second.size();
    const auto [stop, error] = std::from_chars(found->second.data(), end, out);
    if (error != std::errc() || stop != end)
        return malformed("the header Last-Event-ID is the id of an event, a whole number");
    return out;
}

std::string event_text(std::uint64_t id, std::string_view type, std::string_view data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, type, data);
}

// ---- Streams

// `subscribe` is given the channel and returns what keeps the subscription alive; it ends with the
// channel.
Answer stream(const Context& context,
              std::function<std::shared_ptr<void>(std::shared_ptr<http::Channel>)> subscribe) {
    if (*context.streams >= context.options.most_streams)
        return std::unexpected(
            Problem{503, "unavailable",
                    fmt::format("{} streams are open already; close one or come again later",
                                *context.streams)});
    // Counts from now on, so that a burst of requests cannot get by.
    const std::shared_ptr<void> counted(nullptr, [open = context.streams](void*) { --*open; });
    ++*context.streams;
    http::Response out;
    out.headers = {{"Content-Type", "text/event-stream"}};
    out.body = ": ringwall\n\n";
    out.stream = [subscribe = std::move(subscribe),
                  counted](const std::shared_ptr<http::Channel>& channel) {
        auto subscription = std::make_shared<std::shared_ptr<void>>(subscribe(channel));
        channel->on_close([subscription, counted] { subscription->reset(); });
    };
    return out;
}

// What a narrowed role may hear of: agents and workloads inside. What carries no labels is policy
// that everybody may read.
bool concerns(const Context& context, const Principal& who, const core::Event& event) {
    if (who.everywhere() || event.type == "missed")
        return true;
    boost::system::error_code damaged;
    const auto parsed = json::parse(event.json, damaged);
    const json::object* content = parsed.if_object();
    const auto text = [&](const char* key) {
        const json::value* value = content ? content->if_contains(key) : nullptr;
        return value && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    if (event.type == "agent" || (event.type == "staging" && !text("agent").empty()))
        return sees(context, who, text("agent"));
    if (event.type == "change" && (text("kind") == "Workload" || text("kind") == "Agent"))
        return sees(context, who, text("name"));
    if (event.type == "change") {
        const auto* kind = core::kind_of_document(text("kind"));
        return kind && !is_administered(*kind);
    }
    return event.type == "version" || event.type == "staging";
}

Answer events(Context& context, Call& call) {
    call.params.allow({"types"});
    const auto types = words_of(call.params.text("types").value_or(""));
    for (const auto& type : types)
        if (!std::set<std::string>{"change", "version", "rollout", "staging", "agent", "alert"}
                 .contains(type))
            call.params.fail("the parameter types is some of change, version, rollout, staging, "
                             "agent, alert, joined by commas");
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const auto after = last_event(call.request);
    if (!after)
        return std::unexpected(after.error());
    return stream(context, [&context, who = call.who, types,
                            after = *after](const std::shared_ptr<http::Channel>& channel) {
        return context.controller.subscribe(
            after, [&context, who, types, channel](const core::Event& event) {
                const bool asked =
                    types.empty() || types.contains(event.type) || event.type == "missed";
                if (asked && context.credentials.stands(who, context.now_ns()) &&
                    concerns(context, who, event))
                    channel->send(event_text(event.id, event.type, event.json));
            });
    });
}

// ---- /flows

void read_place(Params& params, FlowFilter& out) {
    out.workload = params.text("workload").value_or("");
    out.process = params.text("process").value_or("");
    if (const auto text = params.text("address")) {
        out.address = Prefix::parse(*text);
        if (!out.address)
            params.fail("the parameter address is an address or a prefix such as 10.0.0.0/8");
    }
    if (const auto text = params.text("proto")) {
        std::uint8_t protocol = 0;
        if (!parse_protocol(*text, protocol))
            params.fail("the parameter proto is tcp, udp, icmp, icmpv6, sctp, udplite or a number");
        out.protocol = protocol;
    }
    if (const auto port = params.number("port", 0, 65535))
        out.port = static_cast<std::uint16_t>(*port);
    out.since_ns = params.time_ns("since").value_or(out.since_ns);
    out.until_ns = params.time_ns("until").value_or(out.until_ns);
    out.verdicts = words_of(params.text("verdict").value_or(""));
    const std::set<std::string> known{"allowed", "would-block", "unmatched", "blocked"};
    if (!std::ranges::includes(known, out.verdicts))
        params.fail("the parameter verdict is some of allowed, would-block, unmatched, blocked, "
                    "joined by commas");
}

struct FlowRequest {
    FlowFilter filter;
    PageQuery page;
    std::vector<core::Fault> warnings;
};

Result<FlowRequest> flow_request(const Context& context, Call& call) {
    FlowRequest out;
    read_place(call.params, out.filter);
    out.page = page_query(call.params);
    out.filter.scope = call.who.scope;
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    const std::pair<const char*, LabelQuery*> queries[]{{"source", &out.filter.source},
                                                        {"destination", &out.filter.destination},
                                                        {"labels", &out.filter.labels}};
    for (const auto& [name, query] : queries) {
        auto parsed = query_in(name, call.params.text(name).value_or(""));
        if (!parsed)
            return std::unexpected(parsed.error());
        *query = std::move(*parsed);
        for (auto& fault : query_warnings(*query, context.controller.active().workloads))
            out.warnings.push_back(std::move(fault));
    }
    auto query = flow_query_in(call.params.text("q").value_or(""), context.now_ns());
    if (!query)
        return std::unexpected(query.error());
    for (const auto* word : {"new-since", "draft"})
        if (query->words().contains(word))
            return malformed(fmt::format("the parameter q asks for {}, which only edges of the map "
                                         "have; ask /api/v1/edges",
                                         word));
    out.filter.query = std::move(*query);
    for (auto& fault : query_warnings(out.filter.query, context.controller.active().workloads))
        out.warnings.push_back(std::move(fault));
    return out;
}

// The source finds what it can; what the labels leave over is filled up from its next pages, but
// not without an end.
Answer recent(const FlowSource& source, const FlowRequest& request) {
    constexpr int most_pages = 10;
    json::array items;
    std::string next = request.page.after;
    for (int page = 0; page < most_pages; ++page) {
        const auto found = source.query(request.filter, next, request.page.limit - items.size());
        if (!found)
            return std::unexpected(of_page(found.error()));
        for (const auto& flow : found->items)
            if (request.filter.matches(flow))
                items.push_back(flow);
        next = found->next;
        if (next.empty() || items.size() == request.page.limit)
            break;
    }
    auto out = page_json(std::move(items), next, {});
    out["warnings"] = to_json(request.warnings);
    return ok(out);
}

std::uint64_t id_of(const json::object& flow) {
    const auto text = std::string_view(flow.at("id").as_string());
    std::uint64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

// Where a stream was broken off, it goes on.
void catch_up(const FlowSource& source, std::uint64_t after, http::Channel& channel,
              const std::function<void(const json::object&)>& tell) {
    constexpr std::size_t most = 1000;
    const auto missed = source.behind(after, most);
    if (!missed || missed->more)
        channel.send(
            event_text(after, "missed",
                       R"({"sentence":"more flows came than are told again; read them anew"})"));
    if (missed)
        std::ranges::for_each(missed->flows, tell);
}

Answer flows(Context& context, Call& call) {
    call.params.allow({"q", "source", "destination", "labels", "workload", "address", "proto",
                       "port", "process", "verdict", "since", "until", "follow", "limit", "after"});
    const bool follow = call.params.flag("follow");
    auto request = flow_request(context, call);
    if (!request)
        return std::unexpected(request.error());
    auto* source = context.options.flows;
    if (!source)
        return std::unexpected(
            Problem{503, "unavailable", "this controller keeps no flows; it was started so"});
    if (!follow)
        return recent(*source, *request);
    const auto after = last_event(call.request);
    if (!after)
        return std::unexpected(after.error());
    return stream(context, [&context, who = call.who, source, filter = request->filter,
                            after = *after](const std::shared_ptr<http::Channel>& channel) {
        const auto tell = [&context, who, channel, filter](const json::object& flow) {
            if (filter.matches(flow) && context.credentials.stands(who, context.now_ns()))
                channel->send(event_text(id_of(flow), "flow", json::serialize(flow)));
        };
        if (after > 0)
            catch_up(*source, after, *channel, tell);
        return source->follow(tell);
    });
}

} // namespace

std::vector<Endpoint> stream_endpoints() {
    return {
        {"GET", "/api/v1/events", Credential::token, Right::read, events},
        {"GET", "/api/v1/flows", Credential::token, Right::read, flows},
    };
}

} // namespace ringwall::api
