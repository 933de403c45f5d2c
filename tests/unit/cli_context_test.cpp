// Which controller: the file of contexts, and who wins.
#include <sys/stat.h>

#include <map>

#include <gtest/gtest.h>

#include "control/cli/target.h"
#include "tests/unit/scratch.h"

namespace ringwall::cli {
namespace {

Environment with(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

const Environment nothing = with({});
const LocalController nowhere{.ca = "/nonexistent/ca.pem", .token_file = "/nonexistent/token"};

Config two() {
    return {{{"prod", "https://prod:8443", "/ca/prod.pem", "", "/tokens/prod"},
             {"lab", "https://lab:8443", "sha256:" + std::string(64, 'a'), "rw_lab", ""}},
            "prod"};
}

Arguments options(std::map<std::string, std::string> values) {
    Arguments out;
    for (const auto& [name, value] : values)
        out.put(name, {value});
    return out;
}

TEST(Contexts, AreKeptAsYamlAndComeBack) {
    const auto read = parse_config(config_text(two()), "c.yaml");
    ASSERT_TRUE(read) << read.error().message << config_text(two());
    EXPECT_EQ(*read, two());
    EXPECT_EQ(parse_config("", "c.yaml").value(), Config{});
}

TEST(Contexts, MistakesHaveAPlace) {
    const auto wrong = parse_config("contexts:\n- {name: a, server: b, tokn: c}\n", "c.yaml");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("c.yaml:2:"), std::string::npos) << wrong.error().message;
    EXPECT_FALSE(parse_config("contexts:\n- {name: a, server: b, token: c, token_file: d}", "c"));
    EXPECT_FALSE(parse_config("contexts:\n- {name: a, server: b}\n- {name: a, server: c}", "c"));
    EXPECT_FALSE(parse_config("contexts: 7", "c"));
    EXPECT_FALSE(parse_config("current: a\n---\ncurrent: b", "c"));
}

TEST(Contexts, TheFileIsForItsOwnerOnly) {
    agent::testing::Scratch scratch;
    const auto path = scratch.path("new/config.yaml");
    ASSERT_TRUE(save_config(path, two()));
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(load_config(path).value(), two());
    chmod(path.c_str(), 0644);
    const auto open = load_config(path);
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, Exit::forbidden);
    EXPECT_NE(open.error().message.find(path), std::string::npos);
}

TEST(Contexts, AMissingFileIsNoError) {
    EXPECT_EQ(load_config("/nonexistent/config.yaml").value(), Config{});
    EXPECT_EQ(config_path(with({{"RINGWALL_CONFIG", "/x"}, {"HOME", "/h"}})), "/x");
    EXPECT_EQ(config_path(with({{"HOME", "/h"}})), "/h/.config/ringwall/config.yaml");
    EXPECT_EQ(config_path(nothing), "");
}

TEST(Target, IsTheCurrentContextWithoutAnythingElse) {
    EXPECT_EQ(choose_target({}, nothing, two(), nowhere).value(),
              (Target{"https://prod:8443", "/ca/prod.pem", "", "/tokens/prod"}));
}

TEST(Target, ContextIsChosenByOptionThenVariable) {
    const auto variable = with({{"RINGWALL_CONTEXT", "lab"}});
    EXPECT_EQ(choose_target({}, variable, two(), nowhere).value().token, "rw_lab");
    EXPECT_EQ(
        choose_target(options({{"--context", "prod"}}), variable, two(), nowhere).value().server,
        "https://prod:8443");
    const auto wrong = choose_target(options({{"--context", "prd"}}), nothing, two(), nowhere);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Exit::not_found);
    EXPECT_NE(wrong.error().message.find("did you mean \"prod\"?"), std::string::npos);
}

TEST(Target, OptionsWinOverVariablesAndTheseOverTheContext) {
    const auto variables = with({{"RINGWALL_CA", "/ca/env.pem"}, {"RINGWALL_TOKEN", "rw_env"}});
    EXPECT_EQ(choose_target({}, variables, two(), nowhere).value(),
              (Target{"https://prod:8443", "/ca/env.pem", "rw_env", ""}));
    EXPECT_EQ(choose_target(options({{"--ca", "/ca/opt.pem"}, {"--token-file", "/tokens/opt"}}),
                            variables, two(), nowhere)
                  .value(),
              (Target{"https://prod:8443", "/ca/opt.pem", "", "/tokens/opt"}));
    EXPECT_EQ(choose_target({}, with({{"RINGWALL_TOKEN_FILE", "/tokens/env"}}), two(), nowhere)
                  .value()
                  .token_file,
              "/tokens/env");
    EXPECT_EQ(choose_target({}, with({{"RINGWALL_TOKEN_FILE", "/t"}, {"RINGWALL_TOKEN", "rw"}}),
                            two(), nowhere)
                  .value()
                  .token_file,
              "");
}

TEST(Target, AContextsTokenGoesToItsOwnServerOnly) {
    const auto other =
        choose_target(options({{"--server", "https://other:8443"}}), nothing, two(), nowhere);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Exit::usage);
    const auto own =
        choose_target(options({{"--server", "https://prod:8443"}}), nothing, two(), nowhere);
    EXPECT_EQ(own.value().token_file, "/tokens/prod");
    const auto whole = choose_target({},
                                     with({{"RINGWALL_SERVER", "https://other:8443"},
                                           {"RINGWALL_CA", "/ca"},
                                           {"RINGWALL_TOKEN", "t"}}),
                                     two(), nowhere);
    EXPECT_EQ(whole.value(), (Target{"https://other:8443", "/ca", "t", ""}));
}

TEST(Target, OnTheControllersMachineItIsThatController) {
    agent::testing::Scratch scratch;
    scratch.write("ca.pem", "x");
    scratch.write("token", "x");
    const LocalController here{.ca = scratch.path("ca.pem"), .token_file = scratch.path("token")};
    EXPECT_EQ(choose_target({}, nothing, {}, here).value(),
              (Target{"https://127.0.0.1:8443", here.ca, "", here.token_file}));
    EXPECT_EQ(choose_target({}, nothing, two(), here).value().server, "https://prod:8443");
    EXPECT_FALSE(choose_target(options({{"--server", "https://other"}}), nothing, {}, here))
        << "its token is for no other";
    const auto none = choose_target({}, nothing, {}, nowhere);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("ringwall context set"), std::string::npos);
}

} // namespace
} // namespace ringwall::cli
