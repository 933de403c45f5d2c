// The product's way from a policy to rows: reader, compute, the agent's compile. What comes out is
// kept in memory (Rows) and handed to whoever else applies it.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/enforcer.h"
#include "control/model/model.h"
#include "tests/oracle/evaluate.h"
#include "tests/oracle/faults.h"
#include "tests/oracle/rows.h"

namespace ringwall::oracle {

// How names become the numbers of one backend.
struct Numbering {
    std::function<std::uint64_t(std::string_view)> path_id, name_id;
    loader::Root root;
    std::map<std::uint64_t, std::string> containers; // by cgroup id
    std::function<std::string(const std::string&)> cgroup_directory;
    std::string unit_root; // not empty: units are the cgroups of their names right below
};
Numbering plain_numbering(); // for Rows alone

// Containers of processes are told by cgroup id; these stand for the names of the generator.
const std::map<std::uint64_t, std::string>& container_cgroups();
std::uint64_t cgroup_of(const std::optional<std::string>& container);

Owner owner(const Process& process, const Numbering& numbering);
Asked asked(const Flow& flow, std::uint32_t subject);

// One answer in the words of the evaluator.
struct Answer {
    Verdict verdict = Verdict::idle;
    std::string rule; // the deciding one; empty: none
};

using Apply = std::function<std::expected<void, std::string>(const loader::Delta&)>;

// One node after another, each with the rows of the one before still live, as a node would see a
// sequence of policies.
class Pipeline {
  public:
    Pipeline(Node node, Numbering numbering, const Fault* fault = nullptr);

    // The agent starts anew with what is live.
    void restart();
    // Reads the policy, as documents, with the product's reader.
    std::expected<void, std::string> take(const model::Policy& policy);
    // What `host` enforces of it becomes live here, and in whatever else applies it.
    std::expected<void, std::string> provision(const std::string& host, const Apply& also = {});

    std::optional<std::uint32_t> subject(const std::string& workload) const;
    Answer decide(const Flow& flow) const;
    const agent::Enforcer& enforcer() const { return *enforcer_; }
    // The rule behind an answer of the kernel, by the agent's own table.
    std::string rule(const Flow& flow, const Answered& answered) const;

  private:
    agent::NodeContext context() const;
    std::expected<void, std::string> apply(loader::Delta delta, const Apply& also);

    Node node_;
    Numbering numbering_;
    const Fault* fault_;
    model::Policy policy_;
    Rows rows_;
    std::map<std::string, std::uint32_t> subjects_;
    loader::Datapath::Highest highest_;
    std::optional<agent::Enforcer> enforcer_;
    std::uint64_t version_ = 0;
    std::uint64_t boot_ns_; // of this run's start, which stands for usual_now_ns
};

Verdict verdict(const Answered& answered);

} // namespace ringwall::oracle
