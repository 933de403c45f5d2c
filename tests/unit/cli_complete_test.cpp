#include <gtest/gtest.h>

#include "control/cli/subcommands.h"
#include "tests/unit/scratch.h"

namespace ringwall::cli {
namespace {

std::vector<std::string> candidates(std::vector<std::string> words) {
    std::vector<std::string> out;
    const auto text = complete(words);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        out.push_back(text.substr(at, text.find('\t', at) - at));
        at = end + 1;
    }
    return out;
}

using List = std::vector<std::string>;

TEST(Complete, BeginsWithTheCommands) {
    EXPECT_EQ(candidates({"st"}), (List{"status", "stage"}));
    EXPECT_EQ(candidates({"pol"}), List{"policy"});
    EXPECT_EQ(candidates({"con"}), (List{"confirm", "context"}));
    EXPECT_EQ(candidates({""}).size(), 46u); // groups once
}

TEST(Complete, KnowsSecondWords) {
    EXPECT_EQ(candidates({"policy", ""}), (List{"check", "show"}));
    EXPECT_EQ(candidates({"policy", "c"}), List{"check"});
}

TEST(Complete, KnowsOptionsAndTheirValues) {
    EXPECT_EQ(candidates({"flows", "--from"}), List{"--from-label"});
    EXPECT_EQ(candidates({"flows", "--verdict", ""}),
              (List{"allowed", "would-block", "unmatched", "blocked"}));
    EXPECT_EQ(candidates({"flows", "--verdict", "un"}), List{"unmatched"});
    EXPECT_EQ(candidates({"status", "-o", "j"}), (List{"json", "jsonl"}));
    EXPECT_EQ(candidates({"completion", ""}).front(), "bash");
}

TEST(Complete, KnowsKindsAndWordsOfTheFleet) {
    EXPECT_EQ(candidates({"get", "work"}), List{"workload"});
    EXPECT_EQ(candidates({"provision", "ru"}), List{"ruleset/"});
    EXPECT_EQ(candidates({"agents", "re"}), (List{"revoke", "resume"}));
    EXPECT_EQ(candidates({"token", "create", "x", "--role", "pro"}), List{"provisioner"});
    EXPECT_EQ(candidates({"mode", "x", "vis"}), List{"visibility"});
    EXPECT_EQ(candidates({"diff", "--fr"}), List{"--from"});
}

TEST(Complete, LeavesFilesToTheShell) {
    EXPECT_TRUE(candidates({"policy", "check", ""}).empty());
    EXPECT_TRUE(candidates({"policy", "show", "--policy", ""}).empty());
}

TEST(Complete, OffersTheWorkloadsOfThePolicyOnTheLine) {
    agent::testing::Scratch scratch;
    scratch.write("p.yaml", "apiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: web-uk-1}\n"
                            "spec: {labels: {role: Web}, addresses: [10.0.0.1], mode: full}\n");
    EXPECT_EQ(candidates({"policy", "show", "--policy", scratch.path("p.yaml"), "--as", "w"}),
              List{"web-uk-1"});
}

TEST(Complete, SaysNothingAboutWhatItDoesNotKnow) {
    EXPECT_TRUE(candidates({"nonsense", "x"}).empty());
    EXPECT_TRUE(candidates({"zzz"}).empty());
}

} // namespace
} // namespace ringwall::cli
