// What computed changes mean to each agent, and who is given the staged draft.
#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "control/core/fleets.h"

namespace ringwall::core {
namespace {

template <typename T>
void append(std::vector<T>& into, std::vector<T>& more) {
    into.insert(into.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

} // namespace

void Fleets::Computed::add(Computed more) {
    append(active, more.active);
    append(next, more.next);
    append(staged, more.staged);
    restaged |= more.restaged;
}

bool Fleets::Computed::renumbers() const {
    return std::ranges::any_of(std::array{&active, &next}, [](const auto* changes) {
        return std::ranges::any_of(*changes, [](const auto& one) { return one.concerns_hosts(); });
    });
}

// While a draft is staged, every workload that a rule of one fleet names has an identity of its own
// in all of them. Else the same address would have two owners in what an agent gets, and an allow
// has to hold for each: a draft would cut what is enforced.
Result<void> Fleets::align(Computed& out) {
    std::set<std::string> names;
    if (staged_)
        for (const auto* fleet : {&active_, &next_, &staged_})
            if (*fleet)
                names.merge((*fleet)->named());
    out.active.push_back(active_->name_also(names));
    if (next_)
        out.next.push_back(next_->name_also(names));
    if (staged_)
        out.staged.push_back(staged_->name_also(names));
    return ledger_.save();
}

void Fleets::touch(Touches& out, const compute::Change& change, Deliveries::Halves Touch::* half,
                   const std::function<bool(const std::string&)>& takes) {
    change.each_host([&](const compute::HostChange& host) {
        if (!takes(host.host))
            return;
        auto& touch = out[host.host];
        (touch.*half).policy |= host.policy;
        (touch.*half).inventory |= host.inventory.has_value();
        if (host.inventory && half == &Touch::own) {
            touch.gains |= host.inventory->gains;
            touch.loses |= host.inventory->loses;
        }
    });
    for (const auto& host : change.joined)
        if (takes(host))
            out[host].*half = {.policy = true, .inventory = true};
}

Fleets::Touches Fleets::touches(const Computed& computed) const {
    const auto is_first = [this](const std::string& agent) {
        return next_ && first_.contains(agent);
    };
    Touches out;
    for (const auto& change : computed.active)
        touch(out, change, &Touch::own, std::not_fn(is_first));
    for (const auto& change : computed.next)
        touch(out, change, &Touch::own, is_first);
    for (const auto& change : computed.staged)
        touch(out, change, &Touch::staged, [](const std::string&) { return true; });
    if (computed.restaged)
        for (const auto& [agent, state] : hub_.states())
            out[agent].staged = {.policy = true, .inventory = true};
    return out;
}

// Does the staged draft say something else to it than what it enforces?
bool Fleets::consider(const std::string& agent) {
    const bool is = staged_ && hub_.knows(agent) && !staged_refused_.contains(agent) &&
                    differs(of(agent), *staged_, agent);
    if (is)
        staged_for_.insert(agent);
    else
        staged_for_.erase(agent);
    return is;
}

Sources Fleets::sources(const std::string& agent) const {
    return {of(agent), staged_ && staged_for_.contains(agent) ? &*staged_ : nullptr};
}

void Fleets::send(const Computed& computed, const Pending& pending) {
    const auto revision = ledger_.next_revision();
    for (auto& [agent, touch] : touches(computed)) {
        const bool was = staged_for_.contains(agent), is = consider(agent);
        auto halves = touch.own;
        if (was || is) {
            halves.policy |= touch.staged.policy || was != is;
            halves.inventory |= touch.staged.inventory || was != is;
        }
        // New rules that name what it does not know wait for the inventory, and an inventory that
        // lacks what its rules name waits for the rules.
        halves.inventory_first = touch.loses && !touch.gains;
        const auto from = sources(agent);
        deliveries_.send(from, agent, halves, revision, within(from.fleet, pending));
    }
}

void Fleets::forget(const std::string& agent) {
    deliveries_.forget(agent);
    staged_for_.erase(agent);
    staged_refused_.erase(agent);
    hidden_.erase(agent);
}

bool Fleets::leave_out_staged(const std::string& agent, const v1::Nack& nack,
                              const Pending& pending) {
    const auto* sent = deliveries_.sent(agent);
    if (nack.half() != v1::POLICY || !sent || !sent->staged || sent->policy != nack.version())
        return false;
    staged_refused_[agent] = nack.sentence();
    send_all(agent, pending);
    return true;
}

} // namespace ringwall::core
