#include "agent/digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/scratch.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
using testing::Scratch;
using namespace std::chrono_literals;

const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const IsProgram anything = [](int) { return true; };
const IsProgram nothing = [](int) { return false; };

// The identity of a file as it is now: inode and change time.
IsProgram unchanged(const std::string& path) {
    struct stat then{};
    EXPECT_EQ(stat(path.c_str(), &then), 0);
    return [then](int file) {
        struct stat now{};
        return fstat(file, &now) == 0 && now.st_ino == then.st_ino &&
               now.st_ctim.tv_sec == then.st_ctim.tv_sec &&
               now.st_ctim.tv_nsec == then.st_ctim.tv_nsec;
    };
}

std::expected<std::string, DigestError> digest_of(const std::string& path,
                                                  const IsProgram& is_program = anything) {
    return sha256(open_by_path(path, anything), is_program, {});
}

class Digest : public ::testing::Test {
  protected:
    Scratch scratch_;
    std::string path_ = scratch_.path("program");
    void SetUp() override { scratch_.write("program", "abc", 0755); }
};

TEST_F(Digest, IsThatOfTheContent) {
    EXPECT_EQ(digest_of(path_), abc);
}

TEST_F(Digest, OfARunningProcessNeedsNoName) {
    const Fd own = open_running(static_cast<std::uint32_t>(getpid()), unchanged("/proc/self/exe"));
    ASSERT_TRUE(own);
    EXPECT_EQ(sha256(own, anything, {}).value(),
              digest_of(fs::read_symlink("/proc/self/exe")).value());
}

TEST_F(Digest, OfAnEndedProcessIsFoundByItsPathOnly) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
        _exit(0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_FALSE(open_running(static_cast<std::uint32_t>(child), anything));
    EXPECT_TRUE(open_by_path(path_, unchanged(path_)));
}

TEST_F(Digest, AnotherFileUnderTheNameDoesNotCount) {
    const auto meant = unchanged(path_);
    scratch_.write("other", "abc", 0755);
    fs::rename(scratch_.path("other"), path_);
    EXPECT_FALSE(open_by_path(path_, meant));
    EXPECT_FALSE(open_running(static_cast<std::uint32_t>(getpid()), meant));
}

TEST_F(Digest, AFileThatChangesWhileItIsReadHasNone) {
    const Fd file = open_by_path(path_, anything);
    const auto digest = sha256(file, nothing, {});
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code, DigestErrc::changed);
}

TEST_F(Digest, IsNotReadWithinTheTickOfTheLastWrite) {
    // A second write in that tick would be behind the same change time.
    for (int i = 0; i < 5; ++i) {
        scratch_.write("program", "abc", 0755);
        struct stat info{};
        ASSERT_EQ(stat(path_.c_str(), &info), 0);
        ASSERT_EQ(digest_of(path_, unchanged(path_)), abc);
        const auto changed = std::chrono::seconds(info.st_ctim.tv_sec) +
                             std::chrono::nanoseconds(info.st_ctim.tv_nsec);
        EXPECT_GE(std::chrono::system_clock::now().time_since_epoch() - changed, 20ms);
    }
}

TEST_F(Digest, NothingIsOpenedThroughASymbolicLink) {
    fs::create_symlink(path_, scratch_.path("link"));
    fs::create_directory_symlink(fs::path(path_).parent_path(), scratch_.path("folder"));
    EXPECT_FALSE(open_by_path(scratch_.path("link"), anything));
    EXPECT_FALSE(open_by_path(scratch_.path("folder/program"), anything));
    EXPECT_FALSE(open_by_path("program", anything));
    EXPECT_FALSE(open_by_path("", anything));
}

TEST_F(Digest, ALookAtAPipeDoesNotWaitForAWriter) {
    ASSERT_EQ(mkfifo(scratch_.path("pipe").c_str(), 0600), 0);
    EXPECT_TRUE(open_by_path(scratch_.path("pipe"), anything));
}

TEST_F(Digest, ALeaseHoldsNobodyUp) {
    const Fd holder(open(path_.c_str(), O_RDWR | O_CLOEXEC));
    signal(SIGIO, SIG_IGN);
    ASSERT_EQ(fcntl(holder.get(), F_SETLEASE, F_WRLCK), 0);
    const auto digest = digest_of(path_);
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code, DigestErrc::io);
    signal(SIGIO, SIG_DFL);
}

TEST_F(Digest, AHugeFileIsNotRead) {
    ASSERT_EQ(truncate(path_.c_str(), (off_t{1} << 30) + 1), 0);
    EXPECT_EQ(digest_of(path_).error().code, DigestErrc::too_large);
}

TEST_F(Digest, StopsWithTheAgent) {
    std::stop_source stopping;
    stopping.request_stop();
    const auto digest = sha256(open_by_path(path_, anything), anything, stopping.get_token());
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code, DigestErrc::stopped);
}

TEST(Questions, OfOneFileAreAnsweredOnce) {
    Questions questions;
    EXPECT_TRUE(questions.take(7, 0));
    EXPECT_FALSE(questions.take(7, 5)) << "it is being hashed";
    EXPECT_TRUE(questions.take(8, 5));
    questions.answered(7);
    EXPECT_TRUE(questions.take(7, 6)) << "the kernel forgot it";
    EXPECT_FALSE(questions.take(0, 6)) << "no file";
}

TEST(Questions, ThatFailedAreTriedAgainAfterAPause) {
    Questions questions;
    EXPECT_TRUE(questions.take(7, 0));
    questions.failed(7, 100);
    EXPECT_FALSE(questions.take(7, 99 + Questions::pause_ns));
    EXPECT_TRUE(questions.take(7, 100 + Questions::pause_ns));
}

TEST(Questions, AreBounded) {
    Questions questions;
    for (std::uint64_t file = 1; file <= Questions::waiting_limit; ++file)
        EXPECT_TRUE(questions.take(file, 0));
    EXPECT_FALSE(questions.take(4711, 0));
    questions.answered(1);
    EXPECT_TRUE(questions.take(4711, 0));
    questions.answered(4711);
    // However many files are out of reach, new ones get their turn.
    for (std::uint64_t file = 10'000; file < 20'000; ++file) {
        EXPECT_TRUE(questions.take(file, 1));
        questions.failed(file, 1);
    }
}

} // namespace
} // namespace ringwall::agent
