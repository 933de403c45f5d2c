// The controller's core: what the API, the agents' sessions and time ask of it. The one place where
// the store, the compiled fleet and the sessions meet. No sockets; clocks come in as functions. One
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/pki/certificate.h"
#include "control/compute/identity_key.h"
#include "control/core/error.h"
#include "control/core/events.h"
#include "control/core/notice.h"
#include "control/core/rollout.h"
#include "control/core/rotation.h"
#include "control/core/staging.h"
#include "control/fleet/hub.h"
#include "control/model/model.h"
#include "control/pki/identity.h"
#include "control/pki/pairing.h"
#include "control/store/store.h"

namespace ringwall::core {

// Flow batches go out here. Answer, now or later and in order, with flows_stored() or
// flows_failed() of the hub.
class FlowSink {
  public:
    virtual ~FlowSink() = default;
    virtual void take(const std::string& agent, std::uint64_t stream, const v1::FlowBatch& batch,
                      std::uint64_t lost) = 0;
    // What is stored of the agent's stream: stream and number; 0, 0: nothing.
    virtual std::pair<std::uint64_t, std::uint64_t> through(const std::string& agent) = 0;
};

struct Options {
    std::string data_dir;           // exists, mode 0700: policy.db, authority.json, signing.key
    std::string version;            // of this program
    std::vector<std::string> names; // DNS names and addresses that agents reach it by
    std::uint16_t port = 8443;
    std::int64_t certificate_life = 30 * 86400; // of agents, seconds
    std::chrono::milliseconds silent_grace{}; // the silent stay in their peers' policy; 0: for ever
    std::function<std::int64_t()> wall;       // ns since 1970
    std::function<std::chrono::milliseconds()> steady; // counts sleep, never goes back
    std::function<void(const Notice&)> notice;
    std::function<void()> wake; // next_deadline() may have come nearer
    // Other CAs, or another one that issues: identity() and trust_bundle() are to be taken anew.
    std::function<void()> authority_changed;
    FlowSink* flows = nullptr; // outlives the controller; null: batches are refused
};

// ---- Objects and versions

struct Changed {
    store::Receipt receipt; // of a dry run: what would have come, revisions are 0
    std::vector<Fault> warnings;
};

struct ProvisionRequest {
    store::Author by;
    std::optional<std::vector<store::Selected>> selection; // none: everything pending
    std::string note;
    std::optional<std::uint64_t> base;
    std::chrono::seconds confirm_within{}; // 0: final at once
    std::optional<Canary> canary;
    // The agents that Canary::query selects, by whoever reads label queries.
    std::vector<std::string> canary_agents;
    std::string asked; // as store::Provision::asked
};
// What a provision would do, or did.
struct ProvisionPlan {
    std::vector<store::ObjectChange> changes;
    std::vector<store::ObjectId> pulled_in; // of them, those nobody selected but others need
    std::vector<Fault> warnings;
    std::vector<std::string> agents; // whose policy differs
};
struct Provisioned {
    store::Version version;
    ProvisionPlan plan;
};

// ---- A draft that agents judge beside what they enforce

struct StageRequest {
    store::Author by; // its idempotency key is not looked at: staging again is another staging
    std::optional<std::vector<store::Selected>> selection; // none: everything pending
    std::string note;
    std::optional<std::uint64_t> base; // the newest version the author saw
};
struct Staged {
    std::uint64_t number = 0; // of a dry run: 0
    ProvisionPlan plan;       // agents: those that are given it
};
struct StagingState {
    std::uint64_t number = 0;
    std::string actor, note;
    std::int64_t since_ns = 0;
    std::vector<store::ObjectChange> changes; // to the version that was newest then
    struct Reporter {
        std::string agent;
        bool reported = false; // what it saw, since this staging
        std::string refused;   // why it cannot judge by it; empty: it can
    };
    std::vector<Reporter> agents; // by name; those for which it says something else
};

// ---- Pairing

struct PairRequest {
    pki::Redemption redemption;
    std::string peer; // the address it came from
};
struct PairAnswer {
    std::string agent;                  // the workload's name, the certificate's identity
    std::string certificate;            // PEM chain
    std::string trust;                  // PEM, the bundle
    std::string signing_keys;           // PEM, public keys to pin
    std::vector<std::string> endpoints; // "host:port", to try in this order
    std::uint64_t bundle = 0;           // revision of `trust`
};

// ---- The fleet as people see it

struct Agent {
    std::string name;
    fleet::Presence presence = fleet::Presence::silent;
    std::int64_t last_heard_ns = 0; // wall clock; 0: not since the controller's start
    std::int64_t paired_ns = 0;
    std::string peer, version, boot_id;
    std::uint64_t provisioned = 0; // the version it enforces, as far as it has said so; 0: none
    bool current = false;          // holds the newest of both halves
    bool unconfirmed = false;
    bool given_up = false;    // silent for too long: its peers' rules do not find it
    std::string refused;      // the sentence of its last Nack
    std::string revoked;      // why; empty: it may connect
    std::int64_t skew_ns = 0; // its wall clock minus ours, when it last reported
    std::shared_ptr<const v1::HostReport> report;
    fleet::SessionStats stats;
};

class Controller {
  public:
    // Creates what is missing on the first start, with a token of all rights in
    // data_dir/admin.token. Errors: io, full; the sentence says what to do.
    static Result<std::unique_ptr<Controller>> open(Options options);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;
    Controller(Controller&&) = delete;
    Controller& operator=(Controller&&) = delete;
    ~Controller();

    // Reading goes straight to the store: objects, versions, audit.
    const store::Store& store() const;
    fleet::Hub& hub();

    // All edits or none. Policy kinds are validated together with the rest of the draft; workloads
    // also against the active version, and act at once. Errors: as the store's, and invalid.
    Result<Changed> change(const store::Change& change, bool dry_run);
    Result<ProvisionPlan> plan(const ProvisionRequest& request) const;
    Result<Provisioned> provision(const ProvisionRequest& request); // and busy, frozen
    // The version that this request made before, under its idempotency key. reused_key.
    Result<std::optional<Provisioned>> provisioned_before(const ProvisionRequest& request) const;
    Result<ProvisionPlan> plan(const store::Rollback& request) const;
    Result<Provisioned> rollback(const store::Rollback& request,
                                 std::chrono::seconds confirm_within);

    // The version under way or the last one that was: confirm it, push a canary on to the rest
    // (which then wait for the confirmation, if there is one), or take it back. not_found,
    // conflict.
    std::optional<RolloutState> rollout() const;
    Result<RolloutState> confirm(const store::Author& by);
    Result<RolloutState> proceed(const store::Author& by);
    Result<RolloutState> abort(const store::Author& by, const std::string& reason);

    // Staged is what provisioning the same selection now would make; it stays what it is until
    // another one is staged, or it is taken off, or a version with the same content is in force.
    // Enforces nothing, so a freeze does not matter. Errors of stage: as of provision but frozen;
    // nothing; busy (a version waits for its confirmation, and identities would be renumbered).
    Result<Staged> stage(const StageRequest& request, bool dry_run);
    Result<void> unstage(const store::Author& by); // not_found, busy
    std::optional<StagingState> staging() const;
    const Impacts& impacts() const; // of the present staging

    // Maintenance freeze: nothing is provisioned until it is lifted. Empty reason: lift it.
    Result<void> freeze(const store::Author& by, const std::string& reason);
    const std::string& frozen() const; // the reason; empty: not frozen

    // `ringwall pair`: a new line of one profile. `host`: how agents reach this controller; empty:
    // the first of Options::names. not_found, forbidden (revoked).
    Result<std::string> pairing_line(const store::Author& by, const std::string& profile,
                                     const std::string& host);
    Result<PairAnswer> pair(const PairRequest& request);
    // `agent`: from a certificate that admit() let in.
    Result<PairAnswer> renew(const std::string& agent, const std::string& csr,
                             const std::string& peer);
    Result<void> revoke(const store::Author& by, const std::string& agent,
                        const std::string& reason);

    // The CA's rotation: GET and POST /authority. Saved before it acts; then all connected agents
    // renew, and the others when they come. A dry run answers what would be; the CA that it
    // announces is never used. conflict (out of order, or somebody would lose his connection), io.
    Rotation rotation() const;
    Result<Rotation> rotate(const store::Author& by, RotationStep step, bool dry_run);

    std::vector<Agent> agents() const;
    std::optional<Agent> agent(std::string_view name) const;
    // `done` is called once, later. not_found, busy (not connected). Command::id is set here.
    using CommandDone = std::function<void(const v1::CommandResult&)>;
    Result<void> command(const store::Author& by, const std::string& agent, v1::Command command,
                         CommandDone done);
    // Likewise; for what changes nothing on the host, and so is not audited.
    Result<void> ask(const std::string& agent, v1::Command question, CommandDone done);

    // The policy in force with today's workloads, and the draft with the same workloads.
    const model::Policy& active() const;
    const model::Policy& draft() const;
    std::uint64_t active_version() const; // 0: nothing was provisioned
    // What the number of an identity means, also of one that is no more. null: never given out.
    const compute::IdentityKey* identity_key(std::uint32_t number) const;
    // The workload that has this address now, 4 or 16 bytes; several: the first by name; none: "".
    std::string workload_at(std::string_view address) const;
    std::int64_t now_ns() const; // Options::wall
    // What an agent is to enforce, as it was compiled. not_found.
    Result<v1::Snapshot> snapshot(std::string_view agent) const;

    Events::Subscription subscribe(std::uint64_t after, Events::Listener listener);

    // Deadlines, on the steady clock: call tick() when next_deadline() is due. The hub's are among
    // them; whoever drives the hub by itself asks only for those of versions under way and of
    // silent agents.
    void tick();
    std::optional<std::chrono::milliseconds> next_deadline() const;
    std::optional<std::chrono::milliseconds> own_deadline() const;

    // A certificate of this controller for its TLS side, made anew. PEM chain and key.
    struct Identity {
        std::string chain;
        pki::PrivateKey key;
    };
    Result<Identity> identity() const;
    std::string trust_bundle() const; // PEM
    // Who a client certificate speaks for, at this moment.
    pki::Result<pki::Identity> admit(const std::vector<pki::Certificate>& chain) const;

    struct Counters {
        std::uint64_t policies = 0, inventories = 0; // releases handed to sessions
        std::uint64_t changes = 0, provisions = 0, nacks = 0, taken_back = 0;
        std::uint64_t flow_summaries = 0, flows_lost = 0, pairings = 0, refused_pairings = 0;
    };
    Counters counters() const;

  private:
    class Impl;
    explicit Controller(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::core
