// Random policies: what the maps say is what the snapshot says, before, during and after a change.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "agent/enforcer.h"
#include "tests/unit/random_world.h"

namespace ringwall::agent {
namespace {

using loader::Verdict;
using test::Dice;
using test::KernelTwin;
using test::Packet;
using test::Probe;
using test::test_node;
using test::World;

bool passes(Verdict verdict) {
    return verdict != Verdict::blocked;
}

// An agent with its maps; the maps outlive it.
class Host {
  public:
    Host() { restart(nullptr); }

    void restart(const v1::Snapshot* last_good) {
        LiveView live;
        if (!maps.subjects.empty())
            live = {true, maps.highest(), maps.subjects, maps.peers};
        enforcer_.emplace(test_node(), live, last_good);
        enforcer_->set_containers(test::containers());
    }

    loader::Delta plan(const v1::Snapshot& snapshot) {
        auto delta = enforcer_->plan(snapshot);
        if (!delta)
            throw std::logic_error(delta.error().message);
        for (const auto& subject : delta->subjects)
            subjects_[subject.cgroup == "/sys/fs/cgroup" ? "host" : "inner"] = subject.id;
        return std::move(*delta);
    }

    Packet packet(const Probe& probe) const {
        const auto subject = subjects_.find(probe.workload);
        return {subject == subjects_.end() ? 0 : subject->second,
                probe.inbound,
                probe.peer,
                probe.protocol,
                probe.port,
                facts(probe.process, test_node())};
    }

    Enforcer& enforcer() { return *enforcer_; }
    KernelTwin maps;

  private:
    std::optional<Enforcer> enforcer_;
    std::map<std::string, std::uint32_t> subjects_;
};

std::vector<Probe> probes(Dice& dice, int count) {
    std::vector<Probe> out;
    for (int i = 0; i < count; ++i)
        out.push_back(random_probe(dice));
    return out;
}

std::vector<Verdict> expected(const v1::Snapshot& snapshot, const std::vector<Probe>& all) {
    std::vector<Verdict> out;
    for (const Probe& probe : all)
        out.push_back(read_straight(snapshot, test_node(), probe).verdict());
    return out;
}

std::string describe(const Probe& probe) {
    return probe.workload + (probe.inbound ? " in " : " out ") + probe.peer.text() + " protocol " +
           std::to_string(probe.protocol) + " port " +
           (probe.port ? std::to_string(*probe.port) : "none");
}

RC_GTEST_PROP(Compile, RowsSayWhatTheSnapshotSays, (std::uint64_t seed)) {
    Dice dice(seed);
    World world(dice);
    const auto snapshot = world.snapshot(dice);
    Host host;
    host.maps.apply(host.plan(snapshot));
    host.enforcer().applied();
    for (const Probe& probe : probes(dice, 400)) {
        const auto straight = read_straight(snapshot, test_node(), probe);
        const auto got = host.maps.judge(host.packet(probe));
        RC_LOG() << describe(probe) << " straight " << static_cast<int>(straight.outcome)
                 << " maps " << static_cast<int>(got.outcome) << '\n';
        RC_ASSERT(straight.outcome == got.outcome);
        RC_ASSERT(straight.verdict() == got.verdict());
    }
}

RC_GTEST_PROP(Compile, TheDecidingRuleIsNamed, (std::uint64_t seed)) {
    Dice dice(seed);
    World world(dice);
    const auto snapshot = world.snapshot(dice);
    Host host;
    host.maps.apply(host.plan(snapshot));
    host.enforcer().applied();
    for (const Probe& probe : probes(dice, 100)) {
        const auto got = host.maps.judge(host.packet(probe));
        loader::Event event;
        event.rule_set = got.rule_set;
        event.entry = got.entry;
        event.sure = got.sure;
        event.maybe = got.maybe;
        event.peer = probe.peer;
        const auto why = host.enforcer().explain(event);
        const bool decided = got.outcome != test::Outcome::none;
        RC_ASSERT(decided == !why.matches.empty());
        if (decided)
            RC_ASSERT(static_cast<int>(why.matches[0].action) == static_cast<int>(got.outcome) - 1);
    }
}

// Every write of every step shows each packet either the old verdict or the new one, and the
// generation rises whenever something that passed is blocked afterwards.
RC_GTEST_PROP(Enforcer, NoPacketEverSeesHalfAPolicy, (std::uint64_t seed)) {
    Dice dice(seed);
    World world(dice);
    Host host;
    std::optional<v1::Snapshot> last;
    for (int step = 0; step < 6; ++step) {
        const auto snapshot = world.snapshot(dice);
        if (dice.chance(25)) { // the maps refuse: nothing has happened
            host.plan(snapshot);
            host.enforcer().failed();
        }
        if (last && dice.chance(15))
            host.restart(&*last);
        const auto delta = host.plan(snapshot);
        const auto all = probes(dice, 20);
        std::vector<Packet> packets;
        for (const Probe& probe : all)
            packets.push_back(host.packet(probe));
        const auto after = expected(snapshot, all);
        const auto before = last ? expected(*last, all) : std::vector(all.size(), Verdict::none);
        const auto generation = host.maps.generation;
        host.maps.apply(delta, [&] {
            for (std::size_t i = 0; i < all.size(); ++i) {
                const Verdict now = host.maps.judge(packets[i]).verdict();
                if (now != before[i] && now != after[i])
                    RC_LOG() << "step " << step << ' ' << describe(all[i]) << " was "
                             << static_cast<int>(before[i]) << " is " << static_cast<int>(now)
                             << " becomes " << static_cast<int>(after[i]) << '\n';
                RC_ASSERT(now == before[i] || now == after[i]);
            }
        });
        host.enforcer().applied();
        for (std::size_t i = 0; i < all.size(); ++i) {
            RC_ASSERT(host.maps.judge(packets[i]).verdict() == after[i]);
            if (passes(before[i]) && !passes(after[i]))
                RC_ASSERT(host.maps.generation > generation);
        }
        last = snapshot;
        world.change(dice);
    }
}

RC_GTEST_PROP(Enforcer, WhatIsAppliedNeedsNoRows, (std::uint64_t seed)) {
    Dice dice(seed);
    World world(dice);
    Host host;
    for (int step = 0; step < 3; ++step) {
        host.maps.apply(host.plan(world.snapshot(dice)));
        host.enforcer().applied();
        const auto again = host.plan(world.snapshot(dice)); // other numbers, same content
        host.enforcer().failed();
        RC_ASSERT(again.rule_sets.empty() && again.entries.empty() && again.classes.empty());
        RC_ASSERT(again.peers.empty() && again.removed_peers.empty() && again.subjects.empty());
        RC_ASSERT(again.dead_peers.empty() && again.dead_rule_sets.empty());
        RC_ASSERT(!again.raise_generation && !again.complete);
        world.change(dice);
    }
}

// Nothing that no longer serves is left behind: the maps are as if the last policy had been the
// first, up to numbering.
RC_GTEST_PROP(Enforcer, NothingIsLeftBehind, (std::uint64_t seed)) {
    Dice dice(seed);
    World world(dice);
    Host host;
    for (int step = 0; step < 5; ++step) {
        host.maps.apply(host.plan(world.snapshot(dice)));
        host.enforcer().applied();
        std::set<std::uint32_t> used, sets;
        for (const auto& [prefix, peer] : host.maps.peers)
            used.insert(peer);
        for (const auto& [id, subject] : host.maps.subjects)
            sets.insert(subject.rule_set);
        RC_ASSERT(host.maps.rule_sets.size() == sets.size());
        for (const auto& [key, cls] : host.maps.classes)
            RC_ASSERT(sets.contains(key.first) && used.contains(key.second));
        RC_ASSERT(host.enforcer().sizes().peers == used.size());
        world.change(dice);
    }
}

} // namespace
} // namespace ringwall::agent
