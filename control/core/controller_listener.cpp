// What the agents' sessions tell.
#include <algorithm>
#include <cstdlib>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "common/address_bytes.h"
#include "common/time.h"
#include "control/core/controller_impl.h"

namespace ringwall::core {
namespace {

// Further apart, logs of two hosts cannot be laid side by side.
constexpr std::int64_t tolerated_skew_ns = 5 * ns_per_second;
constexpr std::uint16_t link_local_v6 = 0xfe80;

bool is_link_local(const Address& address) {
    const auto head = static_cast<std::uint16_t>(address.bytes[0] << 8 | address.bytes[1]);
    return address.is_v4() ? address.bytes[12] == 169 && address.bytes[13] == 254
                           : (head & 0xffc0) == link_local_v6;
}

bool is_loopback(const Address& address) {
    return address.is_v4() ? address.bytes[12] == 127 : address == Address::parse("::1");
}

// Those that others may see it by.
std::vector<Address> addresses_in(const v1::HostReport& report) {
    std::vector<Address> out;
    for (const auto& interface : report.interfaces())
        for (const auto& bytes : interface.addresses())
            if (const auto address = address_from_bytes(bytes);
                address && interface.up() && !is_loopback(*address) && !is_link_local(*address))
                out.push_back(*address);
    std::ranges::sort(out);
    const auto rest = std::ranges::unique(out);
    out.erase(rest.begin(), rest.end());
    return out;
}

} // namespace

void Controller::Impl::notice(std::string kind, const std::string& key, std::string sentence,
                              std::map<std::string, std::string> fields) {
    events.publish("alert", {{"kind", kind}, {"key", key}, {"sentence", sentence}});
    if (options.notice)
        options.notice({std::move(kind), key, std::move(sentence), std::move(fields)});
}

void Controller::Impl::tell_agent(const std::string& agent, const char* what,
                                  const std::string& sentence) {
    events.publish("agent", {{"agent", agent}, {"what", what}, {"sentence", sentence}});
}

void Controller::Impl::greeted(const std::string& agent, const v1::Hello& hello) {
    speaks(agent);
    fleets.greet(agent, hello, pending());
    if (auto saved = ledger.save(); !saved)
        spdlog::error("{}", saved.error().message);
    // It waits for a version about which was decided while it was away.
    if (hello.unconfirmed() && !(rollout && rollout->open()))
        hub.confirm(agent, hello.policy().version());
    renew_if_behind(agent);
}

void Controller::Impl::acked(const std::string& agent, v1::Half half, const v1::Holding& held) {
    const auto* sent = fleets.deliveries().sent(agent);
    if (half == v1::POLICY && sent && sent->policy == held.version() && rollout &&
        sent->provisioned == rollout->version)
        rollout->acknowledged.insert(agent);
    events.publish("agent", {{"agent", agent},
                             {"what", half == v1::POLICY ? "policy" : "inventory"},
                             {"version", held.version()}});
}

void Controller::Impl::nacked(const std::string& agent, const v1::Nack& nack) {
    ++counters.nacks;
    spdlog::warn("{} refuses {} {}: {}", agent, nack.half() == v1::POLICY ? "policy" : "inventory",
                 nack.version(), nack.sentence());
    if (nack.reason() != v1::REFUSED && nack.reason() != v1::MALFORMED &&
        nack.reason() != v1::BAD_SIGNATURE)
        return; // the session sends a snapshot instead
    if (fleets.leave_out_staged(agent, nack, pending())) {
        if (staged)
            tell_staging("refused", {}, agent);
        return;
    }
    notice("policy_refused", agent,
           fmt::format("{} cannot enforce its new policy and keeps the last good one: {}", agent,
                       nack.sentence()),
           {{"agent", agent}});
    if (rollout && rollout->open()) {
        rollout->refused.push_back(agent + ": " + nack.sentence());
        judge_soon();
    }
}

void Controller::Impl::ahead(const std::string& agent, v1::Half half, const v1::Holding& held) {
    const auto* what = half == v1::POLICY ? "policy" : "inventory";
    if (ledger.revision() < held.version())
        spdlog::warn("{} holds {} {}, which is newer than anything in this store: was it restored "
                     "from a backup? What is sent now counts on above it",
                     agent, what, held.version());
    else
        spdlog::info("{} has applied {} {}, which came to it before it was away; it is sent what "
                     "is in force now",
                     agent, what, held.version());
    ledger.raise_above(held.version());
    if (auto saved = ledger.save(); !saved)
        return spdlog::error("{}", saved.error().message);
    fleets.send_all(agent, pending());
}

void Controller::Impl::rolled_back(const std::string& agent, const v1::RolledBack& told) {
    tell_agent(agent, "rolled_back",
               told.timed_out() ? "no confirmation arrived in time" : "it was told to");
    // It left what it is to keep: the Confirm did not reach it.
    const auto* sent = fleets.deliveries().sent(agent);
    const bool under_way =
        rollout && rollout->open() && sent && sent->provisioned == rollout->version;
    if (told.timed_out() && sent && sent->policy == told.version() && !under_way)
        fleets.send_all(agent, pending());
}

void Controller::Impl::store_flows(const std::string& agent, std::uint64_t stream,
                                   const v1::FlowBatch& batch, std::uint64_t lost) {
    counters.flow_summaries += static_cast<std::uint64_t>(batch.summaries_size());
    counters.flows_lost += lost;
    if (rollout && rollout->open() && rollout->first.contains(agent))
        for (const auto& summary : batch.summaries())
            if (summary.verdict() == v1::BLOCKED && summary.last_ns() >= rollout->began_ns) {
                rollout->blocks += summary.count();
                judge_soon();
            }
    if (options.flows)
        options.flows->take(agent, stream, batch, lost);
    else
        hub.flows_failed(agent, "this controller keeps no flows");
}

void Controller::Impl::reported(const std::string& agent, const v1::HostReport& report) {
    note_skew(agent, report.taken_ns());
    follow_addresses(agent, report);
    tell_agent(agent, "report", report.hostname());
}

void Controller::Impl::note_skew(const std::string& agent, std::int64_t taken_ns) {
    auto& heard = heard_[agent];
    heard.skew_ns = taken_ns - options.wall();
    const bool far = std::llabs(heard.skew_ns) > tolerated_skew_ns;
    if (far && !heard.skew_told)
        notice("clock_skew", agent,
               fmt::format("the clock of {} is {} s {} the controller's; its flows carry wrong "
                           "times, set it with NTP",
                           agent, std::llabs(heard.skew_ns) / ns_per_second,
                           heard.skew_ns > 0 ? "ahead of" : "behind"),
               {{"agent", agent}});
    heard.skew_told = far;
}

// A host that got another address is still the same workload. Where a person wrote the addresses,
// theirs stay.
void Controller::Impl::follow_addresses(const std::string& agent, const v1::HostReport& report) {
    const auto record = records_.find(agent);
    const auto* workload = policies.workload(agent);
    const auto addresses = addresses_in(report);
    if (record == records_.end() || !workload || addresses.empty())
        return;
    auto before = workload->addresses;
    std::ranges::sort(before);
    if (before == addresses)
        return;
    if (!record->second.follows_addresses)
        return tell_agent(agent, "addresses", "its addresses are not those of its workload");
    auto object = store->object({"workload", agent});
    if (!object)
        return;
    auto body = boost::json::parse(object->body).as_object();
    boost::json::array texts;
    for (const auto& address : addresses)
        texts.emplace_back(address.text());
    body["addresses"] = std::move(texts);
    const store::Author by{"agent " + agent, agent, options.wall(), {}};
    const store::Edit edit{{"workload", agent}, std::move(body), object->revision};
    if (auto done = change({by, {edit}}, false); !done)
        spdlog::warn("the addresses of {} changed and cannot be taken over: {}", agent,
                     done.error().message);
}

void Controller::Impl::impact(const std::string& agent, const v1::Impact& impact) {
    const bool first = !impacts.has(agent);
    if (impacts.take(agent, impact) && first)
        tell_staging("reported", {}, agent);
}

void Controller::Impl::command_done(const std::string& agent, const v1::CommandResult& result) {
    const auto waiting = commands_.find(result.id());
    if (waiting == commands_.end() || waiting->second.agent != agent)
        return;
    const auto done = std::move(waiting->second.done);
    commands_.erase(waiting);
    done(result);
}

void Controller::Impl::present(const std::string& agent, fleet::Presence presence) {
    tell_agent(agent, fleet::name(presence), "");
    const bool silent = presence == fleet::Presence::silent;
    if (silent) {
        silence.begins(agent, options.steady());
        if (options.wake)
            options.wake();
        notice(
            "agent_silent", agent,
            fmt::format("{} is silent; it goes on enforcing what it has, and stays in its peers' "
                        "policy",
                        agent),
            {{"agent", agent}});
    } else if (presence == fleet::Presence::online)
        notice("agent_back", agent, agent + " is online", {{"agent", agent}});
}

void Controller::Impl::duplicate(const std::string& agent, const std::string& sentence) {
    notice("duplicate_host", agent, sentence, {{"agent", agent}});
}

} // namespace ringwall::core
