// Hosts: pairing, sessions over restarts, addresses, commands.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/pki/digest.h"
#include "common/pki/request.h"
#include "control/pki/pairing_line.h"
#include "control/store/store.h"
#include "tests/unit/core_words.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {
namespace {

using core::Errc;

v1::HostReport report_with(const std::vector<std::string>& addresses, std::int64_t taken_ns) {
    v1::HostReport out;
    out.set_hostname("web-1");
    out.set_taken_ns(taken_ns);
    auto& interface = *out.add_interfaces();
    interface.set_name("eth0");
    interface.set_up(true);
    for (const auto& text : addresses) {
        const auto address = *Address::parse(text);
        interface.add_addresses(
            std::string(address.bytes.begin() + (address.is_v4() ? 12 : 0), address.bytes.end()));
    }
    return out;
}

TEST(CoreAgents, APairedHostIsAWorkloadWithAnAgent) {
    World world;
    const auto host = world.pair("web-1", web, "10.0.0.1");
    EXPECT_TRUE(host->online());
    EXPECT_EQ(world.controller().draft().workload("web-1")->labels.at("role"), "Web");
    const auto agent = world.controller().agent("web-1");
    ASSERT_TRUE(agent);
    EXPECT_EQ(agent->presence, fleet::Presence::online);
    EXPECT_TRUE(agent->current);
    EXPECT_EQ(agent->version, "0.1.0");
    EXPECT_EQ(host->paired().endpoints, std::vector<std::string>{"controller.test:8443"})
        << "a loopback address leads nowhere from another host";
    const auto chain = pki::parse_certificates(host->paired().certificate);
    ASSERT_TRUE(chain);
    EXPECT_EQ(world.controller().admit(*chain)->id, "web-1");
}

TEST(CoreAgents, AUseIsCountedWhenAHostIsAccepted) {
    World world;
    ASSERT_TRUE(world.controller().change(
        {world.me(), {{{"pairing_profile", "two"}, boost::json::object{{"uses", 2}}, {}}}}, false));
    const auto line =
        pki::parse_line(*world.controller().pairing_line(world.me(), "two", "controller.test"));
    ASSERT_TRUE(line);
    const auto key = *pki::PrivateKey::generate(pki::KeyKind::tls);
    for (int i = 0; i < 3; ++i) {
        core::PairRequest request;
        request.redemption.token = line->token;
        request.redemption.request = *pki::make_request(key, "h");
        const auto name = "host-" + std::to_string(i);
        request.redemption.facts = {name,
                                    std::string(31, 'a') + std::to_string(i),
                                    {*Address::parse("10.0.0." + std::to_string(i + 1))}};
        const auto paired = world.controller().pair(request);
        EXPECT_EQ(paired.has_value(), i < 2);
        if (!paired) {
            EXPECT_NE(paired.error().message.find("no uses left"), std::string::npos);
        }
        if (i == 1)
            world.open(); // the count is in the store
    }
    EXPECT_EQ(world.controller().counters().refused_pairings, 1U);
}

// Of a line's token; the refusal's sentence, or nothing.
std::string pair_with(World& world, const std::string& token, const std::string& name) {
    core::PairRequest request;
    request.redemption.token = token;
    request.redemption.request =
        *pki::make_request(*pki::PrivateKey::generate(pki::KeyKind::tls), name);
    request.redemption.facts = {name,
                                fmt::format("{:032x}", std::hash<std::string>{}(name)),
                                {*Address::parse("10.9.9.9")}};
    const auto paired = world.controller().pair(request);
    return paired ? std::string() : paired.error().message;
}

std::string new_token(World& world, const char* profile) {
    return pki::parse_line(*world.controller().pairing_line(world.me(), profile, ""))->token;
}

TEST(CoreAgents, ATokenIsAnObjectOfItsOwnThatGoesWithItsProfile) {
    World world;
    const store::Change made{world.me(), {{{"pairing_profile", "p"}, boost::json::object{}, {}}}};
    ASSERT_TRUE(world.controller().change(made, false));
    const auto before = world.controller().store().object({"pairing_profile", "p"})->body;
    const auto first = new_token(world, "p"), second = new_token(world, "p");
    EXPECT_EQ(world.controller().store().object({"pairing_profile", "p"})->body, before)
        << "a profile does not grow with its lines";
    EXPECT_EQ(pair_with(world, first, "web-1"), "");
    ASSERT_TRUE(world.remove("pairing_profile", "p"));
    ASSERT_TRUE(world.controller().change(made, false));
    EXPECT_NE(pair_with(world, second, "web-2").find("does not know this pairing token"),
              std::string::npos)
        << "a new profile of an old name";
    EXPECT_EQ(pair_with(world, new_token(world, "p"), "web-2"), "");
}

TEST(CoreAgents, ATokenInTheProfileOfAnOlderStoreIsGoodStill) {
    World world;
    world.close();
    const auto token = std::string(64, 'a');
    {
        const auto store = store::open_sqlite({.path = world.scratch.path("policy.db")});
        ASSERT_TRUE(store);
        const boost::json::object old{{"uses", 2},
                                      {"tokens", boost::json::array{pki::sha256_hex(token)}}};
        ASSERT_TRUE((*store)->commit({world.me(), {{{"pairing_profile", "old"}, old, {}}}}));
    }
    world.open();
    EXPECT_EQ(pair_with(world, token, "web-1"), "");
    EXPECT_EQ(pair_with(world, token, "web-2"), "");
    EXPECT_NE(pair_with(world, token, "web-3").find("no uses left"), std::string::npos);
}

TEST(CoreAgents, AProfileIsReadStrictlyAndIsNotGivenTokens) {
    World world;
    const auto put = [&](boost::json::object body) {
        return world.controller().change(
            {world.me(), {{{"pairing_profile", "p"}, std::move(body), {}}}}, false);
    };
    const auto bad = put({{"mode", "fulll"}, {"use", 3}});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().faults.size(), 2U);
    EXPECT_FALSE(put({{"expires", "tomorrow"}}));
    EXPECT_FALSE(put({{"uses", "3"}}));
    ASSERT_TRUE(put({{"mode", "full"}}));
    ASSERT_TRUE(world.controller().pairing_line(world.me(), "p", ""));
    ASSERT_TRUE(put({{"mode", "idle"}, {"tokens", boost::json::array{"stolen"}}}));
    const auto body = world.controller().store().object({"pairing_profile", "p"})->body;
    EXPECT_EQ(body.find("stolen"), std::string::npos);
    EXPECT_EQ(world.controller().pairing_line(world.me(), "p", "elsewhere.test").error().code,
              Errc::invalid)
        << "agents could not verify that name";
    EXPECT_EQ(world.controller().pairing_line(world.me(), "q", "").error().code, Errc::not_found);
}

TEST(CoreAgents, ARestartOfTheControllerSendsNothingAgain) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    const auto rules = app_1->rules();
    const auto before = web_1->messages + app_1->messages;
    world.open();
    world.pass(2min);
    EXPECT_TRUE(app_1->online());
    EXPECT_EQ(web_1->messages + app_1->messages, before);
    EXPECT_EQ(app_1->rules(), rules);
    EXPECT_TRUE(world.controller().agent("app-1")->current);
}

TEST(CoreAgents, WhatWasOvertakenWhileAnAgentWasAwayIsNotSentToIt) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    const auto rules = app_1->rules();
    const auto before = app_1->messages;
    ASSERT_TRUE(world.apply(deny_all));
    ASSERT_TRUE(world.controller().provision({.by = world.me()}));
    app_1->cut(); // it is on its way
    ASSERT_TRUE(world.controller().rollback({.by = world.me(), .to = 1}, {}));
    world.pass(2min);
    EXPECT_TRUE(app_1->online());
    EXPECT_EQ(app_1->messages, before + 1) << "what is in force, under its new number";
    EXPECT_EQ(app_1->rules(), rules);
    EXPECT_TRUE(world.controller().agent("app-1")->current);
}

TEST(CoreAgents, IdentitiesKeepTheirNumbersForEver) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    std::map<std::uint32_t, std::string> meant;
    const auto look = [&] {
        for (const auto& identity : app_1->inventory().identities()) {
            std::string labels;
            for (const auto& [key, value] :
                 std::map(identity.labels().begin(), identity.labels().end()))
                labels += key + value + " ";
            const auto [place, added] = meant.emplace(identity.id(), labels);
            EXPECT_EQ(place->second, labels) << identity.id();
        }
    };
    look();
    for (const char* role : {"Mail", "Db", "Web", "Cache"}) {
        ASSERT_TRUE(world.apply(std::string(R"({"apiVersion":"ringwall/v1","kind":"Workload",
            "metadata":{"name":"web-1"},"spec":{"addresses":["10.0.0.1"],
            "labels":{"app":"Payments","role":")") +
                                role + R"("}}})"));
        look();
        world.open();
        world.pass(2min);
        look();
    }
}

TEST(CoreAgents, AnAgentThatWasAwayCatchesUpWithOneDelta) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    app_1->cut();
    const auto before = app_1->messages;
    const auto deltas = world.controller().agent("app-1")->stats.deltas;
    for (int i = 2; i < 12; ++i) // many changes meanwhile
        ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
            "metadata":{"name":"web-)" +
                                std::to_string(i) + R"("},"spec":{"addresses":["10.0.0.)" +
                                std::to_string(i) +
                                R"("],"labels":{"role":"Web","app":"Payments"}}})"));
    ASSERT_TRUE(world.apply(deny_all));
    world.provision();
    world.pass(2min);
    EXPECT_TRUE(app_1->rules()[0].starts_with("payments/nobody deny"));
    EXPECT_EQ(app_1->messages, before + 2) << "one for each half";
    EXPECT_GE(world.controller().agent("app-1")->stats.deltas, deltas + 1);
}

TEST(CoreAgents, AddressesFollowThePairedHostButNotWhatAPersonWrote) {
    World world;
    ASSERT_TRUE(world.apply(R"({"apiVersion":"ringwall/v1","kind":"Workload",
        "metadata":{"name":"declared"},"spec":{"addresses":["10.0.9.9"]}})"));
    world.pair("web-1", web, "10.0.0.1");
    world.pair("declared", "{}", "10.0.9.9");
    const auto now = world.me().time_ns;
    const auto texts = [&](const char* name) {
        std::vector<std::string> out;
        for (const auto& address : world.controller().draft().workload(name)->addresses)
            out.push_back(address.text());
        return out;
    };
    // Both have another address now, and some that mean nothing to others.
    for (const auto& [name, host] : world.hosts)
        host->report(report_with({"10.7.7.7", "127.0.0.1", "fe80::1", "2001:db8::7"}, now));
    world.settle();
    EXPECT_EQ(texts("web-1"), (std::vector<std::string>{"10.7.7.7", "2001:db8::7"}));
    EXPECT_EQ(texts("declared"), std::vector<std::string>{"10.0.9.9"});
    const auto audit = world.controller().store().audit({.kind = "workload", .name = "web-1"}, {});
    EXPECT_EQ(audit->items.front().actor, "agent web-1");
}

TEST(CoreAgents, AClockThatIsWrongIsToldOnce) {
    World world;
    const auto host = world.pair("web-1", web, "10.0.0.1");
    const auto now = world.me().time_ns;
    for (int i = 0; i < 3; ++i) {
        host->report(report_with({"10.0.0.1"}, now + 60'000'000'000));
        world.settle();
    }
    EXPECT_EQ(std::ranges::count(world.notices, "clock_skew", &core::Notice::kind), 1);
    EXPECT_EQ(world.controller().agent("web-1")->skew_ns, 60'000'000'000);
}

TEST(CoreAgents, ASilentHostStaysInItsPeersPolicy) {
    World world;
    const auto web_1 = world.pair("web-1", web, "10.0.0.1");
    const auto app_1 = world.pair("app-1", app, "10.0.1.1");
    ASSERT_TRUE(world.apply(payments));
    world.provision();
    const auto rules = app_1->rules();
    web_1->stop();
    world.pass(24h);
    EXPECT_EQ(world.controller().agent("web-1")->presence, fleet::Presence::silent);
    EXPECT_EQ(app_1->rules(), rules);
    EXPECT_EQ(std::ranges::count(world.notices, "agent_silent", &core::Notice::kind), 1);
    web_1->start();
    world.settle();
    EXPECT_EQ(world.controller().agent("web-1")->presence, fleet::Presence::online);
}

TEST(CoreAgents, ACommandIsAnsweredOnceAndAudited) {
    World world;
    world.pair("web-1", web, "10.0.0.1");
    int answers = 0;
    v1::Command pause;
    pause.mutable_pause()->set_seconds(60);
    ASSERT_TRUE(world.controller().command(
        world.me(), "web-1", pause,
        [&](const v1::CommandResult& result) { answers += result.ok() ? 1 : 100; }));
    world.settle();
    EXPECT_EQ(answers, 1);
    const auto audit = world.controller().store().audit({.kind = "command"}, {});
    EXPECT_EQ(audit->items.size(), 1U);
    world.hosts["web-1"]->stop();
    EXPECT_EQ(
        world.controller().command(world.me(), "web-1", pause, [](const auto&) {}).error().code,
        Errc::busy);
    EXPECT_EQ(
        world.controller().command(world.me(), "nobody", pause, [](const auto&) {}).error().code,
        Errc::not_found);
}

TEST(CoreAgents, ARenewedCertificateIsAdmittedAndARevokedAgentIsNot) {
    World world;
    world.pair("web-1", web, "10.0.0.1");
    const auto key = *pki::PrivateKey::generate(pki::KeyKind::tls);
    const auto request = *pki::make_request(key, "web-1");
    const auto renewed = world.controller().renew("web-1", request, "192.0.2.1");
    ASSERT_TRUE(renewed) << renewed.error().message;
    const auto chain = *pki::parse_certificates(renewed->certificate);
    EXPECT_TRUE(world.controller().admit(chain));
    ASSERT_TRUE(world.controller().revoke(world.me(), "web-1", "stolen"));
    world.settle();
    EXPECT_FALSE(world.controller().admit(chain));
    EXPECT_EQ(world.controller().renew("web-1", request, "192.0.2.1").error().code,
              Errc::forbidden);
    world.open();
    EXPECT_FALSE(world.controller().admit(chain)) << "also after a restart";
    EXPECT_EQ(world.controller().agent("web-1")->revoked, "stolen");
}

} // namespace
} // namespace ringwall::core_test
