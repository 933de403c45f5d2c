// How much can be reached: a small example by hand, and random policies against every pair asked
// by itself of what the agents of both ends would be sent.
#include "control/history/exposure.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/address_bytes.h"
#include "control/compute/compute.h"
#include "control/history/side.h"
#include "control/model/select.h"
#include "tests/oracle/generate.h"
#include "tests/unit/policy_text.h"

namespace ringwall::history {
namespace {

using test::policy;

constexpr auto shop = R"(
apiVersion: ringwall/v1
kind: Workload
metadata: {name: web-1}
spec: {labels: {role: Web, app: Shop}, addresses: [10.0.0.1], mode: full}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: web-2}
spec: {labels: {role: Web, app: Shop}, addresses: [10.0.0.2]}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: app-1}
spec: {labels: {role: App, app: Shop}, addresses: [10.0.0.3], mode: full}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: printer}
spec: {labels: {role: Printer}, addresses: [10.0.0.4], managed: false}
---
apiVersion: ringwall/v1
kind: Workload
metadata: {name: new}
spec: {addresses: [10.0.0.5]}
---
apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: shop}
spec:
  scopes: [{app: Shop}]
  rules:
  - {name: web-to-app, action: allow, from: [{role: Web}], to: [{role: App}],
     services: [{proto: tcp, ports: [8080], process: {path: /usr/bin/java}}]}
  - {name: old, action: allow, from: [{role: Web}], to: [{role: App}],
     services: [{proto: tcp, ports: [22]}], expires: 2020-01-01T00:00:00Z}
)";

Listening tcp(std::uint16_t port, const std::string& path) {
    return {
        6,
        port,
        {.path = path, .unit = "-", .container = "-", .user = "app", .group = {}, .sha256 = {}}};
}

std::string words(const Exposed& one) {
    return fmt::format("{}: {} workloads, {} ports, {} {} {}", one.app, one.workloads, one.ports,
                       one.open, one.now, one.enforced);
}

Exposure exposed(const ExposureQuestion& question) {
    auto out = exposure(question);
    if (!out)
        throw std::runtime_error(out.error());
    return std::move(*out);
}

TEST(Exposure, CountsWhoReachesWhatListens) {
    const ExposureQuestion question{
        .policy = policy(shop),
        .heard = {{"app-1", {tcp(8080, "/usr/bin/java"), tcp(22, "/usr/sbin/sshd")}},
                  {"web-1", {tcp(8080, "/usr/sbin/nginx")}},
                  {"web-2", {tcp(80, "/usr/sbin/nginx")}}},
        .now_ns = 1'795'760'610'000'000'000,
        .counts = {}};
    const auto found = exposed(question);
    // app-1 is in full: the web servers reach java on 8080, nobody reaches 22, whose rule is over.
    // web-1 is in full and lets nobody in. web-2 lets everybody in, but web-1 and app-1 do not go
    // there; enforced, nobody is allowed to.
    ASSERT_EQ(found.apps.size(), 1U);
    EXPECT_EQ(words(found.apps[0]), "Shop: 3 workloads, 4 ports, 16 4 2");
    EXPECT_EQ(words(found.total), ": 3 workloads, 4 ports, 16 4 2");
    EXPECT_EQ(found.unknown, 1U); // the new one has an agent that has not spoken
}

TEST(Exposure, AnotherProcessOnTheSamePortIsNotReached) {
    ExposureQuestion question{.policy = policy(shop),
                              .heard = {{"app-1", {tcp(8080, "/usr/bin/python3")}}},
                              .counts = {}};
    EXPECT_EQ(exposed(question).total.now, 0U);
    question.heard["app-1"] = {{6, 8080, {}}}; // nobody knows which it is
    EXPECT_EQ(exposed(question).total.now, 2U);
}

TEST(Exposure, OnlyTheListenersOfSomeAreCounted) {
    const ExposureQuestion question{
        .policy = policy(shop),
        .heard = {{"web-2", {tcp(80, "/usr/sbin/nginx")}}},
        .counts = [](const model::Labels& labels) { return labels.empty(); }};
    const auto found = exposed(question);
    EXPECT_TRUE(found.apps.empty());
    EXPECT_EQ(found.unknown, 1U);
}

// ---- listening.h

TEST(Heard, LoopbackIsNotReachedAndPartsOfAHostAreTheirOwn) {
    auto all = policy(shop);
    model::Workload inner;
    inner.name = "job";
    inner.cgroup = "/job.slice";
    inner.host = "app-1";
    all.workloads.push_back(inner);
    auto report = std::make_shared<v1::HostReport>();
    const auto add = [&](std::uint32_t port, const char* address, const char* subject) {
        auto& listener = *report->add_listeners();
        listener.set_protocol(6);
        listener.set_port(port);
        listener.set_address(address_bytes(*Address::parse(address)));
        listener.set_subject(subject);
        listener.mutable_process()->set_path("/bin/x");
    };
    add(1, "0.0.0.0", "app-1");
    add(2, "127.0.0.1", "app-1");
    add(3, "::1", "app-1");
    add(4, "::", "job");
    add(5, "10.0.0.3", "gone");
    const auto found = heard(all.workloads, {{"app-1", report}, {"web-1", nullptr}});
    const auto ports = [&](const char* name) {
        std::vector<std::uint16_t> out;
        for (const auto& each : found.at(name))
            out.push_back(each.port);
        return out;
    };
    EXPECT_EQ(ports("app-1"), (std::vector<std::uint16_t>{1, 5}));
    EXPECT_EQ(ports("job"), std::vector<std::uint16_t>{4});
    EXPECT_EQ(found.size(), 2U);
}

// ---- Every pair by itself

using agent::ProcessFacts;

// Each way to know what is not known of a process that any rule of the policy could ask for.
std::vector<ProcessFacts> possible(const model::Policy& all, const ProcessFacts& known) {
    std::vector<model::ProcessSelector> wanted(1);
    for (const auto& set : all.rule_sets)
        for (auto& selector : model::process_selectors(set, all))
            wanted.push_back(std::move(selector));
    std::vector<ProcessFacts> out;
    for (const auto& each : wanted) {
        auto& facts = out.emplace_back(known);
        const auto take = [](std::string& fact, const std::string& value) {
            if (fact.empty())
                fact = value.empty() ? "nothing" : value;
        };
        take(facts.path, each.path.empty() && !each.name.empty() ? "/bin/" + each.name : each.path);
        take(facts.unit, each.unit);
        take(facts.container, each.container);
        take(facts.user, each.user);
        take(facts.group, each.group);
        take(facts.sha256, each.sha256);
    }
    return out;
}

class Twin {
  public:
    // Whoever has no address is given one that is in no list.
    explicit Twin(model::Policy all) : all_(std::move(all)) {
        std::uint8_t next = 1;
        for (auto& workload : all_.workloads)
            if (workload.cgroup.empty() && workload.addresses.empty()) {
                Address made;
                made.bytes[0] = 1;
                made.bytes[15] = next++;
                workload.addresses = {made};
            }
    }

    bool reaches(const model::Workload& source, const model::Workload& destination,
                 const Listening& listening, bool enforced) {
        return lets(source, destination, false, listening, {}, enforced) &&
               lets(destination, source, true, listening, listening.process, enforced);
    }
    const model::Policy& all() const { return all_; }

  private:
    Address seen(const model::Workload& workload) const {
        const bool own = workload.realm == model::Realm::routable && !workload.addresses.empty();
        return (own ? workload : *all_.workload(workload.host)).addresses.front();
    }
    const v1::Snapshot& snapshot(const model::Workload& workload) {
        const auto& host = workload.cgroup.empty() ? workload.name : workload.host;
        const auto [known, fresh] = snapshots_.try_emplace(host);
        if (fresh)
            known->second = *compute::snapshot(all_, host, 1);
        return known->second;
    }
    bool lets(const model::Workload& here, const model::Workload& there, bool inbound,
              const Listening& listening, const ProcessFacts& process, bool enforced) {
        if (!here.managed)
            return true;
        const auto& known = snapshot(here);
        auto subject = *agent::subject_of(known, here.name);
        if (enforced)
            subject.set_mode(v1::FULL);
        return std::ranges::any_of(possible(all_, process), [&](const ProcessFacts& facts) {
            return agent::judge(known, subject, inbound,
                                {.peer = seen(there),
                                 .protocol = listening.protocol,
                                 .port = listening.port},
                                facts)
                       .verdict != "blocked";
        });
    }

    model::Policy all_;
    std::map<std::string, v1::Snapshot> snapshots_;
};

Exposed by_pairs(const ExposureQuestion& question) {
    Twin twin(question.policy);
    Exposed out;
    for (const auto& destination : twin.all().workloads) {
        if (!destination.managed || !question.heard.contains(destination.name))
            continue;
        ++out.workloads;
        for (const auto& listening : question.heard.at(destination.name)) {
            ++out.ports;
            for (const auto& source : twin.all().workloads) {
                if (source.name == destination.name)
                    continue;
                ++out.open;
                out.now += twin.reaches(source, destination, listening, false);
                out.enforced += twin.reaches(source, destination, listening, true);
            }
        }
    }
    return out;
}

Heard random_listeners(oracle::Dice& dice, const model::Policy& all) {
    Heard out;
    for (const auto& workload : all.workloads) {
        auto& listening = out[workload.name];
        std::set<std::pair<std::uint8_t, std::uint16_t>> ports;
        for (auto i = dice.below(3); i > 0; --i) {
            const auto flow =
                oracle::random_flow(dice, all, oracle::imaginary_programs(), workload);
            const bool has_ports = flow.protocol == 6 || flow.protocol == 17;
            if (!has_ports || flow.port == 0 || !ports.emplace(flow.protocol, flow.port).second)
                continue;
            listening.push_back({flow.protocol,
                                 flow.port,
                                 {.path = flow.process.path.value_or(""),
                                  .unit = flow.process.unit.value_or(""),
                                  .container = flow.process.container.value_or(""),
                                  .user = {},
                                  .group = {},
                                  .sha256 = flow.process.sha256.value_or("")}});
        }
    }
    return out;
}

class ExposureProperty : public testing::TestWithParam<unsigned> {};

TEST_P(ExposureProperty, IsWhatEveryPairSaysByItself) {
    oracle::Dice dice(GetParam());
    for (int i = 0; i < 10; ++i) {
        ExposureQuestion question{
            .policy = oracle::random_policy(dice, oracle::imaginary_programs()), .counts = {}};
        question.heard = random_listeners(dice, question.policy);
        EXPECT_EQ(words(exposed(question).total), words(by_pairs(question))) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExposureProperty, testing::Range(1U, 9U));

} // namespace
} // namespace ringwall::history
