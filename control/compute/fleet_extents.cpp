#include "control/compute/fleet_extents.h"

#include "control/compute/fleet_text.h"
#include "control/model/select.h"

namespace ringwall::compute {
namespace {

using model::Selector;
using Anchor = std::vector<std::pair<std::string, std::string>>;

// Of the labels that a selector asks for, the one that the fewest have.
Anchor anchor_of(const Extent& extent, const IdentityTable& identities) {
    Anchor best;
    std::uint64_t fewest = ~0ULL;
    const auto offer = [&](const Anchor& labels) {
        std::uint64_t size = 0;
        for (const auto& [key, value] : labels)
            size += identities.having(key, value).size();
        if (size < fewest)
            best = labels;
        fewest = std::min(fewest, size);
    };
    if (extent.scope)
        for (const auto& label : *extent.scope)
            offer({label});
    for (const auto& [key, values] : extent.selector.labels.labels) {
        Anchor either;
        for (const auto& value : values)
            either.emplace_back(key, value);
        offer(either);
    }
    return best;
}

bool means(const Extent& extent, const IdentityKey& who, const model::Policy& policy) {
    if (extent.scope && !model::in_scope(*extent.scope, who.labels))
        return false;
    return extent.selector.form != Selector::Form::labels ||
           model::matches(extent.selector.labels, who.labels, policy);
}

} // namespace

std::set<Extent*>& Extents::anchored(const Anchor::value_type& label) {
    return by_label_[label.first][label.second];
}

Extent* Extents::add(const Selector& selector, const model::Scope* scope, const Use& use,
                     const IdentityTable& identities, const model::Policy& policy) {
    if (!model::narrowed(selector))
        scope = nullptr;
    Kept& kept = by_text_[text(selector, scope)];
    if (!kept.extent) {
        kept.extent = std::make_unique<Extent>();
        Extent& made = *kept.extent;
        made.selector = selector;
        if (scope)
            made.scope = *scope;
        made.members = identities.select(selector, scope, policy);
        kept.anchor = anchor_of(made, identities);
        for (const auto& label : kept.anchor)
            anchored(label).insert(&made);
        if (selector.form == Selector::Form::workload)
            by_workload_[selector.name] = &made;
        else if (kept.anchor.empty())
            by_nothing_.insert(&made);
    }
    kept.extent->uses.insert(use);
    return kept.extent.get();
}

void Extents::remove(Extent* extent, const Use& use) {
    extent->uses.erase(use);
    if (!extent->uses.empty())
        return;
    const auto kept =
        by_text_.find(text(extent->selector, extent->scope ? &*extent->scope : nullptr));
    for (const auto& label : kept->second.anchor)
        anchored(label).erase(extent);
    by_nothing_.erase(extent);
    if (extent->selector.form == Selector::Form::workload)
        by_workload_.erase(extent->selector.name);
    by_text_.erase(kept);
}

std::vector<Extent*> Extents::meaning(const IdentityKey& who, const model::Policy& policy) const {
    std::vector<Extent*> out;
    const auto ask = [&](const std::set<Extent*>& some) {
        for (Extent* extent : some)
            if (means(*extent, who, policy))
                out.push_back(extent);
    };
    ask(by_nothing_);
    for (const auto& [key, value] : who.labels)
        if (const auto values = by_label_.find(key); values != by_label_.end())
            if (const auto some = values->second.find(value); some != values->second.end())
                ask(some->second);
    if (const auto named = by_workload_.find(who.workload); named != by_workload_.end())
        out.push_back(named->second);
    return out;
}

} // namespace ringwall::compute
