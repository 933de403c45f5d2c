// What Fleet holds, and the steps of one change.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "control/compute/fleet.h"
#include "control/compute/fleet_check.h"
#include "control/compute/fleet_extents.h"
#include "control/compute/fleet_identities.h"
#include "control/compute/fleet_members.h"
#include "control/compute/fleet_moves.h"
#include "control/compute/fleet_rule.h"
#include "control/compute/fleet_subjects.h"
#include "control/compute/fleet_touched.h"

namespace ringwall::compute {

class Fleet::State {
  public:
    State(Inventory inventory, Numbering numbering)
        : inventory_(inventory), identities_(std::move(numbering)),
          subjects_(inventory == Inventory::visible) {}

    std::expected<void, Error> load(const model::Policy& policy, std::uint64_t as_version,
                                    std::uint64_t as_revision);
    std::expected<Change, Error> edit(const Edit& edit);
    std::expected<Change, Error> provision(const model::Policy& policy, std::uint64_t version);
    Change name_also(std::set<std::string> workloads);
    std::set<std::string> named() const;
    std::expected<v1::Policy, Error> policy(std::string_view host) const;
    std::expected<v1::Inventory, Error> inventory(std::string_view host) const;
    void release(std::uint64_t up_to) { identities_.release(up_to); }
    bool has(std::string_view workload) const { return members_.find(workload) != nullptr; }

    std::uint64_t version = 0, revision = 0;

  private:
    using Numbers = std::set<std::uint32_t>;
    using After = std::map<std::string, std::uint32_t>; // workload -> identity
    using Host = std::vector<SubjectState>; // the host itself, then what is inside by name
    using RuleName = std::pair<std::string, std::string>; // of the set, of the rule
    struct Compiled {
        std::string text; // what it was compiled from, but for services and groups
        std::unique_ptr<CompiledRule> rule;
    };
    // Identities that begin or end to live.
    struct Turn {
        Numbers born, died;
    };
    // Whom a change may concern: all hosts of subjects, and hosts that are looked at singly.
    struct Concern {
        Bitmap subjects;
        std::set<std::string> hosts;
    };
    // The hosts of one identity: those that a change means the same to, and the others.
    struct Alike {
        std::shared_ptr<const Roster> plain;
        std::set<std::string> others;
    };
    // What a host of several subjects sees.
    struct Sight {
        Bitmap now;
        Moves moves;
    };

    // fleet_edit.cpp: workloads
    // The error that compute gives; none: the policy is valid.
    static std::optional<Error> problem(const model::Policy& policy);
    Turn turn_of(const After& after, const std::set<std::string>& removed) const;
    std::set<Use> flip(const Turn& turn);
    void unflip(const Turn& turn);
    void settle(const Turn& turn, const std::set<Use>& uses);
    void bury(const Numbers& died);
    void recompile(const std::set<Use>& uses);
    void raise(const Numbers& born);
    void remember(const Edit& edit);
    void remember(const std::string& host);
    IdentityKey key_of(const model::Workload& workload) const;
    Error refusal(const Edit& edit) const;

    // fleet_provision.cpp: rules
    std::set<RuleName> stale_rules(const model::Policy& policy) const;
    void drop_rules(const std::set<RuleName>& names);
    void add_rules();
    void rank_rules();
    bool stands_alone(const std::string& workload) const;
    void identify(const std::set<std::string>& workloads);
    std::set<std::string> take_lists(const model::Policy& policy);

    // fleet_concern.cpp: who is concerned
    Change finish(const std::set<std::string>& lists);
    Concern concerned(const std::set<std::string>& lists) const;
    void add_viewers(Concern& out) const;
    bool is_plain(const std::string& host) const;
    const Alike& alike(std::uint32_t subject);
    void forget_alike();
    void add_alike(std::uint32_t subject, const std::set<std::string>& lists,
                   std::set<std::string>& singly, Change& out);
    void add_singly(const std::string& name, const std::set<std::string>& lists, Change& out);
    std::expected<const std::string*, Error> find_host(std::string_view name) const;
    Host host_now(const std::string& name) const;
    Host host_before(const std::string& name) const;
    bool has_new_rules(const Host& now) const;
    static bool policy_differs(const Host& before, const Host& now,
                               const std::set<std::string>& lists);

    // fleet_inventory.cpp: what a host sees
    View view_of(std::uint32_t subject) const; // of a host that is this subject alone
    // `shared` holds what no one subject has for itself.
    View view_of(const Host& before, const Host& now, Sight& shared) const;
    std::optional<InventoryChange> inventory_change(const std::string& name, const View& view);
    Bitmap involved() const;
    bool has_other_rules(const View& view) const;
    v1::Identity row_of(std::uint32_t identity) const;

    Inventory inventory_;
    model::Policy objects_; // no workloads
    Naming naming_;
    std::set<std::string> also_; // named by somebody else's rules
    std::map<RuleName, Compiled> rules_;
    std::map<std::string, std::shared_ptr<const v1::AddressList>> lists_;
    Members members_;
    IdentityTable identities_;
    Extents extents_;
    Subjects subjects_;
    std::vector<std::optional<Alike>> alike_; // by identity, as far as it was asked for

    // Of the change under way.
    std::map<std::string, std::optional<Host>> hosts_before_; // those that differ by themselves
    std::set<std::string> local_; // hosts with addresses of their own realm, now or before
    using Memo = std::map<std::tuple<std::vector<std::uint32_t>, NumberSet, NumberSet>,
                          std::optional<InventoryChange>>;
    std::optional<TouchedRows> touched_;
    Memo memo_;       // by what is seen of those involved, and its moves
    Bitmap involved_; // see involved()
};

} // namespace ringwall::compute
