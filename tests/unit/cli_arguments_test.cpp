#include "control/cli/command.h"

#include <set>

#include <gtest/gtest.h>

namespace ringwall::cli {
namespace {

Parsed given(std::vector<const char*> words) {
    words.insert(words.begin(), "ringwall");
    return parse(static_cast<int>(words.size()), words.data());
}

TEST(Arguments, ABareCallIsStatus) {
    ASSERT_NE(given({}).command, nullptr);
    EXPECT_EQ(given({}).command->name, "status");
    const auto json = given({"-o", "json"});
    ASSERT_NE(json.command, nullptr);
    EXPECT_EQ(json.command->name, "status");
    EXPECT_TRUE(json.arguments.json());
}

TEST(Arguments, FlowsTakeRepeatedFilters) {
    const auto parsed = given({"flows", "-f", "--label", "app=Payments", "--label",
                               "env=Production", "--port", "53", "--last", "5", "--last", "9"});
    ASSERT_NE(parsed.command, nullptr);
    EXPECT_TRUE(parsed.arguments.has("--follow"));
    EXPECT_FALSE(parsed.arguments.has("--all"));
    EXPECT_EQ(parsed.arguments.all("--label"),
              (std::vector<std::string>{"app=Payments", "env=Production"}));
    EXPECT_EQ(parsed.arguments.get("--last"), "9"); // the later wins
    EXPECT_EQ(parsed.arguments.get("--since", "never"), "never");
}

TEST(Arguments, CommandsOfTwoWordsHaveOperands) {
    const auto parsed = given({"policy", "check", "policy/", "--strict"});
    ASSERT_NE(parsed.command, nullptr);
    EXPECT_EQ(parsed.command->name, "policy check");
    EXPECT_EQ(parsed.arguments.operand, "policy/");
    EXPECT_TRUE(parsed.arguments.has("--strict"));
}

TEST(Arguments, CommonFlagsMayStandBeforeTheCommand) {
    const auto status = given({"--socket", "/run/x.sock", "status"});
    ASSERT_NE(status.command, nullptr);
    EXPECT_EQ(status.command->name, "status");
    EXPECT_EQ(status.arguments.get("--socket"), "/run/x.sock");

    const auto check = given({"--socket=/run/x.sock", "-ojson", "policy", "check", "policy/"});
    ASSERT_NE(check.command, nullptr);
    EXPECT_EQ(check.command->name, "policy check");
    EXPECT_EQ(check.arguments.operand, "policy/");
    EXPECT_EQ(check.arguments.get("--socket"), "/run/x.sock");
    EXPECT_TRUE(check.arguments.json());

    const auto twice = given({"--socket", "a", "flows", "--socket", "b"});
    EXPECT_EQ(twice.arguments.get("--socket"), "b");                              // the later wins
    EXPECT_EQ(given({"--socket", "status"}).arguments.get("--socket"), "status"); // a bare call
}

TEST(Arguments, OperandsMayBeMany) {
    const auto get = given({"get", "rs", "a", "-o", "yaml", "b"});
    ASSERT_NE(get.command, nullptr);
    EXPECT_EQ(get.arguments.operands, (std::vector<std::string>{"rs", "a", "b"}));
    EXPECT_EQ(get.arguments.operand, "rs");
    const auto verbs = given({"delete", "workload", "status", "get"}); // names like commands
    ASSERT_NE(verbs.command, nullptr);
    EXPECT_EQ(verbs.arguments.operands, (std::vector<std::string>{"workload", "status", "get"}));
    const auto label = given({"label", "web-1", "tier-", "role=Web"});
    EXPECT_EQ(label.arguments.operands, (std::vector<std::string>{"web-1", "tier-", "role=Web"}));
    const auto apply = given({"apply", "-f", "-", "-f", "dir"});
    EXPECT_EQ(apply.arguments.all("--file"), (std::vector<std::string>{"-", "dir"}));
}

TEST(Arguments, AGroupAloneIsItsFirstCommand) {
    EXPECT_EQ(given({"agents"}).command->name, "agents list");
    EXPECT_EQ(given({"agents", "-o", "wide"}).command->name, "agents list");
    EXPECT_EQ(given({"agents", "describe", "x"}).command->name, "agents describe");
    EXPECT_EQ(given({"rollout", "--watch"}).command->name, "rollout status");
    EXPECT_EQ(given({"audit"}).command->name, "audit list");
    const auto before = given({"--context", "prod", "token"});
    ASSERT_NE(before.command, nullptr);
    EXPECT_EQ(before.command->name, "token list");
    EXPECT_EQ(before.arguments.get("--context"), "prod");
}

TEST(Arguments, NoOptionTakesASecret) {
    for (const auto& command : commands())
        for (const auto& table : flags_of(command))
            for (const auto& flag : table)
                EXPECT_NE(flag.long_name(), "--token") << command.name;
}

TEST(Arguments, WrongUsageIsExitCodeTwo) {
    testing::internal::CaptureStderr();
    for (auto words : std::vector<std::vector<const char*>>{{"flow"},
                                                            {"flows", "--prot", "tcp"},
                                                            {"policy"},
                                                            {"policy", "check"},
                                                            {"status", "-o", "yaml"},
                                                            {"status", "--color", "blue"},
                                                            {"pause", "--for"},
                                                            {"get"},
                                                            {"get", "wl", "-o", "xml"},
                                                            {"status", "--server", "x"},
                                                            {"whoami", "more"},
                                                            {"rollback"},
                                                            {"rollback", "1", "2"},
                                                            {"agents", "revoke"},
                                                            {"agents", "nonsense"},
                                                            {"--socket"},
                                                            {"--socket", "x", "flow"},
                                                            {"--port", "53", "flows"}}) {
        const auto parsed = given(words);
        EXPECT_EQ(parsed.command, nullptr) << words[0];
        EXPECT_EQ(parsed.exit, 2) << words[0];
    }
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("--output takes"), std::string::npos);
    EXPECT_NE(said.find("--port goes behind the command: ringwall flows --port"),
              std::string::npos);
}

TEST(Arguments, HelpIsNoError) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(given({"--help"}).exit, 0);
    EXPECT_EQ(given({"flows", "--help"}).exit, 0);
    const auto text = testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("ringwall why --flow"), std::string::npos);
    EXPECT_NE(text.find("--from-label"), std::string::npos);
}

TEST(Commands, AreDescribedAndNamedOnce) {
    std::set<std::string_view> names;
    for (const auto& command : commands()) {
        EXPECT_TRUE(names.insert(command.name).second) << command.name;
        EXPECT_FALSE(command.summary.empty()) << command.name;
        EXPECT_NE(command.run, nullptr) << command.name;
        for (const auto& flag : command.flags)
            EXPECT_FALSE(flag.help.empty()) << command.name << flag.names;
    }
    EXPECT_EQ(names.size(), 60u);
}

TEST(Duration, HasAUnit) {
    EXPECT_EQ(parse_duration("90s").value(), 90u);
    EXPECT_EQ(parse_duration("10m").value(), 600u);
    EXPECT_EQ(parse_duration("2h").value(), 7200u);
    EXPECT_EQ(parse_duration("1d").value(), 86'400u);
    for (auto wrong : {"", "10", "m", "-5m", "0s", "1w", "10 m", "4294967296s", "99999999d"})
        EXPECT_EQ(parse_duration(wrong).error().code, Exit::usage) << wrong;
}

} // namespace
} // namespace ringwall::cli
