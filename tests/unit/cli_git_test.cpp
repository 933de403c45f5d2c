// The note of a version that comes out of a Git work tree: by the real git.
#include "control/cli/git.h"

#include <cstdlib>
#include <regex>

#include <gtest/gtest.h>

#include "tests/unit/scratch.h"

namespace ringwall::cli {
namespace {

class Git : public ::testing::Test {
  protected:
    void git(const std::string& words) const {
        const auto command = "cd " + scratch.path("") +
                             " && git -c user.name=a -c user.email=a@b " +
                             "-c commit.gpgsign=false " + words;
        ASSERT_EQ(std::system(command.c_str()), 0) << command; // NOLINT(concurrency-mt-unsafe)
    }
    agent::testing::Scratch scratch;
};

TEST_F(Git, TheNoteIsTheCommitOfTheWorkTree) {
    git("init -q");
    git("commit -q --allow-empty -m 'open 8443 for web'");
    const auto note = git_note(scratch.path(""));
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_TRUE(std::regex_match(*note, std::regex("[0-9a-f]{7,40} open 8443 for web"))) << *note;
    scratch.write("web.yaml", "ports: [8443]\n");
    EXPECT_EQ(git_note(scratch.path("")), *note + " (with uncommitted changes)");
}

TEST_F(Git, WithoutACommitThereIsASentence) {
    const auto none = git_note(scratch.path(""));
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("Git work tree"), std::string::npos);
    git("init -q");
    EXPECT_FALSE(git_note(scratch.path("")));
}

} // namespace
} // namespace ringwall::cli
