#include "agent/compile.h"

#include <algorithm>
#include <bit>
#include <ranges>
#include <set>
#include <tuple>

namespace ringwall::agent {
namespace {

constexpr std::uint32_t any_protocol_length = 1u << 17;
constexpr std::size_t most_selectors = 64;
constexpr std::uint64_t for_good = ~std::uint64_t{0}; // only what does not end
constexpr auto container_part = static_cast<std::size_t>(loader::Attribute::container);

template <typename F>
void for_each_bit(std::uint64_t bits, F&& use) {
    for (; bits != 0; bits &= bits - 1)
        use(static_cast<unsigned>(std::countr_zero(bits)));
}

std::uint64_t bit(std::int16_t selector) {
    return std::uint64_t{1} << selector;
}

std::uint64_t unconstrained(std::span<const ProcessParts> selectors, std::size_t attribute) {
    std::uint64_t out = ~std::uint64_t{0};
    for (std::size_t i = 0; i < selectors.size(); ++i)
        if (selectors[i].values[attribute])
            out &= ~(std::uint64_t{1} << i);
    return out;
}

} // namespace

// ---- what the atoms of one view say about each key ---------------------------------------------

RuleSet::Key RuleSet::Key::of(const Atom& atom) {
    return {atom.any_protocol, atom.protocol, atom.port, atom.length};
}

bool RuleSet::Key::covers(const Key& other) const {
    if (any_protocol)
        return true;
    return !other.any_protocol && protocol == other.protocol && length <= other.length &&
           (length == 0 || port >> (16 - length) == other.port >> (16 - length));
}

void RuleSet::Bits::add(RuleAction action, std::int16_t selector) {
    const bool any = selector < 0;
    const std::uint64_t set = any ? 0 : bit(selector);
    switch (action) {
    case RuleAction::failsafe:
        any_failsafe |= any;
        break;
    case RuleAction::override_deny:
        override_deny |= set;
        any_override_deny |= any;
        break;
    case RuleAction::allow:
        allow |= set;
        any_allow |= any;
        break;
    case RuleAction::deny:
        deny |= set;
        any_deny |= any;
        break;
    }
}

// Walks keys in their order and keeps the covering ones on a stack, each with all that it and those
// below it say: the closure of prefixes.
class RuleSet::ViewSweep {
  public:
    ViewSweep(const Definition& definition, const View& view, bool inbound, std::uint64_t until)
        : definition_(definition), until_(until) {
        for (const std::uint32_t number : view) {
            const Rule& rule = definition.rules()[number];
            if (rule.inbound == inbound)
                atoms_.insert(atoms_.end(), rule.atoms.begin(), rule.atoms.end());
        }
        std::ranges::sort(atoms_, {}, &Key::of);
        for (const Atom& atom : atoms_)
            if (atom.any_protocol)
                say(atom, any_protocol_);
    }

    void keys_into(std::vector<Key>& out) const {
        for (const Atom& atom : atoms_)
            if (out.empty() || out.back() != Key::of(atom))
                out.push_back(Key::of(atom));
    }

    Bits at(const Key& key) {
        while (!stack_.empty() && !stack_.back().first.covers(key))
            stack_.pop_back();
        for (; next_ < atoms_.size() && Key::of(atoms_[next_]) <= key; ++next_)
            push(atoms_[next_], key);
        return stack_.empty() ? any_protocol_ : stack_.back().second;
    }

  private:
    void push(const Atom& atom, const Key& wanted) {
        const Key key = Key::of(atom);
        if (key.any_protocol || !key.covers(wanted))
            return;
        if (stack_.empty() || stack_.back().first != key)
            stack_.emplace_back(key, stack_.empty() ? any_protocol_ : stack_.back().second);
        say(atom, stack_.back().second);
    }

    void say(const Atom& atom, Bits& bits) const {
        const Rule& rule = definition_.rules()[atom.rule];
        if (rule.ends == 0 || rule.ends >= until_)
            bits.add(rule.action, atom.selector);
    }

    const Definition& definition_;
    std::uint64_t until_;
    std::vector<Atom> atoms_;
    Bits any_protocol_;
    std::vector<std::pair<Key, Bits>> stack_;
    std::size_t next_ = 0;
};

template <typename F>
void RuleSet::for_each_key(const Signature& signature, bool inbound, std::uint64_t until,
                           F&& use) const {
    std::vector<ViewSweep> sweeps;
    std::vector<Key> keys;
    for (const View& view : signature) {
        sweeps.emplace_back(*definition_, view, inbound, until);
        sweeps.back().keys_into(keys);
    }
    if (sweeps.size() > 1) {
        std::ranges::sort(keys);
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    }
    std::vector<Bits> views(sweeps.size());
    for (const Key& key : keys) {
        for (std::size_t i = 0; i < sweeps.size(); ++i)
            views[i] = sweeps[i].at(key);
        use(key, std::span<const Bits>(views));
    }
}

// ---- several claims on one address -------------------------------------------------------------

// The selector that holds exactly when both hold. nullopt: never, or (two different groups) not
// expressible, which then allows nothing.
std::optional<ProcessParts> RuleSet::merged(unsigned one, unsigned other) const {
    ProcessParts out = selectors_[one];
    for (std::size_t i = 0; i < out.values.size(); ++i) {
        const auto& more = selectors_[other].values[i];
        if (more && out.values[i] && *more != *out.values[i])
            return std::nullopt;
        if (more)
            out.values[i] = more;
    }
    return out;
}

// The set that a process meets exactly when it meets both sets, as far as combinations have
// numbers.
std::uint64_t RuleSet::both(std::uint64_t one, std::uint64_t other) const {
    std::uint64_t out = one & other;
    for_each_bit(one & ~other, [&](unsigned a) {
        for_each_bit(other & ~one, [&](unsigned b) {
            const auto found = std::ranges::find(selectors_, merged(a, b));
            if (found != selectors_.end())
                out |= bit(static_cast<std::int16_t>(found - selectors_.begin()));
        });
    });
    return out;
}

// Deny holds for any claim, allow must hold for each.
loader::EntryRow RuleSet::combine(std::span<const Bits> views) const {
    loader::EntryRow row;
    bool first = true;
    row.any_allow = true;
    for (const Bits& view : views) {
        row.any_failsafe |= view.any_failsafe;
        row.override_deny |= view.override_deny;
        row.any_override_deny |= view.any_override_deny;
        row.deny |= view.deny;
        row.any_deny |= view.any_deny;
        if (!view.any_allow) {
            row.allow = first ? view.allow : both(row.allow, view.allow);
            row.any_allow = first = false;
        }
    }
    if (views.size() == 1)
        row.allow = views[0].allow;
    return row;
}

void RuleSet::number_combinations(const Signature& signature) {
    const auto number = [&](std::uint64_t one, std::uint64_t other) {
        for_each_bit(one & ~other, [&](unsigned a) {
            for_each_bit(other & ~one, [&](unsigned b) {
                const auto both_parts = merged(a, b);
                if (both_parts && selectors_.size() < most_selectors &&
                    std::ranges::find(selectors_, *both_parts) == selectors_.end())
                    selectors_.push_back(*both_parts);
            });
        });
    };
    const auto number_at = [&](const Key&, std::span<const Bits> views) {
        std::optional<std::uint64_t> so_far;
        for (const Bits& view : views) {
            if (view.any_allow)
                continue;
            if (so_far)
                number(*so_far, view.allow);
            so_far = so_far ? both(*so_far, view.allow) : view.allow;
        }
    };
    for (const std::uint64_t until : moments())
        for (const bool inbound : {false, true})
            for_each_key(signature, inbound, until, number_at);
}

bool RuleSet::allow_is_exact(std::span<const Bits> views) const {
    std::optional<std::uint64_t> so_far;
    bool exact = true;
    for (const Bits& view : views) {
        if (view.any_allow)
            continue;
        if (so_far)
            for_each_bit(*so_far & ~view.allow, [&](unsigned a) {
                for_each_bit(view.allow & ~*so_far, [&](unsigned b) {
                    const auto parts = merged(a, b);
                    exact &= !parts || std::ranges::find(selectors_, *parts) != selectors_.end();
                });
            });
        so_far = so_far ? both(*so_far, view.allow) : view.allow;
    }
    return exact;
}

bool RuleSet::exact_for(const Signature& signature) const {
    if (signature.size() == 1 || selectors_.size() == most_selectors)
        return true;
    bool exact = true;
    for (const std::uint64_t until : moments())
        for (const bool inbound : {false, true})
            for_each_key(signature, inbound, until, [&](const Key&, std::span<const Bits> views) {
                exact = exact && allow_is_exact(views);
            });
    return exact;
}

// ---- classes -----------------------------------------------------------------------------------

RuleSet::RuleSet(std::uint32_t id, std::shared_ptr<const Definition> definition, Ids& ids,
                 std::span<const Signature> claimed)
    : id_(id), definition_(std::move(definition)),
      selectors_(definition_->selectors().begin(), definition_->selectors().end()) {
    for (const Signature& signature : claimed)
        if (signature.size() > 1)
            number_combinations(signature);
    unknown_ = classify(Membership{}, ids);
}

void RuleSet::continue_with(std::shared_ptr<const Definition> definition) {
    definition_ = std::move(definition);
}

loader::ClassRef RuleSet::classify(const Signature& signature, Ids& ids) {
    const auto [found, added] = classes_.try_emplace(signature);
    if (!added)
        return found->second;
    class_order_.push_back(&found->first);
    loader::ClassRef& cls = found->second;
    if (signature == Signature{View{}})
        return cls;
    cls.id = ++ids.cls;
    cls.out_lengths = add_entries(signature, false, cls.id, ids);
    cls.in_lengths = add_entries(signature, true, cls.id, ids);
    return cls;
}

// Returns the lengths that exist.
std::uint32_t RuleSet::add_entries(const Signature& signature, bool inbound, std::uint32_t cls,
                                   Ids& ids) {
    std::uint32_t lengths = 0;
    const auto class_index = static_cast<std::uint32_t>(class_order_.size() - 1);
    const std::size_t first = new_entries_.size();
    for_each_key(signature, inbound, for_good, [&](const Key& key, std::span<const Bits> views) {
        loader::EntryRow row = combine(views);
        row.rule_set = id_;
        row.cls = cls;
        row.inbound = inbound;
        row.any_protocol = key.any_protocol;
        row.protocol = key.protocol;
        row.length = key.length;
        row.port = key.port;
        row.id = ++ids.entry;
        lengths |= key.any_protocol ? any_protocol_length : 1u << key.length;
        entries_.push_back({row.id, class_index, key, inbound});
        new_entries_.push_back(row);
    });
    add_segments(signature, inbound, std::span(new_entries_).subspan(first));
    return lengths;
}

// From the last end back, so that a segment which allows nothing beyond the next is left out.
void RuleSet::add_segments(const Signature& signature, bool inbound,
                           std::span<loader::EntryRow> rows) const {
    for (const std::uint64_t end : std::views::reverse(definition_->ends())) {
        std::size_t at = 0;
        for_each_key(signature, inbound, end, [&](const Key&, std::span<const Bits> views) {
            auto& row = rows[at++];
            const auto now = combine(views);
            const auto later = row.segments.empty()
                                   ? loader::Segment{.allow = row.allow, .any_allow = row.any_allow}
                                   : row.segments.front();
            if (now.allow != later.allow || now.any_allow != later.any_allow)
                row.segments.insert(row.segments.begin(), {end, now.allow, now.any_allow});
        });
    }
}

std::vector<std::uint64_t> RuleSet::moments() const {
    std::vector<std::uint64_t> out(definition_->ends().begin(), definition_->ends().end());
    out.push_back(for_good);
    return out;
}

std::vector<loader::EntryRow> RuleSet::take_entries() {
    return std::exchange(new_entries_, {});
}

void RuleSet::rollback(const Mark& mark) {
    while (class_order_.size() > mark.classes) {
        classes_.erase(classes_.find(*class_order_.back()));
        class_order_.pop_back();
    }
    entries_.resize(std::min(entries_.size(), mark.entries));
    new_entries_.clear();
}

// ---- attributes --------------------------------------------------------------------------------

loader::RuleSetRow RuleSet::row() const {
    loader::RuleSetRow row{.id = id_, .unconstrained = {}, .unknown = unknown_};
    for (std::size_t i = 0; i < row.unconstrained.size(); ++i)
        row.unconstrained[i] = unconstrained(selectors_, i);
    return row;
}

std::vector<loader::AttributeRow> RuleSet::attributes() const {
    std::vector<loader::AttributeRow> out;
    for (std::size_t i = 0; i < loader::attribute_count; ++i) {
        if (i == container_part)
            continue;
        std::map<std::uint64_t, std::uint64_t> sets;
        for (std::size_t number = 0; number < selectors_.size(); ++number)
            if (const auto& value = selectors_[number].values[i])
                sets[*value] |= std::uint64_t{1} << number;
        for (const auto& [value, set] : sets)
            out.push_back({id_, static_cast<loader::Attribute>(i), value,
                           set | unconstrained(selectors_, i)});
    }
    return out;
}

std::vector<loader::AttributeRow>
RuleSet::container_rows(const std::map<std::uint64_t, std::string>& containers) const {
    std::vector<loader::AttributeRow> out;
    const auto names = definition_->containers();
    if (names.empty())
        return out;
    for (const auto& [cgroup, name] : containers) {
        std::uint64_t set = unconstrained(selectors_, container_part);
        for (std::size_t number = 0; number < selectors_.size(); ++number)
            if (const auto& value = selectors_[number].values[container_part];
                value && names[*value] == name)
                set |= std::uint64_t{1} << number;
        out.push_back({id_, loader::Attribute::container, cgroup, set});
    }
    return out;
}

// ---- explaining --------------------------------------------------------------------------------

std::vector<Match> RuleSet::explain(std::uint32_t entry, std::uint64_t sure, std::uint64_t maybe,
                                    bool timed) const {
    const auto found = std::ranges::lower_bound(entries_, entry, {}, &Entry::id);
    if (found == entries_.end() || found->id != entry)
        return {};
    std::set<std::pair<RuleAction, std::uint32_t>> matches;
    bool allowed_for_each = true;
    for (const View& view : *class_order_[found->class_index]) {
        bool allowed = false;
        for (const std::uint32_t number : view) {
            const Rule& rule = definition_->rules()[number];
            const std::uint64_t bits = rule.action == RuleAction::allow ? sure : maybe;
            const bool holds = rule.inbound == found->inbound && (rule.ends == 0 || timed) &&
                               std::ranges::any_of(rule.atoms, [&](const Atom& atom) {
                                   return Key::of(atom).covers(found->key) &&
                                          (atom.selector < 0 || (bits & bit(atom.selector)) != 0);
                               });
            if (holds)
                matches.emplace(rule.action, number);
            allowed |= holds && rule.action == RuleAction::allow;
        }
        allowed_for_each &= allowed;
    }
    std::vector<Match> out;
    for (const auto& [action, number] : matches)
        if (action != RuleAction::allow || allowed_for_each)
            if (const Match match{definition_->rules()[number].id, action};
                out.empty() || out.back() != match)
                out.push_back(match);
    return out;
}

// ---- widening ----------------------------------------------------------------------------------

namespace {

// Inbound, atom without its rule, end; sorted.
using Said = std::vector<std::tuple<bool, Atom, std::uint64_t>>;

// Selector numbers of `old` in the numbering of `now`; those it does not have get numbers of their
// own.
std::vector<std::int16_t> translation(const Definition& old, const Definition& now) {
    const auto named = [](const Definition& definition, std::size_t number) {
        ProcessParts parts = definition.selectors()[number];
        std::string container;
        if (auto& value = parts.values[container_part]) {
            container = definition.containers()[*value];
            value = 0;
        }
        return std::pair(parts, container);
    };
    std::vector<std::int16_t> out;
    for (std::size_t i = 0; i < old.selectors().size(); ++i) {
        out.push_back(static_cast<std::int16_t>(1000 + i));
        for (std::size_t j = 0; j < now.selectors().size(); ++j)
            if (named(old, i) == named(now, j))
                out.back() = static_cast<std::int16_t>(j);
    }
    return out;
}

Said said(const Definition& definition, const View& view, RuleAction action,
          std::span<const std::int16_t> translated) {
    Said out;
    for (const std::uint32_t number : view) {
        const Rule& rule = definition.rules()[number];
        if (rule.action != action)
            continue;
        for (Atom atom : rule.atoms) {
            atom.rule = 0;
            if (atom.selector >= 0 && !translated.empty())
                atom.selector = translated[static_cast<std::size_t>(atom.selector)];
            out.emplace_back(rule.inbound, atom, rule.ends);
        }
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

} // namespace

bool widens(const Definition& old, const Signature& before, const Definition& now,
            const Signature& after) {
    const auto translated = translation(old, now);
    const auto all_in = [&](RuleAction action, bool old_in_new) {
        for (const View& a : before)
            for (const View& b : after) {
                const Said was = said(old, a, action, translated);
                const Said is = said(now, b, action, {});
                const auto& [inner, outer] = old_in_new ? std::tie(was, is) : std::tie(is, was);
                if (!std::ranges::includes(outer, inner))
                    return false;
            }
        return true;
    };
    if (&old == &now && before == after)
        return true;
    return all_in(RuleAction::allow, true) && all_in(RuleAction::failsafe, true) &&
           all_in(RuleAction::deny, false) && all_in(RuleAction::override_deny, false);
}

} // namespace ringwall::agent
