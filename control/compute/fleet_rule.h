// A policy rule with the extents of its ends and its programs, one for each way of standing there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/compute/fleet_extents.h"
#include "control/compute/fleet_program.h"
#include "control/model/model.h"

namespace ringwall::compute {

// Which (instance, element) of a rule mean the subject: of `from` when outbound; of `to` inbound,
// where elements do not differ and count 0.
using Standing = std::set<std::pair<std::uint32_t, std::uint32_t>>;

struct ProgramNode {
    CompiledRule* rule = nullptr;
    bool outbound = false;
    Standing standing;
    Bitmap subjects; // managed identities that stand so
    std::shared_ptr<const Program> program;
};

class CompiledRule {
  public:
    CompiledRule(const model::RuleSet& set, const model::Rule& rule, const model::Policy& policy);
    CompiledRule(const CompiledRule&) = delete;
    CompiledRule& operator=(const CompiledRule&) = delete;
    CompiledRule(CompiledRule&&) = delete;
    CompiledRule& operator=(CompiledRule&&) = delete;
    ~CompiledRule() = default;

    void join(Extents& extents, const IdentityTable& identities, const model::Policy& policy);
    void leave(Extents& extents);

    const std::string& id() const { return id_; }
    std::size_t rank = 0; // place of the id among all rules, given by the owner
    // For all living identities at once; call after join().
    void program_everybody(const Bitmap& managed);
    // The node of this standing, which the identity joins; made when it is the first.
    ProgramNode* stand(bool outbound, const Standing& standing, std::uint32_t identity,
                       const Bitmap& managed);
    // Ends when nobody stands there any more.
    void unstand(ProgramNode* node, std::uint32_t identity);
    // Nodes whose peers come from the given end of the given instance.
    std::vector<ProgramNode*> facing(const Use& use) const;
    std::shared_ptr<const Program> compile(const ProgramNode& node, const Bitmap& managed) const;
    std::vector<ProgramNode*> nodes() const;
    // An allow whose process selector nobody can judge, because no end it means has an agent.
    bool unjudged(const Bitmap& managed) const;

  private:
    struct Element {
        Extent* extent = nullptr; // null: a list
        const model::Selector* selector = nullptr;
        bool narrowed = false;
    };
    struct Instance {
        std::vector<Element> from, to;
    };
    struct ServiceAt {
        ServiceBits ports; // without process
        std::optional<model::ProcessSelector> process;
    };
    using Ends = std::vector<std::pair<std::pair<std::uint32_t, std::uint32_t>, const Bitmap*>>;
    Ends own_ends(bool outbound) const;
    void program_side(bool outbound, const Bitmap& managed);
    void add_outbound(const Instance& at, const model::Selector& own, const Bitmap& managed,
                      PieceMaker& out) const;
    void add_inbound(const Instance& at, const Bitmap& managed, PieceMaker& out) const;
    bool nobody_judges(bool from, std::size_t first, std::size_t last, const Bitmap& managed) const;

    std::string id_;
    model::Rule rule_;
    std::vector<std::optional<model::Scope>> scopes_; // one per instance
    std::vector<Instance> instances_;
    std::vector<ServiceAt> services_;
    std::map<std::pair<bool, Standing>, std::unique_ptr<ProgramNode>> nodes_; // outbound first
};

} // namespace ringwall::compute
