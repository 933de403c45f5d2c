// /workloads/cuts: the live connections that a change of mode would end, as the agents see them
// now.
#include <memory>

#include <fmt/format.h>

#include "common/address_bytes.h"
#include "common/endpoint.h"
#include "common/protocol.h"
#include "control/api/endpoint.h"
#include "control/api/render.h"
#include "control/api/whom.h"
#include "control/api/wire_json.h"
#include "control/compute/wire.h"

namespace ringwall::api {
namespace {

namespace json = boost::json;

// "192.0.2.7", "192.0.2.7:51122", "[2001:db8::7]:51122"; port 0: any.
struct Caller {
    Address address;
    std::uint16_t port = 0;
};

std::optional<Caller> caller_in(std::string_view text) {
    if (const auto address = Address::parse(text))
        return Caller{*address, 0};
    const auto endpoint = ringwall::Endpoint::parse(text);
    const auto address = endpoint ? Address::parse(endpoint->host) : std::nullopt;
    if (!address)
        return std::nullopt;
    return Caller{*address, endpoint->port};
}

// Who calls: as he says, and as we see him.
std::vector<Caller> callers_in(Fields& fields, const http::Request& request) {
    constexpr std::size_t most = 8;
    std::vector<Caller> out;
    const auto given = fields.texts("callers").value_or(std::vector<std::string>{});
    if (given.size() > most)
        fields.fault("callers", fmt::format("at most {} callers can be named", most));
    for (const auto& text : given)
        if (const auto caller = caller_in(text))
            out.push_back(*caller);
        else
            fields.fault("callers", fmt::format("{} is no ADDRESS or ADDRESS:PORT, as in "
                                                "192.0.2.7:51122 or [2001:db8::7]:51122",
                                                in_quotes(text)));
    if (const auto seen = Address::parse(request.peer))
        out.push_back({*seen, 0});
    return out;
}

std::string endpoint_text(const std::string& address, std::uint32_t port) {
    return ringwall::Endpoint{bytes_as_address(address), static_cast<std::uint16_t>(port)}.text();
}

json::object to_json(const core::Controller& controller, const v1::Cut& cut) {
    const bool inbound = cut.direction() == v1::INBOUND;
    json::object out{{"workload", clean(cut.subject())},
                     {"yours", cut.callers()},
                     {"direction", inbound ? "inbound" : "outbound"},
                     {"protocol", protocol_name(static_cast<std::uint8_t>(cut.protocol()))},
                     {"local", endpoint_text(cut.local(), cut.local_port())},
                     {"remote", endpoint_text(cut.peer(), cut.peer_port())},
                     {"peer", peer_json(controller, cut)},
                     {"reason", clean(cut.reason())},
                     {"rules", texts(cut.rules())}};
    put_service(out, cut.protocol(), inbound ? cut.local_port() : cut.peer_port());
    if (cut.pid() != 0)
        out["pid"] = cut.pid();
    if (auto process = process_json(cut.process(), cut.unresolved()); !process.empty())
        out["process"] = std::move(process);
    return out;
}

// What comes in from the agents, one after the other; the last one completes the answer.
class Gathering {
  public:
    Gathering(core::Controller& controller, std::size_t limit, std::vector<core::Fault> warnings,
              http::Reply reply)
        : controller_(controller), limit_(limit), warnings_(std::move(warnings)),
          reply_(std::move(reply)) {}

    // How many answers there will be. None: then that is the answer.
    void expect(std::size_t answers) {
        expected_ = answers;
        if (expected_ == 0)
            reply_(answer());
    }
    void take(const v1::Cuts& cuts) {
        total_ += cuts.total();
        judged_ += cuts.judged();
        rows_.insert(rows_.end(), cuts.rows().begin(), cuts.rows().end());
        came();
    }
    void unanswered(const std::string& agent, const std::string& sentence) {
        unanswered_.push_back(json::object{{"agent", agent}, {"sentence", clean(sentence)}});
        came();
    }

  private:
    void came() {
        if (--expected_ == 0)
            reply_(answer());
    }

    http::Response answer() {
        // Each agent has put what matters most first.
        json::array items;
        for (const bool callers : {true, false})
            for (const auto& row : rows_)
                if (row.callers() == callers && items.size() < limit_)
                    items.push_back(to_json(controller_, row));
        return ok({{"items", std::move(items)},
                   {"total", total_},
                   {"judged", judged_},
                   {"unanswered", std::move(unanswered_)},
                   {"warnings", api::to_json(warnings_)}});
    }

    core::Controller& controller_;
    std::size_t limit_;
    std::vector<core::Fault> warnings_;
    http::Reply reply_;
    std::vector<v1::Cut> rows_;
    json::array unanswered_;
    std::uint64_t total_ = 0, judged_ = 0;
    std::size_t expected_ = 0;
};

v1::Command question(const model::Workload& workload, model::Mode mode,
                     const std::vector<Caller>& callers, std::size_t limit) {
    v1::Command out;
    auto& find = *out.mutable_find_cuts();
    find.add_subjects(workload.name);
    find.set_mode(compute::wire(mode));
    find.set_most(static_cast<std::uint32_t>(limit));
    for (const auto& caller : callers) {
        auto& each = *find.add_callers();
        each.set_address(address_bytes(caller.address));
        each.set_port(caller.port);
    }
    return out;
}

void ask(core::Controller& controller, const std::string& agent, v1::Command question,
         const std::shared_ptr<Gathering>& gathering) {
    const auto taken = [gathering, agent](const v1::CommandResult& result) {
        if (result.ok())
            gathering->take(result.cuts());
        else
            gathering->unanswered(agent, result.sentence());
    };
    if (const auto sent = controller.ask(agent, std::move(question), taken); !sent)
        gathering->unanswered(agent, sent.error().message);
}

Answer cuts(Context& context, Call& call) {
    constexpr std::uint64_t usual = 100, most = 1000;
    call.params.allow({});
    if (auto good = call.params.check(); !good)
        return std::unexpected(good.error());
    Faults faults;
    Fields fields(call.body, "", faults, {"labels", "names", "mode", "callers", "limit"});
    const auto mode = fields.mode("mode").value_or(model::Mode::full);
    const auto callers = callers_in(fields, call.request);
    const auto limit = fields.number("limit", 1, most).value_or(usual);
    auto which = whom(context, call.who, fields, faults);
    if (!which)
        return std::unexpected(which.error());
    leave_out_unmanaged(*which);
    for (const auto* workload : which->workloads)
        if (workload->mode == model::Mode::idle)
            which->warnings.push_back(
                {{"workload", workload->name},
                 "/spec/mode",
                 fmt::format("{} is idle, so its live connections are not known; set it to "
                             "visibility first",
                             workload->name),
                 true});
    const auto& workloads = which->workloads;
    const auto gathering = std::make_shared<Gathering>(context.controller, limit,
                                                       std::move(which->warnings), call.reply);
    gathering->expect(workloads.size());
    for (const auto* workload : workloads)
        ask(context.controller, workload->name, question(*workload, mode, callers, limit),
            gathering);
    return std::nullopt;
}

} // namespace

std::vector<Endpoint> cut_endpoints() {
    return {
        {"POST", "/api/v1/workloads/cuts", Credential::token, Right::read, cuts, document_body}};
}

} // namespace ringwall::api
