#include "tests/oracle/faults.h"

#include <algorithm>
#include <utility>

#include "control/compute/compute.h"

namespace ringwall::oracle {
namespace {

using loader::Delta;
using loader::EntryRow;

void let_deny_beat_allow(Delta& delta) {
    for (EntryRow& row : delta.entries) {
        row.override_deny |= row.deny;
        row.any_override_deny |= row.any_deny;
    }
}

bool covers(const EntryRow& wide, const EntryRow& narrow) {
    const auto mask = static_cast<std::uint16_t>(0xffff0000u >> wide.length);
    return wide.rule_set == narrow.rule_set && wide.cls == narrow.cls &&
           wide.inbound == narrow.inbound && !narrow.any_protocol &&
           (wide.any_protocol || (wide.protocol == narrow.protocol && wide.length < narrow.length &&
                                  (narrow.port & mask) == wide.port));
}

// A longer prefix keeps only what its covering prefixes do not carry.
void drop_the_prefix_closure(Delta& delta) {
    const std::vector<EntryRow> closed = delta.entries;
    for (EntryRow& row : delta.entries)
        for (const EntryRow& wide : closed) {
            if (!covers(wide, row))
                continue;
            row.allow &= ~wide.allow;
            row.deny &= ~wide.deny;
            row.override_deny &= ~wide.override_deny;
            row.any_allow &= !wide.any_allow;
            row.any_deny &= !wide.any_deny;
            row.any_override_deny &= !wide.any_override_deny;
        }
}

void leave_a_stale_selector_bit(Delta& delta) {
    for (std::size_t i = delta.attributes.size(); i-- > 1;)
        if (delta.attributes[i].rule_set == delta.attributes[i - 1].rule_set)
            delta.attributes[i].selectors |= delta.attributes[i - 1].selectors;
}

void miss_classes(Delta& delta) {
    std::size_t index = 0;
    std::erase_if(delta.classes, [&](const auto&) { return index++ % 3 == 2; });
}

void mix_up_directions(Delta& delta) {
    for (EntryRow& row : delta.entries)
        row.inbound = !row.inbound;
    for (auto& row : delta.classes)
        std::swap(row.cls.in_lengths, row.cls.out_lengths);
    for (auto& row : delta.rule_sets)
        std::swap(row.unknown.in_lengths, row.unknown.out_lengths);
}

void lose_the_last_entry_of_each_range(Delta& delta) {
    for (std::size_t i = 1; i < delta.entries.size(); ++i)
        if (delta.entries[i].length == 16)
            delta.entries[i].length = 15;
}

void each_service(v1::Snapshot& snapshot, auto change) {
    for (auto& subject : *snapshot.mutable_policy()->mutable_subjects())
        for (auto& rule : *subject.mutable_rules())
            for (auto& service : *rule.mutable_services())
                change(service);
}

void lengthen_port_ranges(v1::Snapshot& snapshot) {
    each_service(snapshot, [](v1::Service& service) {
        for (auto& range : *service.mutable_ports())
            range.set_last(std::min(65535u, range.last() + 1));
    });
}

void ignore_icmp_codes(v1::Snapshot& snapshot) {
    each_service(snapshot, [](v1::Service& service) {
        for (auto& icmp : *service.mutable_icmp())
            icmp.set_code(-1);
    });
}

void ignore_exclude(v1::Snapshot& snapshot) {
    for (auto& list : *snapshot.mutable_policy()->mutable_lists())
        list.clear_exclude();
}

void believe_one_claimant(v1::Snapshot& snapshot) {
    for (auto& owner : *snapshot.mutable_inventory()->mutable_addresses())
        owner.mutable_identities()->Truncate(1);
}

void strip_remote_selectors_of_denies(model::Policy& policy) {
    for (auto& set : policy.rule_sets)
        for (auto& rule : set.rules)
            if (rule.action != model::Action::allow)
                for (auto& use : rule.services)
                    use.process.reset();
    for (auto& service : policy.services)
        service.process.reset();
}

// A deny with a destination process is programmed at the source as if the process held.
void count_remote_selectors_in_denies(v1::Snapshot& snapshot, const model::Policy& policy,
                                      const std::string& host) {
    model::Policy stripped = policy;
    strip_remote_selectors_of_denies(stripped);
    auto other = compute::snapshot(stripped, host, 1);
    if (!other)
        return;
    for (int i = 0; i < snapshot.policy().subjects_size(); ++i)
        for (const auto& rule : other->policy().subjects(i).rules())
            if (rule.action() != v1::ALLOW && rule.direction() == v1::OUTBOUND &&
                rule.peers().lists_size() == 0)
                *snapshot.mutable_policy()->mutable_subjects(i)->add_rules() = rule;
}

void narrow_no_source(model::Policy& policy) {
    for (auto& set : policy.rule_sets)
        for (auto& rule : set.rules)
            rule.scope = model::RuleScope::extra;
}

void leak_host_local_addresses(model::Policy& policy) {
    for (auto& workload : policy.workloads)
        workload.realm = model::Realm::routable;
}

void confuse_selective_with_full(v1::Snapshot& snapshot) {
    for (auto& subject : *snapshot.mutable_policy()->mutable_subjects())
        if (subject.mode() == v1::SELECTIVE)
            subject.set_mode(v1::FULL);
}

Fault in_policy(const char* name, void (*change)(model::Policy&)) {
    return {.name = name, .policy = change};
}

Fault in_snapshot(const char* name, void (*change)(v1::Snapshot&)) {
    return {.name = name,
            .snapshot = [change](v1::Snapshot& snapshot, const model::Policy&, const std::string&) {
                change(snapshot);
            }};
}

Fault in_rows(const char* name, void (*change)(Delta&)) {
    return {.name = name, .rows = change};
}

} // namespace

const std::vector<Fault>& faults() {
    static const std::vector<Fault> all{
        in_rows("deny beats allow", let_deny_beat_allow),
        in_rows("prefix closure dropped", drop_the_prefix_closure),
        in_rows("last port of a range one bit too wide", lose_the_last_entry_of_each_range),
        in_rows("stale selector bit", leave_a_stale_selector_bit),
        in_rows("class missed for a new peer", miss_classes),
        in_rows("directions mixed up", mix_up_directions),
        in_snapshot("port range off by one", lengthen_port_ranges),
        in_snapshot("ICMP code ignored", ignore_icmp_codes),
        in_snapshot("exclude ignored", ignore_exclude),
        in_snapshot("one claimant of an address believed", believe_one_claimant),
        in_snapshot("selective taken for full", confuse_selective_with_full),
        {.name = "remote selector in a deny counted as true",
         .snapshot = count_remote_selectors_in_denies},
        in_policy("intra scope not narrowed", narrow_no_source),
        in_policy("host-local address known elsewhere", leak_host_local_addresses),
        {.name = "maybe taken for sure in an allow", .maybe_is_sure = true},
    };
    return all;
}

} // namespace ringwall::oracle
