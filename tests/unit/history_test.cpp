// Policies held against recorded edges: the seeds' example, by labels alone.
#include "control/history/findings.h"
#include "control/history/proposal.h"

#include "tests/unit/flow_map_fixture.h"
#include "tests/unit/policy_text.h"

namespace ringwall::history {
namespace {

using test::policy;

using flowmap::testing::noon;
using flowmap::testing::row;

constexpr auto policy_text = R"(
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: payments}
spec:
  scopes: [{app: Payments, env: Production, loc: UK}]
  rules:
  - {name: web-to-app, action: allow, scope: intra, from: [{role: Web Server}], to: [{role: App Server}],
     services: [{proto: tcp, ports: [8080], process: {unit: tomcat10.service}}]}
---
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: dns}
spec:
  scopes: [{app: DNS Infrastructure, env: Production, loc: UK}]
  rules:
  - {name: payments-to-dns, action: allow, scope: extra,
     from: [{role: [Web Server, App Server], app: Payments, env: Production, loc: UK}],
     to: [{role: DNS Responder}], services: [{proto: udp, ports: [53], process: {path: /usr/sbin/named}}]}
)";

std::string labels(const std::string& role, const std::string& app = "Payments",
                   const std::string& loc = "UK", const std::string& env = "Production") {
    return fmt::format(R"({{"app":"{}","env":"{}","loc":"{}","role":"{}"}})", app, env, loc, role);
}

// The seeds' five connections, both ends told.
class Story {
  public:
    void connection(const std::string& from, const std::string& to, std::uint8_t protocol,
                    std::uint32_t port, const std::string& path, const std::string& unit,
                    std::uint64_t count = 5) {
        for (const bool by_source : {true, false}) {
            auto told = row({.by_source = by_source,
                             .process = by_source ? "/usr/bin/client" : path,
                             .source = fmt::format("10.0.0.{}", next_),
                             .source_labels = from,
                             .destination_labels = to,
                             .verdict = v1::WOULD_BLOCK,
                             .count = count,
                             .port = port});
            told.summary.set_protocol(protocol);
            if (!by_source)
                told.summary.mutable_process()->set_unit(unit);
            minute_.take(told, catalog_);
        }
        ++next_;
    }
    void five() {
        connection(labels("Web Server"), dns, 17, 53, "/usr/sbin/named",
                   "/system.slice/named.service");
        connection(labels("App Server"), dns, 17, 53, "/usr/sbin/named",
                   "/system.slice/named.service");
        connection(labels("Web Server"), labels("App Server"), 6, 8080, "/usr/bin/java",
                   "/system.slice/tomcat10.service");
        wrong();
    }
    void wrong() {
        for (const char* role : {"Web Server", "DB Server"})
            connection(labels(role, "Payments", "Germany"), labels("App Server"), 6, 80,
                       "/usr/sbin/apache2", "/system.slice/apache2.service");
    }

    Comparison comparison(const model::Policy& active, const model::Policy& draft = {}) {
        Comparison out;
        out.active = active;
        out.draft = draft;
        const auto totals = minute_.fold(nullptr, nullptr, catalog_);
        std::vector<flowmap::EdgeNumbers> edges(totals.begin(), totals.end());
        std::ranges::sort(edges, {}, &flowmap::EdgeNumbers::first);
        out.take(catalog_, edges);
        return out;
    }
    void add(const flows::Row& told) { minute_.take(told, catalog_); }

    const std::string dns = labels("DNS Responder", "DNS Infrastructure");

  private:
    flowmap::Catalog catalog_{1000};
    flowmap::Minute minute_;
    int next_ = 1;
};

Outcome run(const Comparison& comparison) {
    auto out = comparison.run();
    if (!out)
        throw std::runtime_error(out.error());
    return std::move(*out);
}

TEST(History, TheSeedsRulesAllowThreeOfFive) {
    Story story;
    story.five();
    const auto outcome = run(story.comparison({}, policy(policy_text)));
    EXPECT_EQ(outcome.newly_allowed, 15U);
    EXPECT_EQ(outcome.same, 10U);
    EXPECT_EQ(outcome.newly_blocked, 0U);
    std::set<std::string> rules;
    for (const auto& each : outcome.differences)
        rules.insert(each.draft.rule);
    EXPECT_EQ(rules, (std::set<std::string>{"dns/payments-to-dns", "payments/web-to-app"}));
}

TEST(History, AnotherProcessOnTheSamePortIsBlocked) {
    Story story;
    story.connection(labels("Web Server"), labels("App Server"), 6, 8080, "/usr/sbin/apache2",
                     "/system.slice/apache2.service");
    const auto outcome = run(story.comparison(policy(policy_text), {}));
    EXPECT_EQ(outcome.same, 5U); // blocked before, blocked after
    story.connection(labels("Web Server"), labels("App Server"), 6, 8080, "/usr/bin/java",
                     "/system.slice/tomcat10.service");
    const auto both = run(story.comparison(policy(policy_text), {}));
    ASSERT_EQ(both.differences.size(), 1U);
    EXPECT_TRUE(both.differences[0].newly_blocked());
    EXPECT_FALSE(both.differences[0].unsure());
}

TEST(History, AProcessThatNobodyKnowsIsUnsure) {
    Story story;
    story.connection(labels("Web Server"), labels("App Server"), 6, 8080, "", "");
    const auto outcome = run(story.comparison({}, policy(policy_text)));
    EXPECT_EQ(outcome.unsure, 5U);
}

TEST(History, LabelsOfARuleThatNamesAWorkloadAreUnsure) {
    const auto named = policy(std::string(policy_text) + R"(
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: web-uk-1}
spec: {labels: {role: Web Server, app: Payments, env: Production, loc: UK}, addresses: [10.0.0.1]}
---
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: one}
spec:
  rules:
  - {name: web-1, action: deny, from: [{workload: web-uk-1}], to: [{role: App Server}], services: [{proto: tcp}]}
)");
    Story story;
    story.five();
    const auto outcome = run(story.comparison({}, named));
    EXPECT_EQ(outcome.unsure, 10U); // of web servers in the UK
}

TEST(History, ADraftThatDoesNotCompileSaysSo) {
    auto broken = policy(policy_text);
    broken.rule_sets[0].rules[0].from[0].form = model::Selector::Form::workload;
    broken.rule_sets[0].rules[0].from[0].name = "gone";
    Story story;
    story.five();
    const auto outcome = story.comparison({}, broken).run();
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().find("gone"), std::string::npos) << outcome.error();
}

// ---- proposal.h

Proposal proposed(const Comparison& recorded, ProposalOptions options = {}) {
    options.now_ns = noon + 30 * flowmap::day_ns;
    auto out = propose(recorded, options);
    if (!out)
        throw std::runtime_error(out.error());
    return std::move(*out);
}

std::string in_words(const ProposedSet& set, const ProposedRule& rule) {
    return fmt::format("{}/{} {} {}{}{}", set.name, rule.name, rule.intra ? "intra" : "extra",
                       rule.unit, rule.container, rule.path);
}

std::set<std::string> in_words(const Proposal& proposal) {
    std::set<std::string> out;
    for (const auto& set : proposal.sets)
        for (const auto& rule : set.rules)
            out.insert(in_words(set, rule));
    return out;
}

TEST(Proposal, OfTheSeedsWantedConnectionsIsTheSeedsThreeRules) {
    Story story;
    story.connection(labels("Web Server"), story.dns, 17, 53, "/usr/sbin/named",
                     "/system.slice/named.service");
    story.connection(labels("App Server"), story.dns, 17, 53, "/usr/sbin/named",
                     "/system.slice/named.service");
    story.connection(labels("Web Server"), labels("App Server"), 6, 8080, "/usr/bin/java",
                     "/system.slice/tomcat10.service");
    const auto proposal = proposed(story.comparison({}));
    EXPECT_EQ(in_words(proposal),
              (std::set<std::string>{
                  "proposed-dns-infrastructure-production-uk/"
                  "payments-app-server-to-dns-responder-udp-53-named extra named.service",
                  "proposed-dns-infrastructure-production-uk/"
                  "payments-web-server-to-dns-responder-udp-53-named extra named.service",
                  "proposed-payments-production-uk/web-server-to-app-server-tcp-8080-tomcat10 "
                  "intra tomcat10.service"}));
    EXPECT_EQ(proposal.proposed, 15U);
    EXPECT_TRUE(proposal.uncovered.empty());
    const auto merged = proposed(story.comparison({}), {.merge = true});
    ASSERT_EQ(in_words(merged).size(), 2U);
    EXPECT_EQ(merged.sets[0].rules[0].from.size(), 2U);
    EXPECT_EQ(merged.sets[0].rules[0].connections, 10U);
}

TEST(Proposal, LevelsRepeatLess) {
    Story story;
    story.five();
    const auto count = [&](Level level) {
        return in_words(proposed(story.comparison({}), {.level = level})).size();
    };
    EXPECT_EQ(count(Level::process), 5U);
    EXPECT_EQ(count(Level::service), 5U);
    EXPECT_EQ(count(Level::role), 5U);
    EXPECT_EQ(count(Level::app), 3U); // to DNS, inside the UK, from Germany
}

TEST(Proposal, LeavesOutWhatIsAllowedAlreadyAndWhatADenyForbids) {
    Story story;
    story.five();
    EXPECT_EQ(proposed(story.comparison(policy(policy_text))).allowed_already, 15U);
    const auto denied = policy(R"(
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: no-germany}
spec:
  rules:
  - {name: out, action: deny, from: [{loc: Germany}], to: [{loc: UK}], services: [{proto: tcp}]}
)");
    const auto proposal = proposed(story.comparison(denied));
    EXPECT_EQ(proposal.proposed, 15U);
    ASSERT_EQ(proposal.uncovered.size(), 2U);
    EXPECT_EQ(proposal.uncovered[0].why, "the deny no-germany/out forbids it");
}

TEST(Proposal, SaysWhatToThinkAboutAndWhatIsUncovered) {
    Story story;
    story.connection(labels("Web Server", "Payments", "UK", "Test"), labels("DB Server"), 6, 5432,
                     "", "", 1);
    auto stranger = row({.by_source = false,
                         .process = "/usr/sbin/sshd",
                         .source = "198.51.100.9",
                         .source_labels = "{}",
                         .destination_labels = labels("DB Server"),
                         .port = 22});
    story.add(stranger);
    const auto proposal = proposed(story.comparison({}));
    ASSERT_EQ(proposal.sets.size(), 1U);
    EXPECT_EQ(
        proposal.sets[0].rules[0].risks,
        (std::set<std::string>{"a sensitive port: 5432 (PostgreSQL)", "from env Test to Production",
                               "seen once only", "which process serves is not known"}));
    ASSERT_EQ(proposal.uncovered.size(), 1U);
    EXPECT_NE(proposal.uncovered[0].why.find("make an address list"), std::string::npos);
}

// ---- findings.h

TEST(Findings, SayWhatIsNotUsedAndWhatIsTooWide) {
    const auto active = policy(R"(
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: wide}
spec:
  rules:
  - {name: web, action: allow, from: [{role: [Web Server, Mail Server]}], to: [{role: App Server}],
     services: [{proto: tcp}]}
  - {name: never, action: allow, from: [{role: Web Server}], to: [{role: DB Server}],
     services: [{proto: tcp, ports: [5432]}]}
  - {name: not-to-mail, action: deny, from: [{role: Web Server}], to: [{role: Mail Server}], services: [{proto: tcp}]}
)");
    Story story;
    for (const bool by_source : {true, false}) {
        auto told = row({.by_source = by_source,
                         .process = by_source ? "/usr/bin/client" : "/usr/bin/java",
                         .source_labels = labels("Web Server"),
                         .destination_labels = labels("App Server"),
                         .count = 7});
        told.summary.add_rules("wide/web");
        story.add(told);
    }
    const auto uses = rule_uses(story.comparison(active));
    ASSERT_EQ(uses.size(), 3U);
    EXPECT_EQ(uses[0].hits, 7U);
    EXPECT_EQ(uses[0].findings,
              (std::vector<std::string>{
                  "allows all ports, used was one: 8080/tcp; name these",
                  "served by java only; name it as the process",
                  "no connection came from role Mail Server; it may not need to be there"}));
    EXPECT_EQ(uses[1].findings,
              std::vector<std::string>{
                  "not used in this time; remove it if nothing rare needs it (what agents "
                  "send to their controller is not recorded)"});
    EXPECT_TRUE(uses[2].findings.empty()); // a deny that nobody meets is as it should be
}

} // namespace
} // namespace ringwall::history
