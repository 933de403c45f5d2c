// Where the policy comes from. Here: files of YAML or a compiled snapshot, and the last good one
// kept on disk; from a controller: controller_source.h. Blocking file I/O, no event loop.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "agent/options.h"
#include "common/error.h"
#include "common/ip.h"
#include "control/proto/policy.pb.h"

namespace ringwall::agent {

enum class SourceErrc { untrusted, unreadable, invalid, no_state };
using SourceError = BasicError<SourceErrc>;

struct Loaded {
    v1::Snapshot snapshot;
    std::vector<std::string> warnings; // "file:line: sentence"
};

class PolicySource {
  public:
    virtual ~PolicySource() = default;
    // What to enforce now; `running`: what is enforced, null for nothing.
    virtual std::expected<Loaded, SourceError> load(const v1::Snapshot* running) const = 0;
    // What was applied last, by this agent or the one before: what the kernel may have.
    virtual std::expected<v1::Snapshot, SourceError> last_good() const = 0;
    virtual std::expected<void, SourceError> keep(const v1::Snapshot& snapshot) const = 0;
    virtual std::string describe() const = 0; // for status
    // It will bring more by itself, so that the agent runs on when the first cannot be enforced.
    virtual bool brings_more() const { return false; }
};

class FileSource : public PolicySource {
  public:
    explicit FileSource(const Options& options);

    // Reads, checks and compiles. The version is the running one when nothing changed, else one
    // more; a snapshot file carries its own.
    std::expected<Loaded, SourceError> load(const v1::Snapshot* running) const override;
    std::expected<v1::Snapshot, SourceError> last_good() const override;
    std::expected<void, SourceError> keep(const v1::Snapshot& snapshot) const override;
    std::string describe() const override;

  private:
    std::expected<Loaded, SourceError> load_policy(const v1::Snapshot* running) const;
    std::expected<Loaded, SourceError> load_snapshot() const;

    std::string path_, as_, state_file_;
    bool compiled_ = false;
    std::optional<model::Mode> mode_;
};

// --mode: of the host, the first subject.
void override_mode(v1::Snapshot& snapshot, const std::optional<model::Mode>& mode);

// A truncated or foreign file is refused with a sentence; `file` is for the message.
std::expected<v1::Snapshot, SourceError> parse_snapshot(const std::string& bytes,
                                                        const std::string& file);
// With a frame that makes truncation visible: magic, length, SHA-256 of the content.
std::string frame_snapshot(const v1::Snapshot& snapshot);

} // namespace ringwall::agent
