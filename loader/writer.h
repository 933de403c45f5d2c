// Writes deltas into the policy maps in an order that never shows half a policy, and takes back
// what it wrote when a step fails.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "loader/datapath.h"
#include "loader/kernel_maps.h"

namespace ringwall::loader {

class Writer {
  public:
    Writer(const KernelMaps& maps, rw_control& control, Limits limits);

    // Reads what adopted maps hold.
    Result<void> adopt();
    Result<void> apply(const Delta& delta);

    std::map<std::uint32_t, Subject> subjects() const;
    std::map<Prefix, std::uint32_t> peers() const;
    Datapath::Highest highest() const;
    std::vector<MapUse> use() const;
    // Digests or containers got resolved: process bits are made again.
    Result<void> raise_epoch();
    void raise_generation();

  private:
    struct Placed { // where a subject's rows are
        std::uint64_t cgroup = 0;
        std::vector<Address> local;
    };
    struct Undo;

    Result<void> check_room(const Delta& delta) const;
    Result<void> write_rules(const Delta& delta, Undo& undo);
    Result<void> write_peers(const Delta& delta, Undo& undo);
    Result<void> write_subjects(const Delta& delta, Undo& undo, bool& moved);
    Result<void> write_subject(const Subject& subject, Undo& undo, bool& moved);
    void remove_subject(std::uint32_t id);
    void erase_local(const Address& own, std::uint32_t subject);
    void remove_peer(const Prefix& prefix);
    void collect(const Delta& delta);
    void collect_rule_sets(const std::set<std::uint32_t>& dead);
    std::set<std::uint32_t> rule_sets_to_drop(const Delta& delta) const;
    void drop_unnamed(const Delta& delta);
    void update_flags();

    const KernelMaps& maps_;
    rw_control& control_;
    Limits limits_;
    std::map<std::uint32_t, Placed> placed_;
    struct {
        std::size_t attributes = 0, entries = 0, segments = 0, classes = 0, peers4 = 0, peers6 = 0,
                    prefixes4 = 0, prefixes6 = 0, subjects = 0, rule_sets = 0;
    } used_;
};

} // namespace ringwall::loader
