// Random snapshots with everything in them, and what they say about a packet when read straight.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/node.h"
#include "control/proto/policy.pb.h"
#include "tests/unit/kernel_twin.h"

namespace ringwall::test {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    // 0 .. sides-1
    std::size_t roll(std::size_t sides) { return engine_() % sides; }
    bool chance(unsigned percent) { return roll(100) < percent; }
    template <typename T>
    const T& pick(const std::vector<T>& from) {
        return from[roll(from.size())];
    }

  private:
    std::mt19937_64 engine_;
};

// A process at the subject's end; nullopt: the kernel could not tell.
struct Process {
    std::optional<std::string> path = {}, unit = {}, container = {}, sha256 = {};
    std::optional<std::uint32_t> user = {};
    std::optional<std::vector<std::uint32_t>> groups = {};
};

struct Probe {
    std::string workload; // the subject
    bool inbound = false;
    Address peer;
    std::uint8_t protocol = 6;
    std::optional<std::uint16_t> port;
    Process process;
};

// Containers of the test node: cgroup id -> name.
const std::map<std::uint64_t, std::string>& containers();
agent::NodeContext test_node();
ProcessFacts facts(const Process& process, const agent::NodeContext& node);
Probe random_probe(Dice& dice);

class World {
  public:
    explicit World(Dice& dice);
    void change(Dice& dice);                 // one or several things differ afterwards
    v1::Snapshot snapshot(Dice& dice) const; // numbers of identities are shuffled

  private:
    struct Who {
        std::map<std::string, std::string> labels;
        bool managed = true;
        std::string workload;
        bool operator==(const Who&) const = default;
    };
    struct List {
        std::vector<std::string> prefixes, exclude;
    };
    struct Rule {
        v1::Rule wire; // without peers
        bool any = false, all = false;
        std::set<std::size_t> identities;
        std::set<std::string> lists;
    };
    struct Subject {
        std::string workload, cgroup;
        v1::Mode mode = v1::FULL;
        std::vector<Rule> rules;
        bool present = true;
    };
    Rule random_rule(Dice& dice, std::size_t number) const;
    void random_peers(Dice& dice, Rule& rule) const;
    List random_list(Dice& dice) const;
    void random_owner(Dice& dice);

    std::vector<Who> identities_;
    std::vector<bool> known_; // identities in the inventory
    std::map<std::string, std::set<std::size_t>> owners_;
    std::map<std::string, std::string> realms_;
    std::map<std::string, List> lists_;
    std::vector<Subject> subjects_;
    std::uint64_t version_ = 0;
};

// What the snapshot says, rule by rule. No subject of that name: mode is nullopt.
Judgement read_straight(const v1::Snapshot& snapshot, const agent::NodeContext& node,
                        const Probe& probe);

} // namespace ringwall::test
