// Where the policy comes from: files of YAML or a compiled snapshot, and the last good one kept on
// disk. Blocking file I/O, no event loop.
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
    explicit PolicySource(const Options& options);

    // Reads, checks and compiles. The version is the running one when nothing changed, else one
    // more; a snapshot file carries its own.
    std::expected<Loaded, SourceError> load(const v1::Snapshot* running) const;

    std::expected<v1::Snapshot, SourceError> last_good() const;
    std::expected<void, SourceError> keep(const v1::Snapshot& snapshot) const;

    const std::string& path() const { return path_; } // what to watch
    std::string describe() const;                     // for status

  private:
    std::expected<Loaded, SourceError> load_policy(const v1::Snapshot* running) const;
    std::expected<Loaded, SourceError> load_snapshot() const;

    std::string path_, as_, state_file_;
    bool compiled_ = false;
    std::optional<model::Mode> mode_;
};

// 4 or 16 bytes in network order, as the snapshot has addresses; else unspecified.
Address address_from(const std::string& bytes);

// A truncated or foreign file is refused with a sentence; `file` is for the message.
std::expected<v1::Snapshot, SourceError> parse_snapshot(const std::string& bytes,
                                                        const std::string& file);
// With a frame that makes truncation visible: magic, length, SHA-256 of the content.
std::string frame_snapshot(const v1::Snapshot& snapshot);

} // namespace ringwall::agent
