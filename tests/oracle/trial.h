// One policy, its flows, and every answer side by side.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/oracle/coverage.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/pipeline.h"

namespace ringwall::oracle {

struct Mismatch {
    std::uint64_t seed = 0;
    std::string text;
};

// Somebody beside Rows who applies the same deltas and answers the same questions.
class Kernel {
  public:
    virtual ~Kernel() = default;
    virtual Numbering numbering() = 0;
    virtual std::expected<void, std::string> apply(const loader::Delta& delta) = 0;
    // From now on questions are asked at this subject.
    virtual void enter(const model::Workload& subject) = 0;
    virtual Answered decide(const Flow& flow) = 0;
};

struct TrialOptions {
    const Fault* fault = nullptr;
    Kernel* kernel = nullptr; // null: Rows alone
    int flows_per_subject = 34;
    int changes = 1; // of the policy, at one of its hosts
    Expiry expiry = Expiry::never;
};

class Trial {
  public:
    explicit Trial(TrialOptions options);
    std::optional<Mismatch> run(std::uint64_t seed);
    const Coverage& coverage() const { return coverage_; }

  private:
    std::optional<std::string> host(Dice& dice, const model::Policy& policy,
                                    const std::string& name);
    std::optional<std::string> subject(Dice& dice, const model::Policy& policy,
                                       const model::Workload& subject);
    std::optional<std::string> flow(const model::Policy& policy, const model::Workload& subject,
                                    const Flow& flow);

    TrialOptions options_;
    const Programs& programs_;
    Pipeline pipeline_;
    Coverage coverage_;
};

std::string policy_text(std::uint64_t seed, Expiry expiry);

} // namespace ringwall::oracle
