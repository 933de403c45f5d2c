// Hosts that join, renew, leave; and what is known of each.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include "common/ip.h"
#include "common/pki/digest.h"
#include "control/core/controller_impl.h"

namespace ringwall::core {

namespace json = boost::json;

namespace {

Error unknown(std::string_view agent) {
    return {Errc::not_found,
            fmt::format("there is no agent \"{}\"; 'ringwall agents' lists those that are paired",
                        agent),
            {}};
}

const char* what(const v1::Command& command) {
    switch (command.action_case()) {
    case v1::Command::kPause:
        return "pause";
    case v1::Command::kResume:
        return "resume";
    case v1::Command::kDetach:
        return "detach";
    case v1::Command::kSysdump:
        return "sysdump";
    case v1::Command::kEnd:
        return "end";
    case v1::Command::kRenew:
        return "renew";
    case v1::Command::kFindCuts:
        return "find_cuts";
    case v1::Command::ACTION_NOT_SET:
        break;
    }
    return "nothing";
}

// Of use to an agent on this host only.
bool is_local(const std::string& name) {
    const auto address = Address::parse(name);
    return name == "localhost" || (address && address->is_v4() && address->bytes[12] == 127) ||
           address == Address::parse("::1");
}

// "[2001:db8::1]:8443"
std::string endpoint(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

} // namespace

Result<StoredProfile> Controller::Impl::profile_at(const std::string& name) const {
    const auto object = store->object({"pairing_profile", name});
    if (!object)
        return std::unexpected(from(object.error()));
    return parse_profile(name, json::parse(object->body));
}

// The one that a token is of; nullopt: there is none.
Result<std::optional<StoredProfile>> Controller::Impl::profile_of(const std::string& token) const {
    const auto digest = pki::sha256_hex(token);
    const auto kept = store->object({pairing_token_kind, digest});
    if (kept)
        return profile_at(json::value_to<std::string>(json::parse(kept->body).at("profile")));
    if (kept.error().code != store::Errc::not_found)
        return std::unexpected(from(kept.error()));
    const auto objects = all_objects(*store, "pairing_profile"); // an older store's
    if (!objects)
        return std::unexpected(objects.error());
    for (const auto& object : *objects) {
        auto profile = parse_profile(object.id.name, json::parse(object.body));
        if (!profile)
            return std::unexpected(profile.error());
        if (std::ranges::find(profile->tokens, digest) != profile->tokens.end())
            return std::move(*profile);
    }
    return std::nullopt;
}

Result<std::string> Controller::Impl::pairing_line(const store::Author& by,
                                                   const std::string& profile, std::string host) {
    if (host.empty() && options.names.empty())
        return fail(Errc::invalid, "this controller knows no name that agents could reach it by; "
                                   "say it with --host, and start the controller with --name");
    if (host.empty())
        host = options.names.front();
    if (std::ranges::find(options.names, host) == options.names.end())
        return fail(Errc::invalid,
                    fmt::format("the certificate of this controller does not have the name {}; it "
                                "has {}; start it with --name {} as well",
                                host, fmt::join(options.names, ", "), host));
    const auto stored = profile_at(profile);
    if (!stored)
        return std::unexpected(stored.error());
    auto line = enrolment.line(stored->profile, host, options.port);
    if (!line)
        return std::unexpected(line.error());
    const store::Edit edit{{pairing_token_kind, line->token_sha256}, token_of(profile), {}};
    if (auto kept = store->commit({by, {edit}}); !kept)
        return std::unexpected(from(kept.error()));
    return line->text;
}

std::optional<pki::KnownWorkload> Controller::Impl::known_workload(const std::string& name) const {
    const auto* workload = policies.workload(name);
    if (!workload || !workload->managed || !workload->cgroup.empty())
        return std::nullopt;
    pki::KnownWorkload out{name, {}, false, workload->labels, workload->mode, {}};
    if (const auto record = records_.find(name); record != records_.end()) {
        const auto* state = hub.state(name);
        out.machine_id = record->second.revoked.empty() ? record->second.machine_id : "";
        out.live = state && state->live;
        for (const auto& [serial, end] : record->second.certificates)
            out.serials.push_back(serial);
    }
    return out;
}

// Those with the host's name or its machine id.
std::vector<pki::KnownWorkload>
Controller::Impl::known_workloads(const std::string& name, const pki::HostFacts& host) const {
    std::vector<pki::KnownWorkload> out;
    const auto add = [&](const std::string& one) {
        if (auto known = known_workload(one))
            out.push_back(std::move(*known));
    };
    add(name);
    for (const auto& [other, record] : records_)
        if (record.machine_id == host.machine_id && other != name)
            add(other);
    return out;
}

PairAnswer Controller::Impl::answer_for(const std::string& agent, std::string certificate) const {
    PairAnswer out{agent,
                   std::move(certificate),
                   enrolment.trust(),
                   enrolment.signing_key().public_key().pem(),
                   {},
                   enrolment.authority().state().bundle};
    for (const auto& name : options.names)
        if (!is_local(name))
            out.endpoints.push_back(endpoint(name, options.port));
    if (out.endpoints.empty())
        for (const auto& name : options.names)
            out.endpoints.push_back(endpoint(name, options.port));
    return out;
}

Result<PairAnswer> Controller::Impl::pair(const PairRequest& request) {
    auto answer = pair_with_store(request);
    ++(answer ? counters.pairings : counters.refused_pairings);
    return answer;
}

Result<PairAnswer> Controller::Impl::pair_with_store(const PairRequest& request) {
    const auto profile = profile_of(request.redemption.token);
    if (!profile)
        return std::unexpected(profile.error());
    const auto name = request.redemption.name.empty() ? request.redemption.facts.hostname
                                                      : request.redemption.name;
    if (const auto* workload = policies.workload(name);
        workload && (!workload->managed || !workload->cgroup.empty()))
        return fail(
            Errc::conflict,
            fmt::format("\"{}\" is a workload without an agent of its own; pair with --name "
                        "and another name, or make it a managed one",
                        name));
    auto joined =
        enrolment.join(request.redemption, *profile,
                       known_workloads(name, request.redemption.facts), records_, now_seconds());
    if (!joined)
        return std::unexpected(joined.error());
    const store::Author by{"pairing of " + joined->agent, request.peer, options.wall(), {}};
    store::Change wanted{by, joined->edits};
    auto step = policies.step(wanted.edits);
    if (!step)
        return std::unexpected(step.error());
    if (auto done = commit(wanted, std::move(*step)); !done)
        return std::unexpected(done.error());
    const auto record = store->object({"agent", joined->agent});
    if (!record)
        return std::unexpected(from(record.error()));
    const auto parsed = parse_record(record->body);
    if (!parsed)
        return std::unexpected(parsed.error());
    hub.end_session(joined->agent, v1::REVOKED, "another host was paired under this name");
    add_agent(joined->agent, *parsed);
    return answer_for(joined->agent, std::move(joined->certificate));
}

Result<PairAnswer> Controller::Impl::renew(const std::string& agent, const std::string& csr,
                                           const std::string& peer) {
    const auto found = records_.find(agent);
    if (found == records_.end())
        return std::unexpected(unknown(agent));
    auto record = found->second;
    auto chain = enrolment.renew(agent, csr, record, now_seconds());
    if (!chain)
        return std::unexpected(chain.error());
    if (auto kept = keep_record({"agent " + agent, peer, options.wall(), {}}, agent, record); !kept)
        return std::unexpected(kept.error());
    return answer_for(agent, std::move(*chain));
}

Result<void> Controller::Impl::keep_record(const store::Author& by, const std::string& agent,
                                           const AgentRecord& record) {
    const store::Edit edit{{"agent", agent}, json::parse(to_json(record)), {}};
    if (auto kept = store->commit({by, {edit}}); !kept)
        return std::unexpected(from(kept.error()));
    records_[agent] = record;
    return {};
}

Result<void> Controller::Impl::revoke(const store::Author& by, const std::string& agent,
                                      const std::string& reason) {
    const auto found = records_.find(agent);
    if (found == records_.end())
        return std::unexpected(unknown(agent));
    auto record = found->second;
    record.revoked = reason.empty() ? "revoked" : reason;
    if (auto kept = keep_record(by, agent, record); !kept)
        return kept;
    if (auto done = enrolment.revoke(record.certificates, record.revoked, now_seconds()); !done)
        return done;
    hub.remove(agent, v1::REVOKED, "this agent was revoked: " + record.revoked);
    fleets.forget(agent);
    impacts.forget(agent);
    tell_agent(agent, "revoked", record.revoked);
    return {};
}

void Controller::Impl::add_agent(const std::string& name, const AgentRecord& record) {
    records_[name] = record;
    if (!record.revoked.empty())
        return;
    fleet::SessionStart start;
    if (options.flows)
        std::tie(start.flow_stream, start.flows_through) = options.flows->through(name);
    hub.add(name, start);
    silence.begins(name, options.steady());
}

void Controller::Impl::forget_agent(const std::string& name) {
    if (records_.erase(name) == 0)
        return;
    hub.remove(name, v1::REVOKED, "the workload was removed");
    fleets.forget(name);
    impacts.forget(name);
    silence.ends(name);
    heard_.erase(name);
}

Agent Controller::Impl::describe(const std::string& name, const AgentRecord& record) const {
    Agent out;
    out.name = name;
    out.paired_ns = record.paired_ns;
    out.revoked = record.revoked;
    out.given_up = silence.given_up(name);
    const auto* state = hub.state(name);
    if (!state)
        return out;
    out.presence = state->presence;
    if (state->last_heard)
        out.last_heard_ns = options.wall() -
                            std::chrono::nanoseconds(options.steady() - *state->last_heard).count();
    out.peer = state->peer;
    out.version = state->agent_version;
    out.boot_id = state->boot_id;
    out.unconfirmed = state->unconfirmed;
    for (const auto* refused : {&state->refused_inventory, &state->refused})
        if (*refused)
            out.refused = (*refused)->sentence();
    out.report = state->report;
    out.stats = state->stats;
    if (const auto heard = heard_.find(name); heard != heard_.end())
        out.skew_ns = heard->second.skew_ns;
    if (const auto* sent = fleets.deliveries().sent(name)) {
        const bool policy = state->policy.version() == sent->policy;
        out.current = policy && state->inventory.version() == sent->inventory;
        // An agent whose policy a version did not touch enforces that version all the same.
        out.provisioned = policy ? fleets.of(name).version() : 0;
    }
    return out;
}

std::vector<Agent> Controller::Impl::agents() const {
    std::vector<Agent> out;
    out.reserve(records_.size());
    for (const auto& [name, record] : records_)
        out.push_back(describe(name, record));
    return out;
}

std::optional<Agent> Controller::Impl::agent(std::string_view name) const {
    const auto record = records_.find(std::string(name));
    return record == records_.end() ? std::nullopt
                                    : std::optional(describe(record->first, record->second));
}

Result<void> Controller::Impl::command(const store::Author& by, const std::string& agent,
                                       v1::Command command, CommandDone done) {
    if (auto there = reachable(agent); !there)
        return there;
    const store::Edit edit{{"command", fmt::format("{}.{}", agent, options.wall())},
                           json::object{{"agent", agent}, {"what", what(command)}},
                           {}};
    if (auto kept = store->commit({by, {edit}}); !kept)
        return std::unexpected(from(kept.error()));
    tell(agent, std::move(command), std::move(done));
    return {};
}

Result<void> Controller::Impl::ask(const std::string& agent, v1::Command question,
                                   CommandDone done) {
    if (auto there = reachable(agent); !there)
        return there;
    tell(agent, std::move(question), std::move(done));
    return {};
}

Result<void> Controller::Impl::reachable(const std::string& agent) const {
    if (!records_.contains(agent))
        return std::unexpected(unknown(agent));
    const auto* state = hub.state(agent);
    if (!state || !state->live)
        return fail(Errc::busy, fmt::format("the agent of \"{}\" is not connected; try again when "
                                            "it is online",
                                            agent));
    return {};
}

void Controller::Impl::tell(const std::string& agent, v1::Command command, CommandDone done) {
    command.set_id(++last_command_);
    commands_[last_command_] = {agent, std::move(done)};
    hub.command(agent, command);
}

} // namespace ringwall::core
