// What the rules say of one workload, in words; and that the rows are the rules that its agent
// programs.
#include "control/compute/reach.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fmt/format.h>

#include "control/compute/identities.h"
#include "control/compute/program.h"
#include "tests/unit/policy_text.h"

namespace ringwall::compute {
namespace {

using test::policy;

constexpr auto story = R"(
apiVersion: ringwall/v1
kind: Workload
metadata: {name: web-1}
spec: {labels: {role: Web, app: Shop, env: Production}, addresses: [10.0.0.1]}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: web-2}
spec: {labels: {role: Web, app: Shop, env: Production}, addresses: [10.0.0.2], managed: false}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: app-1}
spec: {labels: {role: App, app: Shop, env: Production}, addresses: [10.0.0.3], mode: full}
---
apiVersion: ringwall/v1
kind: AddressList
metadata: {name: office}
spec: {cidrs: [192.0.2.0/24]}
---
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: shop}
spec:
  scopes: [{app: Shop, env: Production}]
  rules:
  - {name: web-to-app, action: allow, from: [{role: Web}], to: [{role: App}],
     services: [{proto: tcp, ports: [8080, 9000-9010], process: {path: /usr/bin/java}}, {proto: icmp}]}
  - {name: admin, action: allow, scope: extra, from: [{list: office}], to: [{all: true}],
     services: [{proto: tcp, ports: [22]}], expires: 2030-01-02T03:04:05Z}
  - {name: never, action: override-deny, from: [{role: Web}], to: [{role: App}], services: [{proto: udp}]}
  - {name: curl, action: allow, from: [{role: App, process: {unit: job.service}}], to: [{role: [Web, Cache]}],
     services: [{proto: tcp, ports: [80]}]}
)";

std::vector<std::string> words(const std::vector<ReachRow>& rows) {
    std::vector<std::string> out;
    for (const auto& row : rows)
        out.push_back(row.words);
    return out;
}
using Words = std::vector<std::string>;

TEST(Reach, SaysWhoMayReachAWorkloadAndWhomItMayReach) {
    const auto shop = policy(story);
    const auto app = reach(shop, *shop.workload("app-1"));
    EXPECT_EQ(words(app.inbound),
              (Words{"Web of Shop, Production (2 workloads) may never reach udp (all ports) here",
                     "list office may reach tcp 22 here until 2030-01-02T03:04:05.000Z",
                     "Web of Shop, Production (2 workloads) may reach icmp here",
                     "Web of Shop, Production (2 workloads) may reach tcp 8080, tcp 9000-9010 of "
                     "/usr/bin/java here"}));
    EXPECT_EQ(words(app.outbound),
              (Words{"it as job.service may reach tcp 80 at Cache or Web of Shop, Production (2 "
                     "workloads)"}));
    const auto& row = app.inbound.back();
    EXPECT_EQ(row.rule, "shop/web-to-app");
    EXPECT_EQ(row.peers, "role=Web, app=Shop, env=Production");
    EXPECT_EQ(row.process, "/usr/bin/java");
    EXPECT_EQ(row.peer_process, "");
    EXPECT_EQ(row.services, (Words{"tcp 8080", "tcp 9000-9010"}));
    EXPECT_EQ(otherwise(*shop.workload("app-1"), true),
              "Everything else that comes in is blocked.");
}

// The process at the other end is told, and is asked only of those that have an agent.
TEST(Reach, TellsTheProcessOfTheOtherEnd) {
    const auto shop = policy(story);
    const auto web = reach(shop, *shop.workload("web-1"));
    EXPECT_EQ(words(web.inbound),
              (Words{"list office may reach tcp 22 here until 2030-01-02T03:04:05.000Z",
                     "App of Shop, Production (1 workload) as job.service may reach tcp 80 here"}));
    EXPECT_EQ(words(web.outbound),
              (Words{"it may never reach udp (all ports) at App of Shop, Production (1 workload)",
                     "it may reach icmp at App of Shop, Production (1 workload)",
                     "it may reach tcp 8080, tcp 9000-9010 of /usr/bin/java at App of Shop, "
                     "Production (1 workload)"}));
    EXPECT_EQ(web.outbound.back().peer_process, "/usr/bin/java");
    EXPECT_EQ(otherwise(*shop.workload("web-1"), false),
              "Everything else that goes out passes and is reported as would-block, and so is what "
              "a row denies.");
}

// Services of the rows by rule, action and direction, each with the process of this end.
using Said = std::map<std::tuple<std::string, bool>, std::set<std::string>>;

std::string process_words(const v1::Process& process) {
    return process.path() + process.unit();
}

Said programmed(const model::Policy& all, const model::Workload& subject) {
    const Identities identities(all);
    Said out;
    for (const auto& set : all.rule_sets)
        for (const auto& rule : set.rules) {
            v1::Subject compiled;
            program(all, identities, set, rule, subject, compiled);
            for (const auto& each : compiled.rules())
                for (const auto& service : each.services())
                    for (const auto& range : service.ports())
                        out[{each.id(), each.direction() == v1::INBOUND}].insert(
                            "tcp " + std::to_string(range.first()) + " " +
                            process_words(service.process()));
        }
    return out;
}

Said told(const Reach& reach) {
    Said out;
    for (const auto* rows : {&reach.inbound, &reach.outbound})
        for (const auto& row : *rows)
            for (const auto& service : row.services)
                out[{row.rule, row.inbound}].insert(service + " " + row.process);
    return out;
}

std::string random_process() {
    return *rc::gen::element<std::string>("", "path: /bin/a", "path: /bin/b", "unit: c.service");
}

std::string random_selector(bool source) {
    const auto role = *rc::gen::element<std::string>("a", "b", "c");
    const auto process = source ? random_process() : "";
    return "{role: " + role + (process.empty() ? "" : ", process: {" + process + "}") + "}";
}

std::string list(int most, const auto& each) {
    std::string out = "[";
    for (int i = *rc::gen::inRange(1, most + 1); i > 0; --i)
        out += each() + (i > 1 ? ", " : "]");
    return out;
}

RC_GTEST_PROP(ReachProperty, RowsAreWhatTheAgentPrograms, ()) {
    std::string text;
    for (const char* name : {"a1", "a2", "b1", "c1"})
        text += fmt::format("---\napiVersion: ringwall/v1\nkind: Workload\nmetadata: {{name: {}}}\n"
                            "spec: {{labels: {{role: {}}}, addresses: [10.0.0.{}]}}\n",
                            name, name[0], text.size() / 100 + 1);
    text += "---\napiVersion: ringwall/v1\nkind: RuleSet\nmetadata: {name: r}\nspec:\n  rules:\n";
    for (int i = 0; i < 4; ++i)
        text += fmt::format("  - {{name: r{}, action: {}, from: {}, to: {}, services: {}}}\n", i,
                            *rc::gen::element<std::string>("allow", "deny", "override-deny"),
                            list(3, [] { return random_selector(true); }),
                            list(2, [] { return random_selector(false); }), list(3, [] {
                                const auto process = random_process();
                                return fmt::format(
                                    "{{proto: tcp, ports: [{}]{}}}", *rc::gen::inRange(1, 5),
                                    process.empty() ? "" : ", process: {" + process + "}");
                            }));
    const auto all = policy(text);
    for (const auto& workload : all.workloads)
        RC_ASSERT(told(reach(all, workload)) == programmed(all, workload));
}

} // namespace
} // namespace ringwall::compute
