#include "agent/policy_source.h"

#include <array>
#include <cstring>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>

#include "agent/files.h"
#include "common/time.h"
#include "control/compute/compute.h"
#include "control/compute/wire.h"
#include "control/policy/check.h"
#include "control/policy/load.h"

namespace ringwall::agent {
namespace {

constexpr std::string_view magic = "RWSNAP1\n";
constexpr std::size_t head_bytes = magic.size() + 8 + SHA256_DIGEST_LENGTH;

std::string digest(std::string_view content) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> out;
    SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), out.data());
    return {out.begin(), out.end()};
}

// Equal snapshots give equal bytes (maps are sorted).
std::string bytes_of(const v1::Snapshot& snapshot) {
    std::string out;
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    snapshot.SerializeToCodedStream(&coded);
    coded.Trim();
    return out;
}

bool same_content(v1::Snapshot one, const v1::Snapshot& other) {
    one.mutable_policy()->set_version(other.policy().version());
    one.mutable_inventory()->set_revision(other.inventory().revision());
    return bytes_of(one) == bytes_of(other);
}

std::string lines(const std::vector<model::Problem>& problems) {
    std::string all;
    for (const auto& problem : problems)
        all += (all.empty() ? "" : "\n") + policy::line(problem);
    return all;
}

} // namespace

void override_mode(v1::Snapshot& snapshot, const std::optional<model::Mode>& mode) {
    if (mode && snapshot.policy().subjects_size())
        snapshot.mutable_policy()->mutable_subjects(0)->set_mode(compute::wire(*mode));
}

std::string frame_snapshot(const v1::Snapshot& snapshot) {
    const auto content = bytes_of(snapshot);
    std::string out(magic);
    for (int shift = 0; shift < 64; shift += 8)
        out += static_cast<char>(content.size() >> shift & 0xff);
    return out + digest(content) + content;
}

std::expected<v1::Snapshot, SourceError> parse_snapshot(const std::string& bytes,
                                                        const std::string& file) {
    const std::string_view all(bytes);
    if (!all.starts_with(magic) || all.size() < head_bytes)
        return fail(SourceErrc::invalid,
                    file + ": not a Ringwall snapshot; make one with 'ringwall snapshot'");
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
        length = length << 8 |
                 static_cast<unsigned char>(all[magic.size() + static_cast<std::size_t>(i)]);
    const auto content = all.substr(head_bytes);
    if (content.size() != length)
        return fail(
            SourceErrc::invalid,
            fmt::format("{}: truncated: {} of {} bytes; make it again with 'ringwall snapshot'",
                        file, content.size(), length));
    if (all.substr(magic.size() + 8, SHA256_DIGEST_LENGTH) != digest(content))
        return fail(SourceErrc::invalid,
                    file + ": damaged: its checksum does not match; make it again");
    v1::Snapshot snapshot;
    if (!snapshot.ParseFromArray(content.data(), static_cast<int>(content.size())) ||
        snapshot.format() != 1)
        return fail(SourceErrc::invalid,
                    file + ": written by another version of Ringwall; make it again with this one");
    return snapshot;
}

FileSource::FileSource(const Options& options)
    : path_(options.policy.empty() ? options.snapshot : options.policy), as_(options.as),
      state_file_(options.state_dir + "/snapshot.rw"), compiled_(options.policy.empty()),
      mode_(options.mode) {}

std::string FileSource::describe() const {
    return compiled_ ? "snapshot " + path_ : fmt::format("policy {} as {}", path_, as_);
}

std::expected<Loaded, SourceError> FileSource::load(const v1::Snapshot* running) const {
    if (auto trusted = check_trust(path_); !trusted)
        return fail(trusted.error().code == FileErrc::untrusted ? SourceErrc::untrusted
                                                                : SourceErrc::unreadable,
                    trusted.error().message);
    auto loaded = compiled_ ? load_snapshot() : load_policy(running);
    if (loaded)
        override_mode(loaded->snapshot, mode_);
    if (loaded && !compiled_ && running && same_content(loaded->snapshot, *running)) {
        loaded->snapshot.mutable_policy()->set_version(running->policy().version());
        loaded->snapshot.mutable_inventory()->set_revision(running->inventory().revision());
    }
    return loaded;
}

std::expected<Loaded, SourceError> FileSource::load_policy(const v1::Snapshot* running) const {
    auto policy = policy::load(path_);
    if (!policy)
        return fail(SourceErrc::invalid, lines(policy.error()));
    std::vector<model::Problem> errors;
    std::vector<std::string> warnings;
    for (auto& problem : policy::check(*policy, wall_clock_ns()))
        if (problem.severity == model::Severity::error)
            errors.push_back(std::move(problem));
        else
            warnings.push_back(policy::line(problem));
    if (!errors.empty())
        return fail(SourceErrc::invalid, lines(errors));
    auto snapshot = compute::snapshot(*policy, as_, running ? running->policy().version() + 1 : 1);
    if (!snapshot)
        return fail(SourceErrc::invalid, snapshot.error().message);
    return Loaded{std::move(*snapshot), std::move(warnings)};
}

std::expected<Loaded, SourceError> FileSource::load_snapshot() const {
    auto bytes = read_file(path_);
    if (!bytes)
        return fail(SourceErrc::unreadable, bytes.error().message);
    auto snapshot = parse_snapshot(*bytes, path_);
    if (!snapshot)
        return std::unexpected(snapshot.error());
    if (snapshot->policy().subjects().empty())
        return fail(SourceErrc::invalid, path_ +
                                             ": names no workload to enforce; make it again with "
                                             "'ringwall snapshot --as WORKLOAD'");
    return Loaded{std::move(*snapshot), {}};
}

std::expected<v1::Snapshot, SourceError> FileSource::last_good() const {
    auto bytes = read_file(state_file_);
    if (!bytes)
        return fail(SourceErrc::no_state, bytes.error().message);
    if (auto trusted = check_trust(state_file_); !trusted)
        return fail(SourceErrc::untrusted, trusted.error().message);
    return parse_snapshot(*bytes, state_file_);
}

std::expected<void, SourceError> FileSource::keep(const v1::Snapshot& snapshot) const {
    if (auto written = write_file(state_file_, frame_snapshot(snapshot)); !written)
        return fail(SourceErrc::unreadable, written.error().message);
    return {};
}

} // namespace ringwall::agent
