// Secrets on disk: who may read them, and what a crash leaves.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "common/pki/key_file.h"
#include "tests/unit/pki_world.h"
#include "tests/unit/scratch.h"

namespace ringwall::pki {
namespace {

using agent::testing::Scratch;
using test::expect_refused;
using test::must;

mode_t mode_of(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
}

class Umask {
  public:
    explicit Umask(mode_t mask) : old_(umask(mask)) {}
    ~Umask() { umask(old_); }
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;
    Umask(Umask&&) = delete;
    Umask& operator=(Umask&&) = delete;

  private:
    mode_t old_;
};

TEST(PkiKeyFile, AKeyIsKeptForItsOwnerOnlyWhateverTheUmask) {
    const Scratch scratch;
    const auto key = must(PrivateKey::generate(KeyKind::tls));
    for (const mode_t mask : {0000, 0777}) {
        const Umask umask(mask);
        ASSERT_TRUE(save_key(scratch.path("agent.key"), key));
        EXPECT_EQ(mode_of(scratch.path("agent.key")), 0600u);
    }
    EXPECT_EQ(must(load_key(scratch.path("agent.key"))).public_key(), key.public_key());
}

TEST(PkiKeyFile, AKeyThatOthersMayReadIsRefused) {
    const Scratch scratch;
    const auto path = scratch.path("agent.key");
    ASSERT_TRUE(save_key(path, must(PrivateKey::generate(KeyKind::tls))));
    for (const mode_t mode : {0640, 0604, 0660, 0610, 0601}) {
        chmod(path.c_str(), mode);
        expect_refused(load_key(path), Errc::untrusted_file, {"agent.key", "chmod 600"});
    }
    chmod(path.c_str(), 0400);
    EXPECT_TRUE(load_key(path));
}

TEST(PkiKeyFile, AKeyOfAnotherUserIsRefused) {
    if (geteuid() != 0)
        GTEST_SKIP() << "needs root to give a file away";
    const Scratch scratch;
    const auto path = scratch.path("agent.key");
    ASSERT_TRUE(save_key(path, must(PrivateKey::generate(KeyKind::tls))));
    ASSERT_EQ(chown(path.c_str(), 12345, 12345), 0);
    expect_refused(load_key(path), Errc::untrusted_file, {"belongs to user 12345", "chown root"});
}

TEST(PkiKeyFile, LinksPipesAndFoldersAreNoKeyFiles) {
    const Scratch scratch;
    ASSERT_TRUE(save_secret(scratch.path("real"), "x"));
    std::filesystem::create_symlink(scratch.path("real"), scratch.path("link"));
    expect_refused(load_secret(scratch.path("link")), Errc::untrusted_file, {"symbolic link"});
    ASSERT_EQ(mkfifo(scratch.path("pipe").c_str(), 0600), 0);
    expect_refused(load_secret(scratch.path("pipe")), Errc::untrusted_file, {"regular file"});
    std::filesystem::create_directory(scratch.path("folder"));
    expect_refused(load_secret(scratch.path("folder")), Errc::untrusted_file, {"regular file"});
}

TEST(PkiKeyFile, AMissingFileAndADamagedKeyAreNamed) {
    const Scratch scratch;
    expect_refused(load_key(scratch.path("none")), Errc::io, {"/none: ", "No such file"});
    ASSERT_TRUE(save_secret(scratch.path("bad.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n"));
    expect_refused(load_key(scratch.path("bad.key")), Errc::malformed, {"bad.key: "});
    ASSERT_TRUE(save_secret(scratch.path("big.key"), std::string(70000, 'x')));
    expect_refused(load_key(scratch.path("big.key")), Errc::too_big, {"big.key: "});
}

TEST(PkiKeyFile, TheOldSecretStaysWhenTheNewCannotBeWritten) {
    const Scratch scratch;
    const auto path = scratch.path("token");
    ASSERT_TRUE(save_secret(path, "old"));
    std::filesystem::create_directory(path + ".new"); // stands in the way of the temporary file
    expect_refused(save_secret(path, "new"), Errc::io, {"cannot be made"});
    EXPECT_EQ(must(load_secret(path)), "old");
}

TEST(PkiKeyFile, WhatAKilledWriterLeftIsReplacedAndNothingIsLeftBeside) {
    const Scratch scratch;
    const auto path = scratch.path("token");
    scratch.write("token.new", "half a sec", 0644);
    ASSERT_TRUE(save_secret(path, "secret"));
    EXPECT_EQ(must(load_secret(path)), "secret");
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(PkiKeyFile, AFolderThatIsMissingIsNamed) {
    const Scratch scratch;
    expect_refused(save_secret(scratch.path("none/token"), "x"), Errc::io, {"none/token"});
}

} // namespace
} // namespace ringwall::pki
