#include "control/compute/fleet_subjects.h"

#include <algorithm>

#include "control/compute/fleet_program.h"

namespace ringwall::compute {
namespace {

const Bitmap& nobody() {
    static const Bitmap empty;
    return empty;
}

bool equal(const SubjectRules& a, const SubjectRules& b) {
    return std::ranges::equal(a.programs, b.programs, [](const auto& one, const auto& other) {
        return one == other || *one == *other;
    });
}

std::pair<std::size_t, bool> place(const ProgramNode* node) {
    return {node->rule->rank, !node->outbound};
}

} // namespace

Subjects::Touch& Subjects::touch(std::uint32_t subject) {
    const auto [touch, added] = touches_.try_emplace(subject);
    if (added)
        if (const auto found = all_.find(subject); found != all_.end()) {
            touch->second.rules = found->second.rules;
            touch->second.sight = found->second.sight;
        }
    return touch->second;
}

void Subjects::born(std::uint32_t subject) {
    touch(subject).fresh = true;
    all_.try_emplace(subject);
}

void Subjects::died(std::uint32_t subject) {
    touch(subject);
    all_.erase(subject);
    see_all_.remove(subject);
}

void Subjects::add(std::uint32_t subject, ProgramNode* node) {
    touch(subject).fresh = true;
    all_.at(subject).nodes.push_back(node);
}

void Subjects::replace(ProgramNode* node, std::shared_ptr<const Program> program) {
    if (*program == *node->program)
        return;
    const Bitmap doubtful = [&] {
        Bitmap both = difference(program->named, node->program->named);
        both |= difference(node->program->named, program->named);
        return both;
    }();
    node->program = std::move(program);
    for (const std::uint32_t subject : node->subjects.numbers())
        touch(subject).doubtful |= doubtful;
}

void Subjects::drop(const std::set<const CompiledRule*>& rules) {
    Bitmap touched;
    for (const CompiledRule* rule : rules)
        for (const ProgramNode* node : rule->nodes())
            touched |= node->subjects;
    for (const std::uint32_t subject : touched.numbers()) {
        touch(subject).fresh = true;
        std::erase_if(all_.at(subject).nodes,
                      [&](const ProgramNode* node) { return rules.contains(node->rule); });
    }
}

void Subjects::publish(const Bitmap& live) {
    for (const std::uint32_t subject : see_all_.numbers())
        if (with_sight_ && all_.at(subject).sight != live)
            touch(subject);
    for (auto& [subject, touch] : touches_)
        publish(subject, touch, live);
}

void Subjects::publish(std::uint32_t number, Touch& touch, const Bitmap& live) {
    const auto found = all_.find(number);
    if (found == all_.end()) {
        index(number, touch.sight, nobody());
        touch.changed = touch.rules != nullptr;
        return;
    }
    Subject& subject = found->second;
    std::ranges::sort(subject.nodes, {}, place);
    auto rules = std::make_shared<SubjectRules>();
    rules->programs.reserve(subject.nodes.size());
    for (const ProgramNode* node : subject.nodes)
        if (!node->program->pieces.empty()) {
            rules->programs.push_back(node->program);
            rules->lists.insert(node->program->lists.begin(), node->program->lists.end());
        }
    if (!touch.rules || !equal(*touch.rules, *rules)) {
        subject.rules = std::move(rules);
        touch.changed = true;
    }
    if (!with_sight_)
        return;
    look(subject, number, touch, live);
    if (subject.sees_all)
        see_all_.add(number);
    else
        see_all_.remove(number);
    touch.changed |= subject.sight != touch.sight;
    index(number, touch.sight, subject.sight);
}

void Subjects::look(Subject& subject, std::uint32_t self, const Touch& touch,
                    const Bitmap& live) const {
    const auto& programs = subject.rules->programs;
    const bool saw_all = subject.sees_all;
    subject.sees_all =
        std::ranges::any_of(programs, [](const auto& program) { return program->all_workloads; });
    if (subject.sees_all) {
        subject.sight = live;
    } else if (touch.fresh || saw_all) {
        std::vector<const Bitmap*> parts;
        for (const auto& program : programs)
            parts.push_back(&program->named);
        subject.sight = union_of(parts);
        subject.sight.add(self);
    } else {
        for (const std::uint32_t identity : touch.doubtful.numbers())
            if (identity == self || std::ranges::any_of(programs, [&](const auto& program) {
                    return program->named.contains(identity);
                }))
                subject.sight.add(identity);
            else
                subject.sight.remove(identity);
    }
}

void Subjects::index(std::uint32_t subject, const Bitmap& before, const Bitmap& now) {
    for (const std::uint32_t identity : difference(before, now).numbers())
        seen_by_[identity].remove(subject);
    for (const std::uint32_t identity : difference(now, before).numbers()) {
        if (identity >= seen_by_.size())
            seen_by_.resize(identity + 1);
        seen_by_[identity].add(subject);
    }
}

const std::vector<ProgramNode*>& Subjects::standing(std::uint32_t subject) const {
    return all_.at(subject).nodes;
}

Subjects::Rules Subjects::rules(std::uint32_t subject) const {
    const auto found = all_.find(subject);
    return found == all_.end() ? nullptr : found->second.rules;
}

Subjects::Rules Subjects::rules_before(std::uint32_t subject) const {
    const auto touched = touches_.find(subject);
    return touched == touches_.end() ? rules(subject) : touched->second.rules;
}

const Bitmap& Subjects::sight(std::uint32_t subject) const {
    const auto found = all_.find(subject);
    return found == all_.end() ? nobody() : found->second.sight;
}

const Bitmap& Subjects::sight_before(std::uint32_t subject) const {
    const auto touched = touches_.find(subject);
    return touched == touches_.end() ? sight(subject) : touched->second.sight;
}

const Bitmap& Subjects::seen_by(std::uint32_t identity) const {
    return identity < seen_by_.size() ? seen_by_[identity] : nobody();
}

std::vector<std::uint32_t> Subjects::changed() const {
    std::vector<std::uint32_t> out;
    for (const auto& [subject, touch] : touches_)
        if (touch.changed)
            out.push_back(subject);
    return out;
}

std::vector<std::uint32_t> Subjects::naming(const std::set<std::string>& lists) const {
    std::vector<std::uint32_t> out;
    for (const auto& [number, subject] : all_)
        if (std::ranges::any_of(lists,
                                [&](const auto& l) { return subject.rules->lists.contains(l); }))
            out.push_back(number);
    return out;
}

} // namespace ringwall::compute
