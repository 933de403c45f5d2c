// The policy that a controller gave, as it stands on this host's disk. What comes later goes
// straight to Enforcement::enforce().
#pragma once

#include "agent/credentials.h"
#include "agent/held.h"
#include "agent/policy_source.h"

namespace ringwall::agent {

class ControllerSource : public PolicySource {
  public:
    // Both outlive it.
    ControllerSource(const Credentials& credentials, const Held& held,
                     std::optional<model::Mode> mode)
        : credentials_(credentials), held_(held), mode_(mode) {}

    // A host that was given nothing yet enforces nothing.
    std::expected<Loaded, SourceError> load(const v1::Snapshot*) const override {
        v1::Snapshot nothing;
        nothing.set_format(1);
        Loaded out{held_.snapshot().value_or(std::move(nothing)), held_.notes()};
        override_mode(out.snapshot, mode_);
        return out;
    }
    std::expected<v1::Snapshot, SourceError> last_good() const override {
        auto held = held_.snapshot();
        if (!held)
            return std::unexpected(SourceError{SourceErrc::no_state, "nothing was given yet"});
        return std::move(*held);
    }
    // Held keeps it, signed.
    std::expected<void, SourceError> keep(const v1::Snapshot&) const override { return {}; }
    std::string describe() const override {
        return "controller " + credentials_.endpoints.front().text();
    }
    bool brings_more() const override { return true; }

  private:
    const Credentials& credentials_;
    const Held& held_;
    std::optional<model::Mode> mode_;
};

} // namespace ringwall::agent
