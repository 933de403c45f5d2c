#include "agent/impacts.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "agent/wire_words.h"
#include "common/address_bytes.h"

namespace ringwall::agent {
namespace {

using Change = loader::Impact::Change;

// All but address, time and count.
std::string kind_of(v1::ImpactRow row) {
    row.clear_peer();
    row.clear_count();
    row.clear_first_ns();
    row.clear_last_ns();
    return row.SerializeAsString();
}

void merge(v1::ImpactRow& into, const v1::ImpactRow& more) {
    into.set_count(into.count() + more.count());
    into.set_first_ns(std::min(into.first_ns(), more.first_ns()));
    if (more.last_ns() > into.last_ns()) {
        into.set_last_ns(more.last_ns());
        into.set_peer(more.peer());
    }
}

void fill_rules(const Decision& decision, std::string& reason,
                google::protobuf::RepeatedPtrField<std::string>& rules) {
    reason = decision.reason;
    rules.Assign(decision.rules.begin(), decision.rules.end());
}

// The same connection as the staged rule set would have decided it.
loader::Event staged_event(const loader::Impact& row) {
    loader::Event out = row.connection;
    out.rule_set = row.staged;
    out.entry = row.staged_entry;
    out.reason = row.staged_reason;
    out.sure = row.staged_sure;
    out.maybe = row.staged_maybe;
    return out;
}

} // namespace

const Impacts::Who& Impacts::who(const loader::Impact& row, const Names& names) {
    const auto [known, fresh] = processes_.try_emplace(row.principal);
    if (fresh) {
        known->second.program = names.program(row.connection);
        known->second.user = names.user(row.connection.uid);
    }
    return known->second;
}

v1::ImpactRow Impacts::row_of(const loader::Impact& row, const Names& names,
                              std::int64_t wall_offset_ns) {
    const loader::Event& event = row.connection;
    const auto subject = names.subject(event.subject);
    const auto peer = names.peer(event.peer_id, event.peer);
    const auto& process = who(row, names);
    v1::ImpactRow out;
    out.set_subject(subject.workload);
    if (!subject.identities.empty())
        out.set_subject_identity(subject.identities.front());
    out.set_allows(row.change == Change::allows);
    out.set_direction(direction_of(event.direction));
    out.set_protocol(event.protocol);
    out.set_port(service_port(event));
    out.set_peer(address_bytes(event.peer));
    out.mutable_peer_identities()->Assign(peer.identities.begin(), peer.identities.end());
    out.mutable_peer_lists()->Assign(peer.lists.begin(), peer.lists.end());
    *out.mutable_process() = process_of(process.program, process.user);
    out.set_unresolved(process.program.unresolved);
    fill_rules(names.decision(staged_event(row)), *out.mutable_reason(), *out.mutable_rules());
    fill_rules(names.decision(event), *out.mutable_active_reason(), *out.mutable_active_rules());
    out.set_count(row.count);
    out.set_first_ns(static_cast<std::int64_t>(event.started_ns) + wall_offset_ns);
    out.set_last_ns(static_cast<std::int64_t>(event.time_ns) + wall_offset_ns);
    return out;
}

void Impacts::begin(const Staging& staging, std::int64_t now_ns) {
    number_ = staging.number;
    lost_before_ = staging.lost;
    since_ns_ = now_ns;
    processes_.clear();
}

std::optional<v1::Impact> Impacts::message(const Staging& staging,
                                           std::span<const loader::Impact> rows, const Names& names,
                                           std::int64_t now_ns, std::int64_t wall_offset_ns) {
    if (staging.number != number_)
        begin(staging, now_ns);
    v1::Impact out;
    if (number_ != 0) {
        out.set_staging(number_);
        out.set_since_ns(since_ns_);
        out.set_trouble(staging.trouble);
        out.set_omitted(staging.lost - lost_before_);
    }
    std::map<std::string, v1::ImpactRow> kinds;
    for (const auto& row : rows) {
        if (row.change == Change::none) {
            out.set_same(out.same() + row.count);
            continue;
        }
        auto next = row_of(row, names, wall_offset_ns);
        const auto [known, fresh] = kinds.try_emplace(kind_of(next), next);
        if (!fresh)
            merge(known->second, next);
    }
    std::vector<v1::ImpactRow*> by_count;
    for (auto& [kind, row] : kinds)
        by_count.push_back(&row);
    std::ranges::stable_sort(by_count, std::ranges::greater{},
                             [](const auto* row) { return row->count(); });
    for (std::size_t i = 0; i < by_count.size(); ++i)
        if (i < most_rows_)
            *out.add_rows() = std::move(*by_count[i]);
        else
            out.set_omitted(out.omitted() + by_count[i]->count());
    auto text = out.SerializeAsString();
    if (text == said_)
        return std::nullopt;
    said_ = std::move(text);
    return out;
}

} // namespace ringwall::agent
