#include "control/history/suggest.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/label_order.h"
#include "control/history/groups.h"

namespace ringwall::history {
namespace {

constexpr double enough = 0.6;         // likeness for a suggestion
constexpr double clearly = 0.15;       // by which it is nearer than to those with another value
constexpr double much = 0.3;           // by which it is nearer than to its own group
constexpr std::size_t at_least = 2;    // workloads that say something together
constexpr double most = 0.5;           // members that have a trait, for it to be theirs
constexpr std::size_t told_traits = 3; // as evidence
constexpr double also = 0.2;           // likeness from which a group may be what it is, too

using Near = std::vector<std::pair<GroupId, double>>;

// Labels that say what a workload is for.
bool says_what(const model::Labels& labels) {
    return labels.contains("role") || labels.contains("app");
}
bool is_incomplete(const model::Labels& labels) {
    return !labels.contains("role") || !labels.contains("app");
}

bool contradicts(const model::Labels& one, const model::Labels& other) {
    return std::ranges::any_of(one, [&](const auto& label) {
        const auto found = other.find(label.first);
        return found != other.end() && found->second != label.second;
    });
}

bool has_all(const model::Labels& labels, const model::Labels& wanted) {
    return std::ranges::all_of(wanted, [&](const auto& label) {
        const auto found = labels.find(label.first);
        return found != labels.end() && found->second == label.second;
    });
}

std::string in_words(const model::Labels& labels) {
    std::vector<std::string> out;
    for (const auto& [key, value] : in_usual_order(labels))
        out.push_back(fmt::format("{}={}", key, value));
    return fmt::format("{}", fmt::join(out, ", "));
}

// Workloads of one group on which the same listens.
struct Case {
    const Group& own;
    const Signature& signature;
    const Near& near; // groups that come into question
};

class Advisor {
  public:
    explicit Advisor(const Groups& groups) : groups_(groups) {}

    // Without the name of a workload: labels that are missing, else labels that look wrong.
    std::optional<Suggestion> advise(const Case& of) const {
        std::optional<Suggestion> out;
        if (is_incomplete(of.own.labels))
            out = advise(of, false);
        if (!out && says_what(of.own.labels) && is_odd(of))
            out = advise(of, true);
        return out;
    }

  private:
    std::optional<Suggestion> advise(const Case& of, bool odd) const {
        const auto best = best_of(of, odd);
        if (!best)
            return std::nullopt;
        const auto& [id, score] = *best;
        const auto& model = groups_.all()[id];
        Suggestion out{.workload = {},
                       .mislabelled = odd,
                       .labels = of.own.labels,
                       .suggested = decided(of, model, score),
                       .score = score,
                       .like = like(of.signature, model),
                       .evidence = {}};
        if (!out.suggested.empty() && out.like >= at_least)
            out.evidence = evidence(of, model, out.suggested);
        if (out.evidence.empty())
            return std::nullopt;
        if (odd)
            add_missing(of, out.evidence);
        return out;
    }

    // Is there a group of its own, most of which is not like it?
    bool is_odd(const Case& of) const {
        const auto others = of.own.members - 1;
        return others >= at_least && 2 * (like(of.signature, of.own) - 1) < others;
    }

    // The group it is most like, if it may be one of them.
    std::optional<std::pair<GroupId, double>> best_of(const Case& of, bool odd) const {
        const std::pair<GroupId, double>* best = nullptr;
        for (const auto& each : of.near) {
            const auto& group = groups_.all()[each.first];
            const bool fits = &group != &of.own && says_what(group.labels) &&
                              group.members >= at_least &&
                              (odd || !contradicts(of.own.labels, group.labels));
            if (fits && each.second >= enough && (!best || each.second > best->second))
                best = &each;
        }
        if (!best || (odd && groups_.like_others(of.signature, of.own) + much > best->second))
            return std::nullopt;
        return *best;
    }

    // Has it all that the group has, and by that something that the model has not? Then it does
    // the work of both.
    bool does_also(const Case& of, const Group& group, const Group& model) const {
        bool more = false;
        for (const auto& [trait, members] : group.traits) {
            if (!is_typical(group, trait))
                continue;
            if (!std::ranges::binary_search(of.signature, trait))
                return false;
            more |= !is_typical(model, trait);
        }
        return more;
    }

    static bool is_typical(const Group& group, TraitId trait) {
        const auto found = group.traits.find(trait);
        return found != group.traits.end() &&
               static_cast<double>(found->second) >= most * static_cast<double>(group.members);
    }

    // Workloads with another value that are nearly as like it, or more, or whose work it does, too.
    std::size_t rivals(const Case& of, const std::string& key, const std::string& value,
                       const Group& model, double score) const {
        std::size_t out = 0;
        for (const auto& [id, likeness] : of.near) {
            const auto& group = groups_.all()[id];
            const auto found = group.labels.find(key);
            const bool differs = found != group.labels.end() && found->second != value;
            if (&group != &of.own && differs &&
                (likeness > score - clearly || does_also(of, group, model)))
                out += group.members;
        }
        return out;
    }

    // The labels of the model that it has not, where the other values are clearly less
    // likely.
    model::Labels decided(const Case& of, const Group& model, double score) const {
        model::Labels out;
        for (const auto& [key, value] : model.labels) {
            const auto own = of.own.labels.find(key);
            if (own != of.own.labels.end() && own->second == value)
                continue;
            if (rivals(of, key, value, model, score) < at_least)
                out.emplace(key, value);
        }
        return out;
    }

    std::size_t like(const Signature& signature, const Group& group) const {
        std::size_t out = 0;
        for (const auto& [other, workloads] : group.workloads)
            if (groups_.alike(signature, other) >= enough)
                out += workloads.size();
        return out;
    }

    // Do most of those without these labels have it, too? Then it says nothing.
    bool is_telling(TraitId trait, const model::Labels& labels) const {
        std::size_t all = 0, having = 0;
        for (const auto& group : groups_.all()) {
            if (!says_what(group.labels) || has_all(group.labels, labels))
                continue;
            all += group.members;
            if (const auto found = group.traits.find(trait); found != group.traits.end())
                having += found->second;
        }
        return static_cast<double>(having) < most * static_cast<double>(all);
    }

    std::vector<TraitId> by_weight(std::vector<TraitId> traits) const {
        std::ranges::sort(traits, std::ranges::greater(),
                          [&](TraitId trait) { return std::pair(groups_.weight(trait), trait); });
        return traits;
    }

    std::vector<std::string> evidence(const Case& of, const Group& model,
                                      const model::Labels& suggested) const {
        std::vector<std::string> out;
        for (const auto trait : by_weight(of.signature)) {
            const auto found = model.traits.find(trait);
            if (is_typical(model, trait) && out.size() < told_traits &&
                is_telling(trait, suggested))
                out.push_back(fmt::format("{}, as on {} of the {} workloads of {}",
                                          history::in_words(groups_.traits()[trait]), found->second,
                                          model.members, in_words(model.labels)));
        }
        return out;
    }

    // What most of those with its present labels have, and it has not.
    void add_missing(const Case& of, std::vector<std::string>& out) const {
        std::vector<TraitId> missing;
        for (const auto& [trait, members] : of.own.traits)
            if (static_cast<double>(members) >= most * static_cast<double>(of.own.members - 1) &&
                !std::ranges::binary_search(of.signature, trait))
                missing.push_back(trait);
        if (missing.empty())
            return;
        const auto trait = by_weight(std::move(missing)).front();
        out.push_back(fmt::format("{} on {} of the {} others with its present labels, and not here",
                                  history::in_words(groups_.traits()[trait]),
                                  of.own.traits.at(trait), of.own.members - 1));
    }

    const Groups& groups_;
};

// Each signature with the groups that have it.
std::map<Signature, std::vector<const Group*>> by_signature(const Groups& groups) {
    std::map<Signature, std::vector<const Group*>> out;
    for (const auto& group : groups.all())
        for (const auto& [signature, workloads] : group.workloads)
            out[signature].push_back(&group);
    return out;
}

} // namespace

Suggestions suggest(const std::vector<model::Workload>& workloads, const Heard& heard) {
    const Groups groups(workloads, heard);
    const Advisor advisor(groups);
    Suggestions out;
    for (const auto& workload : workloads)
        out.considered += heard.contains(workload.name);
    for (const auto& [signature, having] : by_signature(groups)) {
        const auto near = groups.like(signature, also);
        for (const auto* group : having) {
            auto found = advisor.advise({*group, signature, near});
            if (!found)
                continue;
            for (const auto& name : group->workloads.at(signature)) {
                found->workload = name;
                out.items.push_back(*found);
            }
        }
    }
    std::ranges::sort(out.items, [](const Suggestion& one, const Suggestion& other) {
        return one.score != other.score ? one.score > other.score : one.workload < other.workload;
    });
    return out;
}

} // namespace ringwall::history
