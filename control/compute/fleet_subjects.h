// Per distinct subject: its rules, and the identities that they let it see.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "control/compute/fleet_bitmap.h"
#include "control/compute/fleet_change.h"
#include "control/compute/fleet_rule.h"

namespace ringwall::compute {

// A subject is a managed identity that lives. What it had before a change is kept until settled().
class Subjects {
  public:
    using Rules = std::shared_ptr<const SubjectRules>;

    // Without sight, sight() is empty and costs nothing.
    explicit Subjects(bool with_sight) : with_sight_(with_sight) {}

    void born(std::uint32_t subject);
    void died(std::uint32_t subject); // stands at no rule any more
    void add(std::uint32_t subject, ProgramNode* node);
    // Another program at the same node.
    void replace(ProgramNode* node, std::shared_ptr<const Program> program);
    void drop(const std::set<const CompiledRule*>& rules);
    // After the last of the above: makes rules and sights true. Who means all sees `live`.
    void publish(const Bitmap& live);
    void settled() { touches_.clear(); }

    const std::vector<ProgramNode*>& standing(std::uint32_t subject) const;
    Rules rules(std::uint32_t subject) const;
    Rules rules_before(std::uint32_t subject) const;
    // The identities that its rules name, or all when some rule means all; and itself.
    const Bitmap& sight(std::uint32_t subject) const;
    const Bitmap& sight_before(std::uint32_t subject) const;
    const Bitmap& seen_by(std::uint32_t identity) const;
    std::vector<std::uint32_t> changed() const; // rules or sight differ from before
    std::vector<std::uint32_t> naming(const std::set<std::string>& lists) const;

  private:
    struct Subject {
        std::vector<ProgramNode*> nodes;
        Rules rules;
        Bitmap sight;
        bool sees_all = false;
    };
    struct Touch {
        Rules rules; // null: was none
        Bitmap sight;
        Bitmap doubtful; // identities that a program names or named
        bool fresh = false;
        bool changed = false;
    };
    Touch& touch(std::uint32_t subject);
    void publish(std::uint32_t subject, Touch& touch, const Bitmap& live);
    void look(Subject& subject, std::uint32_t self, const Touch& touch, const Bitmap& live) const;
    void index(std::uint32_t subject, const Bitmap& before, const Bitmap& now);

    bool with_sight_;
    std::map<std::uint32_t, Subject> all_;
    std::map<std::uint32_t, Touch> touches_;
    std::vector<Bitmap> seen_by_;
    Bitmap see_all_;
};

} // namespace ringwall::compute
