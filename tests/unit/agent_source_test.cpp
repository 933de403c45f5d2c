#include "agent/policy_source.h"

#include <gtest/gtest.h>

#include "agent/files.h"
#include "tests/unit/scratch.h"
#include "tests/unit/snapshots.h"

namespace ringwall::agent {
namespace {

using testing::payments;
using testing::Scratch;

constexpr const char* policy = R"(apiVersion: ringwall/v1
kind: Workload
metadata: {name: app-uk-1}
spec:
  labels: {role: App Server, app: Payments}
  addresses: [10.0.1.5]
  mode: full
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: web-uk-1}
spec:
  labels: {role: Web Server, app: Payments}
  addresses: [10.0.0.1]
  mode: full
---
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: payments}
spec:
  scopes: [{app: Payments}]
  rules:
  - name: web-to-app
    action: allow
    from: [{role: Web Server}]
    to: [{role: App Server}]
    services: [{proto: tcp, ports: [8080]}]
)";

Options options_for(const Scratch& scratch) {
    Options options;
    options.policy = scratch.path("policy");
    options.as = "app-uk-1";
    options.state_dir = scratch.path("state");
    return options;
}

TEST(Snapshot, SurvivesItsFrame) {
    const auto back = parse_snapshot(frame_snapshot(payments()), "x.rw");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->SerializeAsString().size(), payments().SerializeAsString().size());
    EXPECT_EQ(back->policy().version(), 7u);
}

TEST(Snapshot, NoTruncationPasses) {
    const auto whole = frame_snapshot(payments());
    for (std::size_t size = 0; size < whole.size(); ++size)
        ASSERT_FALSE(parse_snapshot(whole.substr(0, size), "x.rw")) << size;
    EXPECT_NE(
        parse_snapshot(whole.substr(0, whole.size() - 1), "x.rw").error().message.find("truncated"),
        std::string::npos);
}

TEST(Snapshot, NoChangedByteOfTheContentPasses) {
    const auto whole = frame_snapshot(payments());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
        ASSERT_FALSE(parse_snapshot(damaged, "x.rw")) << at;
    }
}

TEST(Source, CompilesThePolicyForItsWorkload) {
    Scratch scratch;
    scratch.write("policy/all.yaml", policy, 0644);
    const auto loaded = FileSource(options_for(scratch)).load(nullptr);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->snapshot.policy().version(), 1u);
    EXPECT_EQ(loaded->snapshot.policy().subjects(0).workload(), "app-uk-1");
    EXPECT_EQ(loaded->snapshot.policy().subjects(0).mode(), v1::FULL);
}

TEST(Source, TheSameContentKeepsItsVersionAnotherOneRaisesIt) {
    Scratch scratch;
    scratch.write("policy/all.yaml", policy, 0644);
    const FileSource source(options_for(scratch));
    auto first = source.load(nullptr)->snapshot;
    first.mutable_policy()->set_version(12);
    EXPECT_EQ(source.load(&first)->snapshot.policy().version(), 12u);
    auto changed = std::string(policy);
    changed.replace(changed.find("8080"), 4, "8443");
    scratch.write("policy/all.yaml", changed, 0644);
    EXPECT_EQ(source.load(&first)->snapshot.policy().version(), 13u);
}

TEST(Source, TheHostsModeCanBeOverridden) {
    Scratch scratch;
    scratch.write("policy/all.yaml", policy, 0644);
    auto options = options_for(scratch);
    options.mode = model::Mode::visibility;
    EXPECT_EQ(FileSource(options).load(nullptr)->snapshot.policy().subjects(0).mode(),
              v1::VISIBILITY);
}

TEST(Source, ABrokenPolicySaysWhere) {
    Scratch scratch;
    scratch.write("policy/all.yaml", "kind: Wrkload\n", 0644);
    const auto loaded = FileSource(options_for(scratch)).load(nullptr);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, SourceErrc::invalid);
    EXPECT_NE(loaded.error().message.find("all.yaml:1"), std::string::npos);
}

TEST(Source, AWorkloadThatIsNotThereIsASentence) {
    Scratch scratch;
    scratch.write("policy/all.yaml", policy, 0644);
    auto options = options_for(scratch);
    options.as = "app-uk-9";
    const auto loaded = FileSource(options).load(nullptr);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("app-uk-9"), std::string::npos);
}

TEST(Source, APolicyThatOthersMayWriteIsNotEnforced) {
    Scratch scratch;
    scratch.write("policy/all.yaml", policy, 0666);
    EXPECT_EQ(FileSource(options_for(scratch)).load(nullptr).error().code, SourceErrc::untrusted);
}

TEST(Source, TheLastGoodSnapshotIsKept) {
    Scratch scratch;
    const FileSource source(options_for(scratch));
    EXPECT_EQ(source.last_good().error().code, SourceErrc::no_state);
    ASSERT_TRUE(source.keep(payments()));
    EXPECT_EQ(source.last_good()->policy().version(), 7u);
}

TEST(Source, ASnapshotFileIsReadAsItIs) {
    Scratch scratch;
    scratch.write("app.rw", frame_snapshot(payments()), 0644);
    Options options;
    options.snapshot = scratch.path("app.rw");
    options.state_dir = scratch.path("state");
    const auto loaded = FileSource(options).load(nullptr);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->snapshot.policy().version(), 7u);
}

} // namespace
} // namespace ringwall::agent
