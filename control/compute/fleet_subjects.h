// Per distinct subject: its rules, and the identities that they let it see.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/compute/fleet_bitmap.h"
#include "control/compute/fleet_moves.h"
#include "control/compute/fleet_rule.h"
#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

// The rules of one distinct subject, shared by every workload that has its identity.
struct SubjectRules {
    std::vector<std::shared_ptr<const Program>> programs; // by rule id, outbound first
    std::set<std::string> lists;                          // every list they name
    bool name_any(const std::set<std::string>& some) const;
};

// A workload as a subject, at some moment.
struct SubjectState {
    std::shared_ptr<const model::Workload> workload;
    std::uint32_t identity = 0;
    std::shared_ptr<const SubjectRules> rules;

    v1::Subject wire() const;
    bool same(const SubjectState& other) const; // nothing that wire() shows differs
};

// A subject is a managed identity that lives. What it had before a change is kept until settled().
class Subjects {
  public:
    using Rules = std::shared_ptr<const SubjectRules>;

    // Without sight, nobody sees anybody and it costs nothing.
    explicit Subjects(bool with_sight) : with_sight_(with_sight) {}

    void born(std::uint32_t subject);
    void died(std::uint32_t subject); // stands at no rule any more
    void add(std::uint32_t subject, ProgramNode* node);
    // Another program at the same node.
    void replace(ProgramNode* node, std::shared_ptr<const Program> program);
    void drop(const std::set<const CompiledRule*>& rules);
    // After the last of the above: makes rules and sights true. Who means all sees the living.
    void publish(const View& living);
    void settled();

    const std::vector<ProgramNode*>& standing(std::uint32_t subject) const;
    // Null: it is none, or was none.
    const Rules& rules(std::uint32_t subject) const;
    const Rules& rules_before(std::uint32_t subject) const;
    // The identities that its rules name, or all when some rule means all; and itself.
    View sight(std::uint32_t subject) const;
    const Bitmap& seen_by(std::uint32_t identity) const;
    std::vector<std::uint32_t> changed() const; // rules or sight differ from before
    std::vector<std::uint32_t> naming(const std::set<std::string>& lists) const;

  private:
    struct Subject {
        std::vector<ProgramNode*> nodes; // by place in the policy, once published
        Rules rules;
        Bitmap sight;
        bool sees_all = false;
    };
    struct Touch {
        std::uint32_t number = 0;
        Rules rules;              // null: was none
        NumberSet named, unnamed; // by a program that did not before, or no more
        Moves moves;              // of its sight
        bool fresh = false;       // stands elsewhere
        bool reprogrammed = false;
    };
    struct Slot { // of an identity's number
        std::optional<Subject> subject;
        std::optional<std::size_t> touch; // place in touches_
        Bitmap seen_by;
    };
    Slot& slot(std::uint32_t number);
    const Subject* find(std::uint32_t number) const;
    const Touch* touched(std::uint32_t number) const;
    Touch& touch(std::uint32_t number);
    void publish(Touch& touch, const View& living);
    static void look(Subject& subject, Touch& touch, const View& living);

    bool with_sight_;
    std::deque<Slot> slots_; // index: number
    std::vector<Touch> touches_;
    Bitmap see_all_;
};

} // namespace ringwall::compute
