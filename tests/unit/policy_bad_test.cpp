// Every bad document is refused with exactly the sentences and places its table names.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "control/policy/load.h"
#include "tests/unit/policy_cases.h"

namespace {

namespace fs = std::filesystem;
using ringwall::policy::line;
using ringwall::policy::load;
using ringwall::policy::load_text;
using ringwall::test::BadCase;

std::vector<std::string> told(std::string_view document) {
    std::vector<std::string> out;
    const auto policy = load_text(document, "p");
    if (!policy)
        for (const auto& problem : policy.error())
            out.push_back(line(problem).substr(2)); // without "p:"
    return out;
}

class BadInput : public testing::TestWithParam<BadCase> {};

TEST_P(BadInput, IsToldWithPlaceAndCure) {
    EXPECT_EQ(told(GetParam().document), GetParam().problems) << GetParam().document;
}

std::string test_name(const testing::TestParamInfo<BadCase>& info) {
    std::string out = info.param.table + "_";
    for (const char c : info.param.story)
        out += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return out + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Tables, BadInput, testing::ValuesIn(ringwall::test::bad_cases()),
                         test_name);

TEST(BadInputTables, AreRead) {
    EXPECT_GE(ringwall::test::bad_cases().size(), 120u);
}

using Told = std::vector<std::string>;

TEST(BadBytes, AreNotText) {
    EXPECT_EQ(told("kind: \xff\n"), Told{"1:7: byte 0xff is not UTF-8; save the file as UTF-8"});
    EXPECT_EQ(told("a: \xc3\xa9\nb: \xc0\xaf"),
              Told{"2:4: byte 0xc0 is not UTF-8; save the file as UTF-8"});
    EXPECT_EQ(told("\xed\xa0\x80"), Told{"1:1: byte 0xed is not UTF-8; save the file as UTF-8"});
    EXPECT_EQ(told("a: \xe2\x82"), Told{"1:4: byte 0xe2 is not UTF-8; save the file as UTF-8"});
    EXPECT_EQ(told(std::string_view("kind: \0", 7)),
              Told{"1:7: control character U+0000; remove it"});
}

TEST(EmptyInput, IsNoPolicy) {
    const char* sentence = " the file has no documents; write at least one, or remove the file";
    for (const char* text : {"", "\n", "# only a comment\n"})
        EXPECT_EQ(told(text), Told{sentence}) << text;
}

TEST(AnchorsAndAliases, AreRefusedBeforeTheyCanMultiply) {
    const auto problems = told("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n");
    const auto is_told = [&](const char* problem) {
        return std::ranges::find(problems, problem) != problems.end();
    };
    EXPECT_TRUE(is_told("1:4: an anchor (&name) stands here; policy files have none, remove it"));
    EXPECT_TRUE(is_told("3:5: an alias (*name) stands here; policy files have none, write the "
                        "value itself"));
}

TEST(DeepNesting, IsRefusedWithoutRecursion) {
    const auto problems = told(std::string(100'000, '['));
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_TRUE(problems[0].ends_with("nested deeper than 32 levels; no policy needs that, flatten "
                                      "it"));
}

class Files : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "rw-policy-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { fs::remove_all(directory_); }

    fs::path write(const char* name, const std::string& text) const {
        std::ofstream(directory_ / name) << text;
        return directory_ / name;
    }
    fs::path directory() const { return directory_; }

    static std::string workload(const std::string& name, const std::string& address) {
        return "apiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: " + name +
               "}\nspec: {labels: {role: web}, addresses: [" + address + "]}\n";
    }

  private:
    fs::path directory_;
};

TEST_F(Files, OfADirectoryAreReadInLexicalOrder) {
    write("20-b.yml", workload("b", "10.0.0.2"));
    write("10-a.yaml", workload("a", "10.0.0.1"));
    write("30-c.json",
          R"({"apiVersion": "ringwall/v1", "kind": "Workload", "metadata": {"name": "c"},
	"spec": {"labels": {"role": "web"}, "addresses": ["10.0.0.3"]}})");
    write("README.md", "not policy");
    write(".10-a.yaml.swp.yaml", "left by an editor: [");
    const auto policy = load(directory());
    ASSERT_TRUE(policy) << line(policy.error().front());
    ASSERT_EQ(policy->workloads.size(), 3u);
    EXPECT_EQ(policy->workloads[0].name, "a");
    EXPECT_EQ(policy->workloads[1].name, "b");
    EXPECT_EQ(policy->workloads[2].name, "c");
    EXPECT_EQ(policy->workloads[1].place.file, (directory() / "20-b.yml").string());
}

TEST_F(Files, TellTheProblemsOfAllOfThemTogether) {
    write("a.yaml", workload("same", "10.0.0.1") + "x: 1\n");
    write("b.yaml", workload("same", "10.0.0.300"));
    const auto policy = load(directory());
    ASSERT_FALSE(policy);
    ASSERT_EQ(policy.error().size(), 3u);
    EXPECT_EQ(policy.error()[0].place, (ringwall::Place{directory() / "a.yaml", 5, 1}));
    EXPECT_EQ(policy.error()[1].message, "Workload \"same\" is already defined at " +
                                             (directory() / "a.yaml").string() +
                                             ":3:18; rename or remove one");
    EXPECT_EQ(policy.error()[2].place.line, 4);
}

TEST_F(Files, ThatAreNotThereAreNamed) {
    const auto policy = load(directory() / "none.yaml");
    ASSERT_FALSE(policy);
    EXPECT_EQ(line(policy.error().front()),
              (directory() / "none.yaml").string() +
                  ": no such file or directory; name a policy file or a directory of them");
}

TEST_F(Files, AreNeededInADirectory) {
    const auto policy = load(directory());
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().front().message,
              "the directory has no *.yaml, *.yml or *.json; put a policy there");
}

TEST_F(Files, ThatCannotBeReadAreNamed) {
    fs::create_symlink("nowhere", directory() / "a.yaml");
    const auto policy = load(directory());
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().front().message,
              "cannot be read (No such file or directory); make it readable or remove it");
}

} // namespace
