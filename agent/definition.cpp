#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "agent/compile.h"

namespace ringwall::agent {
namespace {

std::unexpected<Error> bad(std::string message) {
    return std::unexpected(Error{Errc::bad_snapshot, std::move(message)});
}

std::optional<std::uint32_t> as_number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::optional<RuleAction> action_of(v1::Action action) {
    switch (action) {
    case v1::ALLOW:
        return RuleAction::allow;
    case v1::DENY:
        return RuleAction::deny;
    case v1::OVERRIDE_DENY:
        return RuleAction::override_deny;
    default:
        return std::nullopt;
    }
}

// The fewest port prefixes that cover [first, last].
void cover_ports(std::uint32_t first, std::uint32_t last, Atom atom, std::vector<Atom>& out) {
    while (first <= last) {
        std::uint8_t bits = 0;
        while (bits < 16 && (first & ((2u << bits) - 1)) == 0 && first + (2u << bits) - 1 <= last)
            ++bits;
        atom.port = static_cast<std::uint16_t>(first);
        atom.length = static_cast<std::uint8_t>(16 - bits);
        out.push_back(atom);
        first += 1u << bits;
    }
}

void merge_into(View& out, const View& more) {
    View both;
    both.reserve(out.size() + more.size());
    std::ranges::set_union(out, more, std::back_inserter(both));
    out = std::move(both);
}

// Everything that is in exactly one of the two (sorted) is absent from the inventory it could have
// been in.
bool differ_by_absent(std::span<const std::uint32_t> before, std::span<const std::uint32_t> after,
                      std::span<const std::uint32_t> old_inventory,
                      std::span<const std::uint32_t> new_inventory) {
    std::vector<std::uint32_t> only;
    const auto absent = [&](std::span<const std::uint32_t> inventory) {
        return std::ranges::none_of(
            only, [&](std::uint32_t id) { return std::ranges::binary_search(inventory, id); });
    };
    std::ranges::set_difference(after, before, std::back_inserter(only));
    if (!absent(old_inventory))
        return false;
    only.clear();
    std::ranges::set_difference(before, after, std::back_inserter(only));
    return absent(new_inventory);
}

} // namespace

const char* name(RuleAction action) {
    switch (action) {
    case RuleAction::failsafe:
        return "failsafe";
    case RuleAction::override_deny:
        return "override-deny";
    case RuleAction::allow:
        return "allow";
    case RuleAction::deny:
        return "deny";
    }
    return "?";
}

class DefinitionBuilder {
  public:
    DefinitionBuilder(const v1::Subject& subject, const Interned& interned, const NodeContext& node)
        : subject_(subject), interned_(interned), node_(node) {}

    Result<std::shared_ptr<const Definition>> build() {
        add_failsafe();
        for (const v1::Rule& rule : subject_.rules())
            if (auto done = add(rule); !done)
                return std::unexpected(done.error());
        out_->index();
        return out_;
    }

  private:
    void add_failsafe() {
        for (std::size_t i = 0; i < node_.failsafe.size(); ++i) {
            const Failsafe& failsafe = node_.failsafe[i];
            Rule rule;
            rule.id = "failsafe";
            rule.action = RuleAction::failsafe;
            rule.inbound = failsafe.inbound;
            if (interned_.failsafe.at(i) == 0)
                rule.any = true;
            else
                rule.lists.push_back(interned_.failsafe[i]);
            const Atom atom{.protocol = failsafe.protocol.value_or(0),
                            .any_protocol = !failsafe.protocol};
            if (failsafe.protocol)
                cover_ports(failsafe.first_port, failsafe.last_port, atom, rule.atoms);
            else
                rule.atoms.push_back(atom);
            keep(std::move(rule));
        }
    }

    Result<void> add(const v1::Rule& wire) {
        const auto action = action_of(wire.action());
        const bool directed = wire.direction() == v1::OUTBOUND || wire.direction() == v1::INBOUND;
        if (!action || !directed)
            return bad(
                fmt::format("{}: rule \"{}\" has an action or direction that this agent does "
                            "not know; upgrade the agent",
                            subject_.workload(), wire.id()));
        Rule rule;
        rule.id = wire.id();
        rule.action = *action;
        rule.inbound = wire.direction() == v1::INBOUND;
        if (auto done = add_end(wire, rule); !done)
            return done;
        if (is_over(rule))
            return {};
        if (auto done = add_peers(wire, rule); !done)
            return done;
        for (const v1::Service& service : wire.services())
            if (auto done = add_service(wire, service, rule); !done)
                return done;
        keep(std::move(rule));
        return {};
    }

    void keep(Rule rule) {
        const auto number = static_cast<std::uint32_t>(out_->rules_.size());
        for (Atom& atom : rule.atoms)
            atom.rule = number;
        std::ranges::sort(rule.atoms);
        rule.atoms.erase(std::unique(rule.atoms.begin(), rule.atoms.end()), rule.atoms.end());
        rule.atoms.shrink_to_fit();
        out_->rules_.push_back(std::move(rule));
    }

    Result<void> add_end(const v1::Rule& wire, Rule& rule) {
        if (wire.ends_ns() == 0)
            return {};
        if (rule.action != RuleAction::allow || wire.ends_ns() < 0 || !node_.boot_time_at)
            return bad(fmt::format("{}: rule \"{}\" ends at a time, which this agent can keep for "
                                   "allow rules of a controller or a running agent only; remove "
                                   "the time, or the rule when its time has come",
                                   subject_.workload(), wire.id()));
        rule.ends = std::max<std::uint64_t>(node_.boot_time_at(wire.ends_ns()), 1);
        auto& ends = out_->ends_;
        if (is_over(rule) || std::ranges::binary_search(ends, rule.ends))
            return {};
        ends.insert(std::ranges::upper_bound(ends, rule.ends), rule.ends);
        if (ends.size() > loader::most_segments)
            return std::unexpected(
                Error{Errc::too_many_ends,
                      fmt::format("{}: its rules end at more than {} different times (one more is "
                                  "in rule \"{}\"); let some of them end together",
                                  subject_.workload(), loader::most_segments, wire.id())});
        return {};
    }

    bool is_over(const Rule& rule) const {
        return rule.ends != 0 && rule.ends <= node_.boot_time();
    }

    Result<void> add_peers(const v1::Rule& wire, Rule& rule) {
        rule.any = wire.peers().any();
        rule.all_workloads = wire.peers().all_workloads();
        for (const std::uint32_t id : wire.peers().identities()) {
            const auto found = interned_.identities.find(id);
            if (found == interned_.identities.end())
                return bad(
                    fmt::format("{}: rule \"{}\" names identity {}, which the inventory does "
                                "not have; ask the controller for a full snapshot",
                                subject_.workload(), wire.id(), id));
            rule.identities.push_back(found->second);
        }
        for (const std::string& list : wire.peers().lists()) {
            const auto found = interned_.lists.find(list);
            if (found == interned_.lists.end())
                return bad(fmt::format("{}: rule \"{}\" names list \"{}\", which the snapshot does "
                                       "not have; ask the controller for a full snapshot",
                                       subject_.workload(), wire.id(), list));
            rule.lists.push_back(found->second);
        }
        for (auto* ids : {&rule.identities, &rule.lists}) {
            std::ranges::sort(*ids);
            ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
        }
        return {};
    }

    Result<void> add_service(const v1::Rule& wire, const v1::Service& service, Rule& rule) {
        Atom atom{.any_protocol = service.any_protocol()};
        if (service.has_process()) {
            const auto number = selector(wire, service.process());
            if (!number)
                return std::unexpected(number.error());
            atom.selector = *number;
        }
        if (!service.any_protocol() && service.protocol() > 255)
            return bad_service(wire);
        if (!service.any_protocol())
            atom.protocol = static_cast<std::uint8_t>(service.protocol());
        if (service.any_protocol() || (service.ports().empty() && service.icmp().empty()))
            rule.atoms.push_back(atom);
        for (const auto& range : service.ports()) {
            if (range.first() > range.last() || range.last() > 65535)
                return bad_service(wire);
            cover_ports(range.first(), range.last(), atom, rule.atoms);
        }
        for (const auto& icmp : service.icmp())
            if (icmp.type() > 255 || icmp.code() < -1 || icmp.code() > 255)
                return bad_service(wire);
            else
                cover_ports(icmp.type() << 8 | std::max(icmp.code(), 0),
                            icmp.type() << 8 | (icmp.code() < 0 ? 255 : icmp.code()), atom,
                            rule.atoms);
        return {};
    }

    std::unexpected<Error> bad_service(const v1::Rule& wire) const {
        return bad(
            fmt::format("{}: rule \"{}\" has a port, ICMP type or protocol out of range; ask "
                        "the controller for a full snapshot",
                        subject_.workload(), wire.id()));
    }

    Result<std::int16_t> selector(const v1::Rule& wire, const v1::Process& process) {
        const auto parts = resolve(wire, process);
        if (!parts)
            return std::unexpected(parts.error());
        const auto [found, added] =
            numbers_.emplace(*parts, static_cast<std::int16_t>(numbers_.size()));
        if (added)
            out_->selectors_.push_back(*parts);
        if (numbers_.size() > 64)
            return std::unexpected(Error{
                Errc::too_many_selectors,
                fmt::format("{}: its rules have more than 64 different process selectors (the 65th "
                            "is in rule \"{}\"); name fewer programs, or make a part of the host "
                            "a workload of its own with `cgroup`",
                            subject_.workload(), wire.id())});
        return found->second;
    }

    Result<ProcessParts> resolve(const v1::Rule& wire, const v1::Process& process) {
        ProcessParts parts;
        const auto set = [&](loader::Attribute attribute, std::uint64_t value) {
            parts.values[static_cast<std::size_t>(attribute)] = value;
        };
        using enum loader::Attribute;
        if (!process.path().empty())
            set(path, node_.path_id(process.path()));
        if (!process.name().empty())
            set(loader::Attribute::name, node_.name_id(process.name()));
        if (!process.unit().empty())
            set(unit, node_.path_id(unit_cgroup(process.unit(), node_)));
        if (!process.container().empty())
            set(container, container_number(process.container()));
        for (const bool is_user : {true, false}) {
            const std::string& text = is_user ? process.user() : process.group();
            if (text.empty())
                continue;
            auto number = as_number(text);
            if (!number)
                number = (is_user ? node_.user_id : node_.group_id)(text);
            if (!number)
                return unresolved(wire, is_user ? "user" : "group", text,
                                  "create it, or write its number");
            set(is_user ? user : group, *number);
        }
        if (!process.sha256().empty()) {
            const auto id = digest_id(process.sha256());
            if (!id)
                return unresolved(wire, "sha256", process.sha256(),
                                  "write 64 lower-case hex digits");
            set(digest, *id);
        }
        if (parts == ProcessParts{})
            return bad(fmt::format("{}: rule \"{}\" has a process selector without any part",
                                   subject_.workload(), wire.id()));
        return parts;
    }

    std::unexpected<Error> unresolved(const v1::Rule& wire, const char* what,
                                      const std::string& text, const char* cure) const {
        return std::unexpected(
            Error{Errc::unresolved,
                  fmt::format("{}: rule \"{}\" asks for {} \"{}\", which this host does not know; "
                              "{}",
                              subject_.workload(), wire.id(), what, text, cure)});
    }

    std::uint64_t container_number(const std::string& container) {
        auto& known = out_->containers_;
        const auto found = std::ranges::find(known, container);
        if (found != known.end())
            return static_cast<std::uint64_t>(found - known.begin());
        known.push_back(container);
        return known.size() - 1;
    }

    const v1::Subject& subject_;
    const Interned& interned_;
    const NodeContext& node_;
    std::shared_ptr<Definition> out_ = std::make_shared<Definition>();
    std::map<ProcessParts, std::int16_t> numbers_;
};

Result<std::shared_ptr<const Definition>>
Definition::make(const v1::Subject& subject, const Interned& interned, const NodeContext& node) {
    return DefinitionBuilder(subject, interned, node).build();
}

void Definition::index() {
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
        const Rule& rule = rules_[i];
        if (rule.any)
            any_.push_back(i);
        if (rule.all_workloads)
            all_workloads_.push_back(i);
        for (const auto id : rule.identities)
            by_identity_[id].push_back(i);
        for (const auto id : rule.lists)
            by_list_[id].push_back(i);
    }
}

View Definition::view(std::uint32_t identity, std::span<const std::uint32_t> lists) const {
    View out = any_;
    const auto add = [&](const auto& index, std::uint32_t id) {
        if (const auto found = index.find(id); found != index.end())
            merge_into(out, found->second);
    };
    if (identity != 0) {
        merge_into(out, all_workloads_);
        add(by_identity_, identity);
    }
    for (const auto list : lists)
        add(by_list_, list);
    return out;
}

Signature Definition::signature(const Membership& membership) const {
    Signature out;
    for (const auto identity : membership.identities)
        out.push_back(view(identity, membership.lists));
    if (out.empty())
        out.push_back(view(0, membership.lists));
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

bool Definition::continues(const Definition& old, std::span<const std::uint32_t> old_identities,
                           std::span<const std::uint32_t> new_identities) const {
    if (selectors_ != old.selectors_ || containers_ != old.containers_ ||
        rules_.size() != old.rules_.size())
        return false;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const Rule& a = old.rules_[i];
        const Rule& b = rules_[i];
        const bool same = a.id == b.id && a.action == b.action && a.inbound == b.inbound &&
                          a.any == b.any && a.all_workloads == b.all_workloads &&
                          a.lists == b.lists && a.atoms == b.atoms && a.ends == b.ends;
        if (!same || !differ_by_absent(a.identities, b.identities, old_identities, new_identities))
            return false;
    }
    return true;
}

} // namespace ringwall::agent
