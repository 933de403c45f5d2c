#include "control/compute/fleet_subjects.h"

#include <algorithm>

#include "control/compute/fleet_program.h"
#include "control/compute/wire.h"

namespace ringwall::compute {
namespace {

const Bitmap nobody;
const Moves unmoved;
const Subjects::Rules no_rules;

bool equal(const SubjectRules& a, const SubjectRules& b) {
    return std::ranges::equal(a.programs, b.programs, [](const auto& one, const auto& other) {
        return one == other || *one == *other;
    });
}

std::pair<std::size_t, bool> place(const ProgramNode* node) {
    return {node->rule->rank, !node->outbound};
}

std::shared_ptr<const SubjectRules> rules_at(const std::vector<ProgramNode*>& nodes) {
    auto out = std::make_shared<SubjectRules>();
    out->programs.reserve(nodes.size());
    for (const ProgramNode* node : nodes)
        if (!node->program->pieces.empty()) {
            out->programs.push_back(node->program);
            out->lists.insert(node->program->lists.begin(), node->program->lists.end());
        }
    return out;
}

bool names(const SubjectRules& rules, std::uint32_t identity) {
    return std::ranges::any_of(
        rules.programs, [&](const auto& program) { return program->named.contains(identity); });
}

bool names_all(const SubjectRules& rules) {
    return std::ranges::any_of(rules.programs,
                               [](const auto& program) { return program->all_workloads; });
}

Bitmap named_by(const SubjectRules& rules) {
    std::vector<const Bitmap*> parts;
    for (const auto& program : rules.programs)
        parts.push_back(&program->named);
    return union_of(parts);
}

} // namespace

bool SubjectRules::name_any(const std::set<std::string>& some) const {
    return std::ranges::any_of(some, [&](const auto& list) { return lists.contains(list); });
}

v1::Subject SubjectState::wire() const {
    v1::Subject out;
    out.set_workload(workload->name);
    out.set_identity(identity);
    out.set_mode(compute::wire(workload->mode));
    out.set_cgroup(workload->cgroup);
    for (const auto& program : rules->programs)
        program->write(out);
    for (const Address& address : workload->addresses)
        out.add_addresses(compute::wire(address));
    return out;
}

bool SubjectState::same(const SubjectState& other) const {
    const model::Workload &a = *workload, &b = *other.workload;
    return identity == other.identity && rules == other.rules && a.name == b.name &&
           a.mode == b.mode && a.cgroup == b.cgroup && a.addresses == b.addresses;
}

Subjects::Slot& Subjects::slot(std::uint32_t number) {
    if (number >= slots_.size())
        slots_.resize(number + std::size_t{1});
    return slots_[number];
}

const Subjects::Subject* Subjects::find(std::uint32_t number) const {
    return number < slots_.size() && slots_[number].subject ? &*slots_[number].subject : nullptr;
}

const Subjects::Touch* Subjects::touched(std::uint32_t number) const {
    return number < slots_.size() && slots_[number].touch ? &touches_[*slots_[number].touch]
                                                          : nullptr;
}

Subjects::Touch& Subjects::touch(std::uint32_t number) {
    Slot& at = slot(number);
    if (!at.touch) {
        at.touch = touches_.size();
        Touch& made = touches_.emplace_back();
        made.number = number;
        made.rules = rules(number);
    }
    return touches_[*at.touch];
}

void Subjects::settled() {
    for (const Touch& touch : touches_)
        slots_[touch.number].touch.reset();
    touches_.clear();
}

void Subjects::born(std::uint32_t subject) {
    touch(subject).fresh = true;
    if (Slot& at = slot(subject); !at.subject)
        at.subject = Subject{};
}

void Subjects::died(std::uint32_t subject) {
    touch(subject).moves.become(sight(subject).now, nobody);
    slot(subject).subject.reset();
    see_all_.remove(subject);
}

void Subjects::add(std::uint32_t subject, ProgramNode* node) {
    touch(subject).fresh = true;
    slot(subject).subject.value().nodes.push_back(node);
}

void Subjects::replace(ProgramNode* node, std::shared_ptr<const Program> program) {
    if (*program == *node->program)
        return;
    const auto named = difference(program->named, node->program->named).numbers();
    const auto unnamed = difference(node->program->named, program->named).numbers();
    node->program = std::move(program);
    for (const std::uint32_t subject : node->subjects.numbers()) {
        Touch& at = touch(subject);
        at.reprogrammed = true;
        at.named.insert(boost::container::ordered_unique_range, named.begin(), named.end());
        at.unnamed.insert(boost::container::ordered_unique_range, unnamed.begin(), unnamed.end());
    }
}

void Subjects::drop(const std::set<const CompiledRule*>& rules) {
    Bitmap touched;
    for (const CompiledRule* rule : rules)
        for (const ProgramNode* node : rule->nodes())
            touched |= node->subjects;
    for (const std::uint32_t subject : touched.numbers()) {
        touch(subject).fresh = true;
        std::erase_if(slot(subject).subject.value().nodes,
                      [&](const ProgramNode* node) { return rules.contains(node->rule); });
    }
}

void Subjects::publish(const View& living) {
    if (with_sight_ && !living.moves.empty())
        for (const std::uint32_t subject : see_all_.numbers())
            touch(subject);
    for (Touch& each : touches_)
        publish(each, living);
}

void Subjects::publish(Touch& touch, const View& living) {
    if (auto& subject = slots_[touch.number].subject) {
        if (touch.fresh)
            std::ranges::sort(subject->nodes, {}, place);
        if (touch.fresh || touch.reprogrammed) {
            auto rules = rules_at(subject->nodes);
            const bool same = touch.rules && equal(*touch.rules, *rules);
            subject->rules = same ? touch.rules : std::move(rules);
        }
        if (with_sight_)
            look(*subject, touch, living);
        if (subject->sees_all)
            see_all_.add(touch.number);
        else
            see_all_.remove(touch.number);
    }
    for (const std::uint32_t identity : touch.moves.gained)
        slot(identity).seen_by.add(touch.number);
    for (const std::uint32_t identity : touch.moves.lost)
        slot(identity).seen_by.remove(touch.number);
}

void Subjects::look(Subject& subject, Touch& touch, const View& living) {
    const SubjectRules& rules = *subject.rules;
    const bool saw_all = std::exchange(subject.sees_all, names_all(rules));
    const auto add = [&](std::uint32_t identity) {
        if (!subject.sight.contains(identity))
            touch.moves.gain(identity);
        subject.sight.add(identity);
    };
    const auto remove = [&](std::uint32_t identity) {
        if (subject.sight.contains(identity))
            touch.moves.lose(identity);
        subject.sight.remove(identity);
    };
    if (subject.sees_all && saw_all) {
        std::ranges::for_each(living.moves.gained, add);
        std::ranges::for_each(living.moves.lost, remove);
    } else if (touch.fresh || saw_all || subject.sees_all) {
        Bitmap now = subject.sees_all ? living.now : named_by(rules);
        now.add(touch.number);
        touch.moves.become(subject.sight, now);
        subject.sight = std::move(now);
    } else {
        std::ranges::for_each(touch.named, add);
        for (const std::uint32_t identity : touch.unnamed)
            if (identity != touch.number && !names(rules, identity))
                remove(identity);
    }
}

const std::vector<ProgramNode*>& Subjects::standing(std::uint32_t subject) const {
    return slots_.at(subject).subject.value().nodes;
}

const Subjects::Rules& Subjects::rules(std::uint32_t subject) const {
    const Subject* found = find(subject);
    return found ? found->rules : no_rules;
}

const Subjects::Rules& Subjects::rules_before(std::uint32_t subject) const {
    const Touch* found = touched(subject);
    return found ? found->rules : rules(subject);
}

View Subjects::sight(std::uint32_t subject) const {
    const Subject* found = find(subject);
    const Touch* moved = touched(subject);
    return {found ? found->sight : nobody, moved ? moved->moves : unmoved};
}

const Bitmap& Subjects::seen_by(std::uint32_t identity) const {
    return identity < slots_.size() ? slots_[identity].seen_by : nobody;
}

std::vector<std::uint32_t> Subjects::changed() const {
    std::vector<std::uint32_t> out;
    for (const Touch& touch : touches_)
        if (rules(touch.number) != touch.rules || !touch.moves.empty())
            out.push_back(touch.number);
    return out;
}

std::vector<std::uint32_t> Subjects::naming(const std::set<std::string>& lists) const {
    std::vector<std::uint32_t> out;
    for (std::uint32_t number = 0; number < slots_.size(); ++number)
        if (const Subject* subject = find(number); subject && subject->rules->name_any(lists))
            out.push_back(number);
    return out;
}

} // namespace ringwall::compute
