// The draft and the active policy as models, kept true change by change. Pure but for load().
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ip.h"
#include "control/core/error.h"
#include "control/model/model.h"
#include "control/store/store.h"

namespace ringwall::core {

// All of a store's list. Errors: as the store's.
Result<std::vector<store::Object>> all_objects(const store::Store& store, const std::string& kind);
Result<std::vector<store::Object>> all_contents(const store::Store& store, std::uint64_t version);

class Policies {
  public:
    // `active`: the version that is in force; 0: none.
    static Result<Policies> load(const store::Store& store, std::uint64_t active);

    const model::Policy& draft() const { return draft_; }
    const model::Policy& active() const { return active_; }

    // What some edits of policy kinds come to.
    struct Step {
        std::optional<model::Policy> draft; // when more than workloads changed
        std::vector<model::Workload> puts;
        std::vector<std::string> removed; // workloads that were there
        bool empty() const { return !draft && puts.empty() && removed.empty(); }
    };
    // Faults where the draft would contradict itself.
    Result<Step> step(const std::vector<store::Edit>& edits) const;
    void take(Step step);
    // The policy of the objects of a version, with today's workloads.
    Result<model::Policy> of(const std::vector<store::Object>& contents) const;
    void activate(model::Policy policy) { active_ = std::move(policy); }
    void reset_draft(model::Policy policy) { draft_ = std::move(policy); }

    const model::Workload* workload(std::string_view name) const;
    // The first by name that has this routable address (4 or 16 bytes); "": nobody.
    std::string workload_at(std::string_view address) const;

  private:
    // Not validated: a workload's labels, which act at once, may have made a draft invalid.
    Result<model::Policy> composed(const std::vector<store::Object>& contents) const;

    void index(const model::Workload& workload, bool there);

    model::Policy draft_, active_;                        // workloads by name, the same in both
    std::map<Address, std::set<std::string>> by_address_; // of routable workloads
};

} // namespace ringwall::core
