// Private to control/core: the parts of the controller and how they meet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "control/core/controller.h"
#include "control/core/enrolment.h"
#include "control/core/fleets.h"
#include "control/core/ledger.h"
#include "control/core/policies.h"
#include "control/core/silence.h"

namespace ringwall::core {

inline constexpr const char* the_only = "current"; // the name of an object that is one of its kind

class Controller::Impl final : public fleet::Listener {
  public:
    Impl(Options options, std::unique_ptr<store::Store> store, Ledger ledger, Enrolment enrolment,
         Policies policies);
    // `active`: the version that most agents are to enforce.
    Result<void> start(std::uint64_t active, std::optional<RolloutState> last);
    std::uint64_t active_version() const;

    // controller_change.cpp
    Result<Changed> change(const store::Change& change, bool dry_run);

    // controller_provision.cpp
    Result<ProvisionPlan> plan(const ProvisionRequest& request) const;
    Result<ProvisionPlan> plan(const store::Rollback& request) const;
    Result<std::optional<Provisioned>> provisioned_before(const ProvisionRequest& request) const;
    Result<Provisioned> provision(const ProvisionRequest& request);
    Result<Provisioned> rollback(const store::Rollback& request, std::chrono::seconds within);
    Result<RolloutState> confirm(const store::Author& by);
    Result<RolloutState> proceed(const store::Author& by);
    Result<RolloutState> abort(const store::Author& by, const std::string& reason);
    Result<void> freeze(const store::Author& by, const std::string& reason);
    void judge_rollout();
    std::optional<std::chrono::milliseconds> judgement_due() const; // on the steady clock

    // controller_silence.cpp
    void give_up_silent();
    void speaks(const std::string& agent); // also: it is no more

    // controller_staging.cpp
    Result<Staged> stage(const StageRequest& request, bool dry_run);
    Result<void> unstage(const store::Author& by);
    std::optional<StagingState> staging() const;
    void load_staging();

    // controller_agents.cpp
    Result<std::string> pairing_line(const store::Author& by, const std::string& profile,
                                     std::string host);
    Result<PairAnswer> pair(const PairRequest& request);
    Result<PairAnswer> renew(const std::string& agent, const std::string& csr,
                             const std::string& peer);
    Result<void> revoke(const store::Author& by, const std::string& agent,
                        const std::string& reason);
    std::vector<Agent> agents() const;
    std::optional<Agent> agent(std::string_view name) const;
    Result<void> command(const store::Author& by, const std::string& agent, v1::Command command,
                         CommandDone done);
    Result<void> ask(const std::string& agent, v1::Command question, CommandDone done);

    // controller_authority.cpp
    Rotation rotation() const;
    Result<Rotation> rotate(const store::Author& by, RotationStep step, bool dry_run);

    // controller_listener.cpp: what the sessions tell
    void greeted(const std::string& agent, const v1::Hello& hello) override;
    void acked(const std::string& agent, v1::Half half, const v1::Holding& held) override;
    void nacked(const std::string& agent, const v1::Nack& nack) override;
    void ahead(const std::string& agent, v1::Half half, const v1::Holding& held) override;
    void rolled_back(const std::string& agent, const v1::RolledBack& told) override;
    void store_flows(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
                     std::uint64_t lost) override;
    void reported(const std::string& agent, const v1::HostReport& report) override;
    void impact(const std::string& agent, const v1::Impact& impact) override;
    void command_done(const std::string& agent, const v1::CommandResult& result) override;
    void present(const std::string& agent, fleet::Presence presence) override;
    void duplicate(const std::string& agent, const std::string& sentence) override;

    Options options;
    std::unique_ptr<store::Store> store;
    Ledger ledger;
    Enrolment enrolment;
    Policies policies;
    fleet::Hub hub;
    Fleets fleets;
    std::optional<RolloutState> rollout;
    std::string frozen;
    std::optional<StagedDraft> staged;
    Impacts impacts;
    Silence silence;
    Events events;
    Counters counters;

  private:
    // How an agent's clock stands to ours, and when it last spoke.
    struct Heard {
        std::int64_t skew_ns = 0;
        bool skew_told = false;
    };
    struct Waiting {
        std::string agent;
        CommandDone done;
    };
    Result<void> reachable(const std::string& agent) const;
    void tell(const std::string& agent, v1::Command command, CommandDone done);

    Result<Changed> commit(const store::Change& change, Policies::Step step);
    Result<Changed> commit_dry(const store::Change& change, const Policies::Step& step);
    Fleets::Edit inverse_of(const Policies::Step& step) const;
    std::vector<Fault> warnings_for(const store::Change& change,
                                    const std::optional<model::Policy>& draft) const;
    Result<void> forget_tokens(const std::string& profile, std::vector<store::Edit>& edits) const;
    Result<store::Change> completed(const store::Change& change) const;
    void tell_change(const store::Change& change, const store::Receipt& receipt);

    struct Next {
        ProvisionPlan plan;
        std::vector<store::Selected> selection;
        model::Policy policy;
    };
    Result<Next> next_version(const ProvisionRequest& request) const;
    Result<Next> next_version(const store::Rollback& request) const;
    Result<ProvisionPlan> with_agents(Next next) const; // whom it concerns
    Result<void> may_provision() const;
    // For all agents at once, or for the first of a canary. `make` writes the version.
    using MakeVersion = std::function<store::Result<store::Version>()>;
    Result<Provisioned> everywhere(Next next, std::chrono::seconds within, const MakeVersion& make);
    Result<Provisioned> for_the_first(Next next, const ProvisionRequest& request,
                                      const MakeVersion& make);
    void tell_version(const store::Version& version);

    // controller_staging.cpp
    Result<Next> next_staging(const StageRequest& request) const;
    Result<std::vector<store::Object>> staged_contents(const StagedDraft& draft) const;
    Result<Fleets::Computed> stage_again();
    Result<std::uint64_t> next_staging_number() const;
    Result<Staged> stage(Next next, const StageRequest& request);
    Result<void> keep_staging(const store::Author& by, const std::optional<StagedDraft>& draft,
                              const Fleets::Computed& computed);
    Result<void> write_staging(const store::Author& by,
                               const std::optional<StagedDraft>& draft) const;
    void end_staging(const char* what, const std::string& actor);
    Result<void> may_renumber(const Fleets::Computed& computed) const;
    void end_staging_if_active(std::uint64_t version, Fleets::Computed& computed);
    void tell_staging(const char* what, const std::string& actor, const std::string& agent = {});

    // controller_rollout.cpp
    void begin_rollout(RolloutState state);
    Result<void> take_back(const store::Author& by, const std::string& reason);
    void close_rollout(Phase phase, const std::string& reason);
    void remember_rollout();
    void judge_soon();
    Result<void> record(const store::Author& by, const std::string& decision);
    Pending pending() const;
    store::Author myself() const;

    // controller_authority.cpp
    TrustHeld trust_of(const std::string& agent) const;
    TrustByAgent trust_by_agent() const;
    Result<void> log_unlogged_step();
    Result<void> forget_unlogged_step() const;
    Result<void> keep_authority(const store::Author& by, RotationStep step, pki::Authority next);
    void renew_if_behind(const std::string& agent);

    void add_agent(const std::string& name, const AgentRecord& record);
    void forget_agent(const std::string& name);
    Result<PairAnswer> pair_with_store(const PairRequest& request);
    PairAnswer answer_for(const std::string& agent, std::string certificate) const;
    Result<void> keep_record(const store::Author& by, const std::string& agent,
                             const AgentRecord& record);
    Result<StoredProfile> profile_at(const std::string& name) const;
    Result<std::optional<StoredProfile>> profile_of(const std::string& token) const;
    std::optional<pki::KnownWorkload> known_workload(const std::string& name) const;
    std::vector<pki::KnownWorkload> known_workloads(const std::string& name,
                                                    const pki::HostFacts& host) const;
    Agent describe(const std::string& name, const AgentRecord& record) const;
    void follow_addresses(const std::string& agent, const v1::HostReport& report);
    void note_skew(const std::string& agent, std::int64_t taken_ns);
    void tell_agent(const std::string& agent, const char* what, const std::string& sentence);
    void notice(std::string kind, const std::string& key, std::string sentence,
                std::map<std::string, std::string> fields = {});
    std::int64_t now_seconds() const { return options.wall() / 1'000'000'000; }

    std::map<std::string, AgentRecord> records_;
    std::map<std::string, Heard> heard_;
    std::map<std::uint64_t, Waiting> commands_;
    std::uint64_t last_command_ = 0;
    // A rollout has to be judged outside of what the sessions tell, which is in their midst.
    bool judge_soon_ = false;
    std::int64_t not_before_ns_ = 0; // after a judgement that could not be carried out
};

} // namespace ringwall::core
