#include "agent/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "agent/flow_log.h"
#include "tests/unit/flows_fixture.h"
#include "tests/unit/scratch.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
using testing::Scratch;

TEST(WriteFile, ReplacesWholeAndMakesItsDirectory) {
    Scratch scratch;
    const auto path = scratch.path("state/deep/snapshot");
    ASSERT_TRUE(write_file(path, "one"));
    ASSERT_TRUE(write_file(path, "two"));
    EXPECT_EQ(read_file(path).value(), "two");
    EXPECT_FALSE(fs::exists(path + ".new"));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(WriteFile, SaysWhereItFailed) {
    const auto failed = write_file("/proc/no-such-directory/x", "y");
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("/proc/no-such-directory"), std::string::npos);
}

TEST(ReadFile, OfADirectoryIsASentence) {
    Scratch scratch;
    EXPECT_NE(read_file(scratch.path("")).error().message.find("directory"), std::string::npos);
    EXPECT_FALSE(read_file(scratch.path("missing")));
}

TEST(Trust, APolicyThatOnlyItsOwnerWritesIsTrusted) {
    Scratch scratch;
    scratch.write("policy/a.yaml", "x", 0644);
    EXPECT_TRUE(check_trust(scratch.path("policy")));
}

TEST(Trust, AFileThatOthersMayWriteIsNot) {
    Scratch scratch;
    scratch.write("policy/a.yaml", "x", 0664);
    const auto checked = check_trust(scratch.path("policy"));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, FileErrc::untrusted);
    EXPECT_NE(checked.error().message.find("chmod go-w"), std::string::npos);
    EXPECT_NE(checked.error().message.find("a.yaml"), std::string::npos);
}

TEST(Trust, ADirectoryThatOthersMayWriteIsNot) {
    Scratch scratch;
    scratch.write("policy/a.yaml", "x", 0644);
    ASSERT_EQ(chmod(scratch.path("policy").c_str(), 0777), 0);
    EXPECT_FALSE(check_trust(scratch.path("policy")));
}

TEST(Trust, AFileOfAnotherUserIsNot) {
    if (geteuid() != 0)
        GTEST_SKIP() << "needs root to give a file away";
    Scratch scratch;
    scratch.write("policy/a.yaml", "x", 0644);
    ASSERT_EQ(chown(scratch.path("policy/a.yaml").c_str(), 65534, 65534), 0);
    const auto checked = check_trust(scratch.path("policy"));
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("65534"), std::string::npos);
}

TEST(Trust, OtherFilesInTheDirectoryDoNotMatter) {
    Scratch scratch;
    scratch.write("policy/a.yaml", "x", 0644);
    scratch.write("policy/notes.txt", "x", 0666);
    EXPECT_TRUE(check_trust(scratch.path("policy")));
}

TEST(FlowLog, AppendsOneLinePerFlowAndGoesOnAfterRotation) {
    Scratch scratch;
    const auto path = scratch.path("flows.jsonl");
    auto log = FlowLog::open(path);
    ASSERT_TRUE(log);
    testing::World world;
    FlowTable table(4);
    log->add(table.observe(testing::connection(), world, testing::wall));
    log->flush();
    fs::rename(path, path + ".1");
    ASSERT_TRUE(log->reopen());
    log->add(table.observe(testing::refusal(), world, testing::wall));
    log->add_loss(3);
    log->flush();
    const auto old = read_file(path + ".1").value(), now = read_file(path).value();
    EXPECT_EQ(std::ranges::count(old, '\n'), 1);
    EXPECT_NE(old.find("\"allowed\""), std::string::npos);
    EXPECT_NE(now.find("\"blocked\""), std::string::npos);
    EXPECT_NE(now.find("{\"lost\":{\"kernel\":3"), std::string::npos);
}

TEST(FlowLog, CountsWhatADiskDoesNotTake) {
    auto log = FlowLog::open("/dev/full");
    ASSERT_TRUE(log);
    testing::World world;
    FlowTable table(4);
    log->add(table.observe(testing::connection(), world, testing::wall));
    log->flush();
    EXPECT_EQ(log->lost(), 1u);
}

} // namespace
} // namespace ringwall::agent
