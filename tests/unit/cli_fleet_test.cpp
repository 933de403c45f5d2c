// Whole commands against a controller's port whose answers the test writes.
#include <unistd.h>

#include <cstdlib>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "control/cli/command.h"
#include "control/cli/subcommands.h"
#include "tests/unit/cli_world.h"
#include "tests/unit/scratch.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;
using client_test::json_answer;
using client_test::problem;

struct Ran {
    int exit = 0;
    std::string out, message;
};

class Fleet : public ::testing::Test {
  protected:
    using Answer = std::function<http::Response(const http::Request&)>;

    void serve(Answer answer) {
        controller_.emplace(std::move(answer));
        scratch_.write("ca.pem", controller_->authority.trust_bundle());
        scratch_.write("token", "rw_secret\n");
        setenv("RINGWALL_SERVER", controller_->url().c_str(), 1);
        setenv("RINGWALL_CA", scratch_.path("ca.pem").c_str(), 1);
        setenv("RINGWALL_TOKEN_FILE", scratch_.path("token").c_str(), 1);
        setenv("RINGWALL_CONFIG", scratch_.path("config.yaml").c_str(), 1);
    }
    void TearDown() override {
        for (const auto* name :
             {"RINGWALL_SERVER", "RINGWALL_CA", "RINGWALL_TOKEN_FILE", "RINGWALL_CONFIG"})
            unsetenv(name);
    }

    static Ran run(std::vector<const char*> words) {
        words.insert(words.begin(), "ringwall");
        const auto parsed = parse(static_cast<int>(words.size()), words.data());
        if (!parsed.command)
            return {parsed.exit, {}, {}};
        testing::internal::CaptureStdout();
        const auto done = parsed.command->run(parsed.arguments);
        auto out = testing::internal::GetCapturedStdout();
        return done
                   ? Ran{0, std::move(out), {}}
                   : Ran{static_cast<int>(done.error().code), std::move(out), done.error().message};
    }
    std::string body_of(std::size_t request) const { return controller_->seen().at(request).body; }
    std::vector<std::string> asked() const {
        std::vector<std::string> out;
        for (const auto& request : controller_->seen())
            out.push_back(request.method + " " + request.target.substr(7));
        return out;
    }

    agent::testing::Scratch scratch_;
    std::optional<client_test::Controller> controller_;
};

constexpr const char* web = "apiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: web-1}\n"
                            "spec:\n  labels: {role: Web}\n  addresses: [10.0.0.1]\n";

TEST_F(Fleet, ApplySendsAllDocumentsInOneRequestAndSaysWhatHappened) {
    serve([](const http::Request&) {
        return json_answer(200, R"({"edits":[{"kind":"Workload","name":"web-1","outcome":"created",
                                    "revision":1,"differences":[]}],"warnings":[]})");
    });
    scratch_.write("p.yaml", web);
    const auto ran = run({"apply", "-f", scratch_.path("p.yaml").c_str(), "-m", "CHG-1", "--prune",
                          "--prune-labels", "app=P"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_EQ(ran.out, "workload/web-1 created\n");
    EXPECT_EQ(asked(), std::vector<std::string>{"POST /apply"});
    EXPECT_EQ(json::parse(body_of(0)),
              json::parse(R"({"documents":[{"apiVersion":"ringwall/v1","kind":"Workload",
                "metadata":{"name":"web-1"},"spec":{"labels":{"role":"Web"},"addresses":["10.0.0.1"]}}],
                "prune":{"kinds":["Workload"],"labels":"app=P"},"note":"CHG-1"})"));
}

TEST_F(Fleet, AFaultOfTheControllerIsShownWhereItStandsInTheFile) {
    serve([](const http::Request&) {
        return problem(422, R"({"title":"Invalid","detail":"1 fault","status":422,"code":"invalid",
            "faults":[{"kind":"Workload","name":"web-1","pointer":"/spec/addresses/0",
                       "sentence":"belongs to web-2 already","warning":false}]})");
    });
    scratch_.write("p.yaml", web);
    const auto ran = run({"apply", "-f", scratch_.path("p.yaml").c_str()});
    EXPECT_EQ(ran.exit, 7);
    EXPECT_EQ(ran.message,
              "1 fault\n" + scratch_.path("p.yaml") + ":6:15: belongs to web-2 already");
}

TEST_F(Fleet, ASentenceThatIsAFaultIsSaidOnce) {
    serve([](const http::Request&) {
        return problem(422, R"j({"title":"Invalid","detail":"is used (and 1 more)","status":422,
            "faults":[{"kind":"Workload","name":"web-1","pointer":"/spec/addresses","sentence":"is used"},
                      {"pointer":"","sentence":"is old"}]})j");
    });
    scratch_.write("p.yaml", web);
    EXPECT_EQ(run({"apply", "-f", scratch_.path("p.yaml").c_str()}).message,
              scratch_.path("p.yaml") + ":6:3: is used\nis old");
}

TEST_F(Fleet, AMistakeInTheFileIsToldWithoutAskingAnybody) {
    serve([](const http::Request&) { return json_answer(200, "{}"); });
    scratch_.write("p.yaml",
                   "apiVersion: ringwall/v1\nkind: Workload\nmetadata: {name: w}\nspec: {}\n");
    EXPECT_EQ(run({"apply", "-f", scratch_.path("p.yaml").c_str()}).exit, 7);
    EXPECT_EQ(run({"apply"}).exit, 2);
    EXPECT_TRUE(controller_->seen().empty());
}

TEST_F(Fleet, DiffEndsAsDiffDoes) {
    bool differs = false;
    serve([&](const http::Request& request) {
        if (request.target.find("from=9") != std::string::npos)
            return problem(404, R"({"title":"Not found","detail":"no version 9","status":404})");
        return json_answer(200, differs
                                    ? R"({"from":"active","to":"draft","changes":[{"kind":"RuleSet",
            "name":"p","outcome":"removed","differences":[]}]})"
                                    : R"({"from":"active","to":"draft","changes":[]})");
    });
    EXPECT_EQ(run({"diff"}).exit, 0);
    differs = true;
    const auto ran = run({"diff"});
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.out, "ruleset/p removed\n");
    EXPECT_EQ(run({"diff", "--from", "9"}).exit, 2);
    EXPECT_EQ(run({"diff", "--from", "9", "-f", "x"}).exit, 2);
}

constexpr const char* listed = R"({"items":[{"apiVersion":"ringwall/v1","kind":"Workload",
    "metadata":{"name":"web-1","revision":3},"spec":{"labels":{"role":"Web"},"addresses":["10.0.0.1"]}}],
    "total":1})";

TEST_F(Fleet, GetShowsTablesDocumentsAndNames) {
    serve([](const http::Request&) { return json_answer(200, listed); });
    EXPECT_EQ(run({"get", "wl", "-l", "role=Web"}).out,
              "NAME   ROLE  APP  ENV  LOC  MODE        ADDRESSES\n"
              "web-1  Web   -    -    -    visibility  10.0.0.1\n");
    EXPECT_EQ(run({"get", "workloads", "-o", "name"}).out, "workload/web-1\n");
    EXPECT_EQ(json::parse(run({"get", "wl", "-o", "json"}).out), json::parse(listed));
    EXPECT_EQ(run({"get", "wl", "-o", "yaml"}).out,
              "apiVersion: ringwall/v1\nkind: Workload\nmetadata:\n  name: web-1\n  revision: 3\n"
              "spec:\n  labels:\n    role: Web\n  addresses: [10.0.0.1]\n");
    EXPECT_EQ(asked()[0], "GET /workloads?labels=role%3DWeb&limit=1000");
    EXPECT_EQ(run({"get", "rs", "-l", "role=Web"}).exit, 2);
    EXPECT_EQ(run({"get", "wl", "--version", "3"}).exit, 2);
    EXPECT_EQ(run({"get", "wl", "-o", "jsonl"}).exit, 2);
}

TEST_F(Fleet, AListSaysWhatNobodyHas) {
    serve([](const http::Request&) {
        return json_answer(200, R"({"items":[],"total":0,"warnings":[{"pointer":"","sentence":
            "no workload has the label key \"roel\"; did you mean \"role\"?","warning":true}]})");
    });
    for (const std::vector<const char*>& words :
         {std::vector{"get", "wl", "-l", "roel=Web"}, {"agents", "list", "-l", "roel=Web"}}) {
        testing::internal::CaptureStderr();
        EXPECT_EQ(run(words).exit, 0);
        EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with(
            "warning: no workload has the label key \"roel\"; did you mean \"role\"?\n"));
    }
}

TEST_F(Fleet, ModeNeedsWhomAndWhich) {
    serve([](const http::Request&) { return json_answer(200, R"({"edits":[],"warnings":[]})"); });
    EXPECT_EQ(run({"mode", "a", "workload/b", "visibility"}).exit, 0);
    EXPECT_EQ(json::parse(body_of(0)), json::parse(R"({"mode":"visibility","names":["a","b"]})"));
    EXPECT_EQ(run({"mode", "-l", "app=P", "idle", "--dry-run"}).exit, 0);
    EXPECT_EQ(json::parse(body_of(1)), json::parse(R"({"mode":"idle","labels":"app=P"})"));
    EXPECT_EQ(asked()[1], "POST /workloads/mode?dry_run=true");
    EXPECT_EQ(run({"mode", "full"}).exit, 2);
    EXPECT_EQ(run({"mode", "a", "fulll"}).exit, 2);
    EXPECT_EQ(run({"mode", "-l", "x", "a", "full"}).exit, 2);
}

TEST_F(Fleet, TheStepToFullEndsNothingUnasked) {
    setenv("SSH_CONNECTION", "192.0.2.7 51122 10.0.0.1 22", 1);
    bool ends = true;
    serve([&](const http::Request& request) {
        if (!request.target.starts_with("/api/v1/workloads/cuts"))
            return json_answer(200, R"({"edits":[],"warnings":[]})");
        return json_answer(200, ends ? R"({"items":[{"workload":"a","yours":true}],"total":1,
                                           "judged":2,"unanswered":[],"warnings":[]})"
                                     : R"({"items":[],"total":0,"judged":2,"unanswered":[],
                                           "warnings":[]})");
    });
    const auto refused = run({"mode", "a", "full"});
    EXPECT_EQ(refused.exit, 2);
    EXPECT_NE(refused.message.find("--yes"), std::string::npos) << refused.message;
    EXPECT_EQ(asked(), std::vector<std::string>{"POST /workloads/cuts"});
    EXPECT_EQ(json::parse(body_of(0)),
              json::parse(R"({"mode":"full","names":["a"],"callers":["192.0.2.7:51122"]})"));
    EXPECT_EQ(run({"mode", "a", "full", "--yes"}).exit, 0);
    EXPECT_EQ(asked().back(), "POST /workloads/mode");
    EXPECT_EQ(json::parse(body_of(2)), json::parse(R"({"mode":"full","names":["a"]})"));
    const auto dry = run({"mode", "a", "full", "--dry-run", "-o", "json"});
    EXPECT_EQ(json::parse(dry.out).at("cuts").at("total"), 1);
    ends = false;
    EXPECT_EQ(run({"mode", "a", "full"}).exit, 0);
    unsetenv("SSH_CONNECTION");
}

TEST_F(Fleet, LabelSetsAndRemoves) {
    serve([](const http::Request&) { return json_answer(200, R"({"edits":[],"warnings":[]})"); });
    EXPECT_EQ(run({"label", "a", "role=App Server", "rack-", "env="}).exit, 0);
    EXPECT_EQ(
        json::parse(body_of(0)),
        json::parse(R"({"set":{"role":"App Server","env":""},"remove":["rack"],"names":["a"]})"));
    EXPECT_EQ(run({"label", "a"}).exit, 2);
    EXPECT_EQ(run({"label", "a", "k=v", "b"}).exit, 2);
    EXPECT_EQ(run({"label", "k=v"}).exit, 2);
}

TEST_F(Fleet, ProvisionAsksForNothingWithYes) {
    serve([](const http::Request&) {
        return json_answer(200, R"({"version":7,"changes":[{"kind":"RuleSet","name":"p",
            "outcome":"changed"}],"pulled_in":[],"warnings":[],"agents":["a","b"]})");
    });
    const auto ran = run({"provision", "rs/p", "--yes", "-m", "x", "--confirm-within", "2m",
                          "--first", "env=Production", "--percent", "2.5", "--max-blocks", "3"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_NE(ran.out.find("version 7: 1 object, 2 agents concerned\n"), std::string::npos)
        << ran.out;
    EXPECT_EQ(asked(), std::vector<std::string>{"POST /provision"});
    EXPECT_EQ(
        json::parse(body_of(0)),
        json::parse(R"({"objects":[{"kind":"RuleSet","name":"p"}],"note":"x","confirm_within_s":120,
                "canary":{"query":"env=Production","percent":2.5,"max_blocks":3}})"));
    EXPECT_EQ(run({"provision", "p", "--yes"}).exit, 2);
    EXPECT_EQ(run({"provision", "--percent", "x", "--yes"}).exit, 2);
}

TEST_F(Fleet, WithoutATerminalProvisionShowsAndStops) {
    if (isatty(STDIN_FILENO))
        GTEST_SKIP() << "there is a terminal";
    serve([](const http::Request& request) {
        if (request.target.find("versions") != std::string::npos)
            return json_answer(200, R"({"items":[{"number":6}],"total":6})");
        if (request.target.find("diff") != std::string::npos)
            return json_answer(200, R"({"changes":[{"kind":"RuleSet","name":"p","revision":17}]})");
        return json_answer(200, R"({"changes":[{"kind":"RuleSet","name":"p","outcome":"changed"}],
                                    "pulled_in":[],"warnings":[],"agents":[]})");
    });
    testing::internal::CaptureStderr();
    const auto ran = run({"provision"});
    EXPECT_NE(testing::internal::GetCapturedStderr().find("ruleset/p changed"), std::string::npos);
    EXPECT_EQ(ran.exit, 2);
    EXPECT_NE(ran.message.find("--yes"), std::string::npos);
    EXPECT_EQ(asked(), (std::vector<std::string>{"GET /versions?limit=1",
                                                 "POST /provision?dry_run=true", "GET /diff"}));
    EXPECT_EQ(json::parse(body_of(1)), json::parse(R"({"base":6})"));
}

TEST_F(Fleet, StageSaysWhatIsJudgedAndUnstageTakesItOff) {
    serve([](const http::Request& request) {
        if (request.method == "DELETE")
            return http::Response{.status = 204};
        return json_answer(
            200, request.target.find("dry_run") != std::string::npos
                     ? R"({"changes":[{"kind":"RuleSet","name":"pay","outcome":"changed"}],
                                          "pulled_in":[],"warnings":[],"agents":["app-1","web-1"]})"
                     : R"({"number":4,"changes":[{"kind":"RuleSet","name":"pay",
                                          "outcome":"changed"}],"pulled_in":[{"kind":"RuleSet",
                                          "name":"pay"}],"warnings":[],"agents":["app-1"]})");
    });
    EXPECT_EQ(run({"stage", "--dry-run"}).out,
              "ruleset/pay changed\n1 object, 2 agents would judge by it as well\n");
    const auto ran = run({"stage", "ruleset/pay", "-m", "CHG-1"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_NE(ran.out.find("ruleset/pay comes along"), std::string::npos);
    EXPECT_NE(ran.out.find("staging 4: 1 object, 1 agent judge by it as well; nothing of it is "
                           "enforced"),
              std::string::npos);
    EXPECT_EQ(run({"unstage"}).out, "nothing is staged any more\n");
    EXPECT_EQ(asked(), (std::vector<std::string>{"PUT /staging?dry_run=true", "PUT /staging",
                                                 "DELETE /staging"}));
    EXPECT_EQ(json::parse(body_of(1)),
              json::parse(R"({"objects":[{"kind":"RuleSet","name":"pay"}],"note":"CHG-1"})"));
}

std::string impact_page(const std::string& items, const std::string& next) {
    return R"({"staging":4,"since":"2026-01-02T03:04:05Z","totals":{"same":1203,"newly_blocked":17,
        "newly_allowed":2,"omitted":5,"agents_reporting":2,"agents_concerned":3},"total":2,
        "warnings":[],"items":[)" +
           items + "]" + next + "}";
}

constexpr const char* blocked_row = R"({"id":"a1","change":"newly-blocked","count":17,
    "subject":{"workload":"app-1","labels":{"role":"App"}},"direction":"inbound",
    "peer":{"address":"10.0.0.1","labels":[{"role":"Web"}]},"protocol":"tcp","port":8080,
    "process":{"shown":"tomcat10.service"},"draft":{"reason":"no rule","rules":[]},
    "active":{"reason":"allow","rules":["pay/web-to-app"]},
    "first":"2026-01-02T03:04:05Z","last":"2026-01-02T03:04:05Z","agents":["app-1"]})";
constexpr const char* allowed_row = R"({"id":"b2","change":"newly-allowed","count":2,
    "subject":{"workload":"web-1","labels":{}},"direction":"outbound",
    "peer":{"address":"192.0.2.9","lists":["office"]},"protocol":"icmp","icmp":{"type":8,"code":0},
    "draft":{"reason":"allow","rules":["ping/all"]},"active":{"reason":"no rule","rules":[]},
    "first":"2026-01-02T03:04:05Z","last":"2026-01-02T03:04:05Z","agents":["web-1"]})";

TEST_F(Fleet, ImpactShowsEveryPageInOneTable) {
    serve([](const http::Request& request) {
        const bool second = request.target.find("after=cursor") != std::string::npos;
        return json_answer(200, second ? impact_page(allowed_row, "")
                                       : impact_page(blocked_row, R"(,"next":"cursor")"));
    });
    const auto ran = run({"impact", "-l", "app=P", "--change", "newly-blocked"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    const auto has = [](const Ran& done, const char* text) {
        return done.out.find(text) != std::string::npos;
    };
    EXPECT_TRUE(has(ran, "2 of 3 agents report\n")) << ran.out;
    EXPECT_TRUE(
        has(ran, "17 newly blocked, 2 newly allowed, 1203 the same, 5 beyond what is kept"));
    EXPECT_TRUE(has(ran, "newly-blocked  17     app-1     ← role=Web     8080/tcp  "
                         "tomcat10.service  no rule"))
        << ran.out;
    EXPECT_TRUE(has(ran, "→ list office  icmp 8/0  -                 ping/all"));
    EXPECT_EQ(asked()[0], "GET /impact?limit=1000&labels=app%3DP&change=newly-blocked");
    const auto wide = run({"impact", "-o", "wide"});
    EXPECT_TRUE(has(wide, "pay/web-to-app")) << wide.out;
    EXPECT_TRUE(has(wide, "role=Web (10.0.0.1)"));
    const auto whole = json::parse(run({"impact", "-o", "json"}).out);
    EXPECT_EQ(whole.at("items").as_array().size(), 2U);
    EXPECT_FALSE(whole.as_object().contains("next"));
}

TEST_F(Fleet, ImpactIsWatchedUntilNothingIsStaged) {
    int asked_for = 0;
    serve([&](const http::Request&) {
        return ++asked_for == 1 ? json_answer(200, impact_page(blocked_row, ""))
                                : problem(404, R"({"title":"Not found","status":404,
                                      "detail":"nothing is staged","code":"not_found"})");
    });
    const auto watched = run({"impact", "--watch"});
    EXPECT_EQ(watched.exit, 0) << watched.message;
    EXPECT_NE(watched.out.find("newly-blocked"), std::string::npos);
    const auto none = run({"impact"});
    EXPECT_EQ(none.exit, 3);
    EXPECT_NE(none.message.find("'ringwall stage' stages it"), std::string::npos);
}

TEST_F(Fleet, DeleteGoesByNeedAndTriesAgain) {
    int services = 0;
    serve([&](const http::Request& request) {
        const bool service = request.target.find("services") != std::string::npos;
        if (service && ++services == 1)
            return problem(409,
                           R"({"title":"Conflict","detail":"used by ruleset x","status":409})");
        return json_answer(
            200, service ? R"({"edits":[{"kind":"Service","name":"s","outcome":"removed"}]})"
                         : R"({"edits":[{"kind":"RuleSet","name":"x","outcome":"removed"}]})");
    });
    const auto ran = run({"delete", "svc/s", "rs/x"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_EQ(ran.out, "ruleset/x removed\nservice/s removed\n");
    EXPECT_EQ(run({"delete"}).exit, 2);
    EXPECT_EQ(run({"delete", "wl"}).exit, 2);
}

TEST_F(Fleet, WhyOfTwoNamesAsksTheController) {
    serve([](const http::Request&) {
        return json_answer(200, R"({"verdict":"allowed","sentence":"web-1 may reach app-1","ends":[
            {"workload":"web-1","direction":"outbound","peer":"app-1","mode":"full","verdict":"allowed",
             "reason":"a rule allows it","rules":["p/web-to-app"],"near":[]}]})");
    });
    const auto ran =
        run({"why", "web-1", "app-1", "8080/tcp", "--process", "tomcat10.service", "--draft"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_EQ(ran.out, "web-1 may reach app-1\nweb-1 to app-1: allowed, because a rule allows it\n"
                       "  matched: p/web-to-app\n");
    EXPECT_EQ(json::parse(body_of(0)),
              json::parse(R"({"from":"web-1","to":"app-1","proto":6,"port":8080,
                              "process":{"unit":"tomcat10.service"},"draft":true})"));
    EXPECT_EQ(run({"why", "web-1", "app-1", "8/0/icmp", "--source-process", "ping"}).exit, 0);
    EXPECT_EQ(json::parse(body_of(1)),
              json::parse(R"({"from":"web-1","to":"app-1","proto":1,"icmp":{"type":8,"code":0},
                              "from_process":{"name":"ping"}})"));
    EXPECT_EQ(run({"why", "web-1"}).exit, 2);
    EXPECT_EQ(run({"why", "web-1", "app-1", "99999/tcp"}).exit, 2);
}

TEST_F(Fleet, ImportReadsWhatIsThereAndAppliesOnce) {
    serve([](const http::Request& request) {
        if (request.target.ends_with("/workloads/web-1"))
            return json_answer(200, R"({"kind":"Workload","metadata":{"name":"web-1","revision":3},
                "spec":{"addresses":["10.0.0.1"],"labels":{"role":"Web"}}})");
        if (request.method == "GET")
            return problem(404, R"({"title":"Not found","detail":"no workload","status":404})");
        return json_answer(200, R"({"edits":[{"kind":"Workload","name":"web-1","outcome":"changed",
            "differences":[{"pointer":"/spec/labels/env","kind":"added","after":"Production"}]}]})");
    });
    scratch_.write("l.csv", "name,address,env\nweb-1,,Production\nnew,10.0.0.9,Production\n");
    const auto ran = run({"import", scratch_.path("l.csv").c_str()});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_EQ(ran.out, "workload/web-1 changed\n  + /spec/labels/env: Production\n");
    EXPECT_EQ(asked(), (std::vector<std::string>{"GET /workloads/web-1", "GET /workloads/new",
                                                 "POST /apply"}));
}

TEST_F(Fleet, ATokenThatOthersMayReadIsNotSent) {
    serve([](const http::Request&) { return json_answer(200, "{}"); });
    scratch_.write("token", "rw_secret", 0644);
    const auto ran = run({"whoami"});
    EXPECT_EQ(ran.exit, 5);
    EXPECT_TRUE(controller_->seen().empty());
}

TEST_F(Fleet, ExitCodesSayWhatKindOfFailure) {
    unsigned status = 0;
    serve([&](const http::Request&) {
        return problem(status, R"({"title":"No","detail":"no","status":0})");
    });
    for (const auto& [answer, exit] : std::vector<std::pair<unsigned, int>>{
             {401, 5}, {403, 5}, {404, 3}, {409, 1}, {412, 1}, {422, 7}, {500, 1}}) {
        status = answer;
        EXPECT_EQ(run({"whoami"}).exit, exit) << answer;
    }
    setenv("RINGWALL_CA", std::string(64, 'a').c_str(), 1);
    EXPECT_EQ(run({"whoami"}).exit, 6);
}

TEST_F(Fleet, ABackupAppearsWhenItIsWhole) {
    serve([](const http::Request&) {
        return http::Response{200, {{"Content-Type", "application/octet-stream"}}, "SQLite", {}};
    });
    const auto path = scratch_.path("b.db");
    testing::internal::CaptureStderr();
    EXPECT_EQ(run({"backup", path.c_str()}).exit, 0);
    testing::internal::GetCapturedStderr();
    std::ifstream in(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "SQLite");
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

// Two CAs; so many connected agents have not followed.
std::string rotating(int connected) {
    return R"({"authorities":[
      {"subject":"Ringwall CA 01","fingerprint":"aa","not_before":"2027-01-01T00:00:00Z",
       "not_after":"2037-01-01T00:00:00Z","phase":"issuing","since":1},
      {"subject":"Ringwall CA 02","fingerprint":"bb","not_before":"2034-01-01T00:00:00Z",
       "not_after":"2044-01-01T00:00:00Z","phase":"announced","since":2}],
      "bundle":2,"rotation_due":false,"agents":14,
      "unacknowledged":{"total":12,"connected":)" +
           std::to_string(connected) + R"(,"first":["app-1","web-1"]},
      "old_certificate":{"total":0,"connected":0,"first":[]}})";
}

TEST_F(Fleet, TheCaIsShownWithWhoHasNotFollowed) {
    serve([](const http::Request&) { return json_answer(200, rotating(1)); });
    const auto shown = run({"authority"});
    EXPECT_EQ(shown.exit, 0) << shown.message;
    for (const char* words :
         {"issuing", "Ringwall CA 02", "2044-01-01", "trust bundle 2, 14 agents",
          "not acknowledged: app-1, web-1, +10 more", "ringwall authority switch"})
        EXPECT_NE(shown.out.find(words), std::string::npos) << words << "\n" << shown.out;
    EXPECT_EQ(json::parse(run({"authority", "-o", "json"}).out).at("bundle"), 2);
    EXPECT_EQ(asked(), (std::vector<std::string>{"GET /authority", "GET /authority"}));
}

TEST_F(Fleet, AStepOfTheRotationWaitsForConnectedAgentsOnly) {
    int left = 2;
    serve([&](const http::Request& request) {
        return json_answer(200, rotating(request.method == "GET" ? --left : 2));
    });
    EXPECT_EQ(run({"authority", "announce", "--wait", "20"}).exit, 0);
    EXPECT_EQ(asked(), (std::vector<std::string>{"POST /authority/rotation", "GET /authority",
                                                 "GET /authority"}));
    EXPECT_EQ(body_of(0), R"({"step":"announce"})");
    left = 1000;
    const auto late = run({"authority", "switch", "--wait", "1"});
    EXPECT_EQ(late.exit, 1);
    EXPECT_NE(late.message.find("the step is done, but after 1 s"), std::string::npos)
        << late.message;
    EXPECT_EQ(run({"authority", "switch", "--wait", "soon"}).exit, 2);
}

TEST_F(Fleet, ADryStepOfTheRotationWaitsForNobody) {
    serve([](const http::Request&) { return json_answer(200, rotating(2)); });
    EXPECT_EQ(run({"authority", "retire", "--dry-run", "--wait", "20"}).exit, 0);
    EXPECT_EQ(asked(), std::vector<std::string>{"POST /authority/rotation?dry_run=true"});
}

TEST_F(Fleet, ARefusedStepIsTheControllersSentence) {
    serve([](const http::Request&) {
        return problem(409, R"({"title":"Conflict","detail":"1 of 2 agents do not know the CA",
                                "status":409,"code":"conflict"})");
    });
    const auto refused = run({"authority", "switch"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_NE(refused.message.find("1 of 2 agents do not know the CA"), std::string::npos);
}

TEST_F(Fleet, ExposureIsATableByApplicationWithItsSum) {
    serve([](const http::Request&) {
        return json_answer(200, R"({"version":7,"unknown":2,
          "items":[{"app":"Shop","workloads":8,"ports":14,"open":98,"now":49,"enforced":6},
                   {"app":"","workloads":1,"ports":0,"open":0,"now":0,"enforced":0}],
          "total":{"workloads":9,"ports":14,"open":98,"now":49,"enforced":6}})");
    });
    const auto ran = run({"exposure", "--version", "7", "--color", "never"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_EQ(ran.out, "APP     WORKLOADS  PORTS  OPEN  NOW          ENFORCED\n"
                       "Shop    8          14     98    49 (50.0 %)  6 (6.1 %)\n"
                       "(none)  1          0      0     0            0\n"
                       "all     9          14     98    49 (50.0 %)  6 (6.1 %)\n"
                       "not counted: 2 workloads whose agents have not reported\n");
    EXPECT_EQ(asked(), std::vector<std::string>{"GET /exposure?version=7"});
    EXPECT_NE(run({"exposure", "-o", "yaml"}).out.find("unknown: 2"), std::string::npos);
}

TEST_F(Fleet, SuggestShowsLabelsWithTheirEvidence) {
    serve([](const http::Request&) {
        return json_answer(200, R"({"considered":9,"hidden":3,"items":[{"workload":"x",
          "kind":"unlabelled","labels":{"loc":"UK"},"suggested":{"app":"Infra","role":"DNS"},
          "score":0.8333,"like":4,"evidence":["named listens on udp 53, as on 4 of the 4","so"]}]})");
    });
    const auto ran = run({"suggest", "--color", "never"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_NE(ran.out.find("x         unlabelled  loc=UK  role=DNS,app=Infra  0.83   named listens "
                           "on udp 53, as on 4 of the 4; so\n3 more, of lower scores\n"),
              std::string::npos)
        << ran.out;
    EXPECT_EQ(asked(), std::vector<std::string>{"GET /suggestions"});
}

TEST_F(Fleet, AWorkloadIsDescribedWithItsRules) {
    serve([](const http::Request& request) {
        if (request.target.ends_with("/rules"))
            return json_answer(200, R"({"workload":"web-1","managed":true,"mode":"full","version":7,
              "inbound":[{"rule":"r/a","action":"allow","peers":{"words":"role=App","workloads":1},
                "services":["tcp 80"],"processes":[],"peer_processes":[],
                "words":"App (1 workload) may reach tcp 80 here"}],"outbound":[],
              "otherwise":{"inbound":"All else is blocked.","outbound":"So is this."}})");
        if (request.target.find("/agents/") != std::string::npos)
            return problem(404, R"({"title":"Not found","detail":"none","status":404})");
        return json_answer(200, R"({"apiVersion":"ringwall/v1","kind":"Workload",
          "metadata":{"name":"web-1","revision":1},"spec":{"labels":{"role":"Web"}}})");
    });
    const auto ran = run({"describe", "workload", "web-1"});
    EXPECT_EQ(ran.exit, 0) << ran.message;
    EXPECT_NE(ran.out.find("Inbound   by version 7, in mode full\n"
                           "  App (1 workload) may reach tcp 80 here  (allow r/a)\n"
                           "  All else is blocked.\nOutbound\n  So is this.\n"),
              std::string::npos)
        << ran.out;
}

TEST_F(Fleet, CompletionKnowsKindsAndNames) {
    serve([](const http::Request&) { return json_answer(200, listed); });
    EXPECT_EQ(complete(std::vector<std::string>{"get", "work"}), "workload\t\n");
    EXPECT_EQ(complete(std::vector<std::string>{"get", "wl", "w"}), "web-1\t\n");
    EXPECT_EQ(complete(std::vector<std::string>{"delete", "wl/w"}), "wl/web-1\t\n");
    EXPECT_EQ(complete(std::vector<std::string>{"mode", "web-1", "fu"}), "full\t\n");
    EXPECT_EQ(complete(std::vector<std::string>{"get", "wl", "-o", "y"}), "yaml\t\n");
}

TEST_F(Fleet, ContextsAreMadeUsedAndForgotten) {
    serve([](const http::Request&) {
        return json_answer(200,
                           R"({"name":"alice","token":"t","role":"viewer","rights":["read"]})");
    });
    unsetenv("RINGWALL_SERVER");
    unsetenv("RINGWALL_CA");
    unsetenv("RINGWALL_TOKEN_FILE");
    const auto ca = scratch_.path("ca.pem"), token = scratch_.path("token");
    EXPECT_EQ(run({"context", "set", "here", "--server", controller_->url().c_str(), "--ca",
                   ca.c_str(), "--token-file", token.c_str()})
                  .exit,
              0);
    const auto me = run({"whoami"});
    EXPECT_EQ(me.exit, 0) << me.message;
    EXPECT_NE(me.out.find("alice"), std::string::npos);
    EXPECT_NE(run({"context"}).out.find("*  here"), std::string::npos);
    EXPECT_EQ(run({"context", "use", "there"}).exit, 3);
    EXPECT_EQ(run({"context", "set", "bad", "--server", "http://x"}).exit, 2);
    EXPECT_EQ(run({"context", "delete", "here"}).exit, 0);
    EXPECT_EQ(run({"whoami"}).exit, 2);
}

} // namespace
} // namespace ringwall::cli
