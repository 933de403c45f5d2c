#include "tests/unit/flows_fixture.h"

#include <gtest/gtest.h>

namespace ringwall::agent {
namespace {

using namespace testing;
using loader::EventKind;

TEST(Flow, AnInboundConnectionHasItsSourceAtThePeer) {
    World world;
    FlowTable table(16);
    const auto& flow = table.observe(connection(), world, wall);
    EXPECT_EQ(flow.source().workload, "web-uk-1");
    EXPECT_EQ(flow.destination().workload, "app-uk-1");
    EXPECT_EQ(flow.destination_address(), address("10.0.1.5"));
    EXPECT_EQ(flow.port(), 8080);
}

TEST(Flow, AnOutboundConnectionHasItsSourceHere) {
    World world;
    FlowTable table(16);
    auto event = connection();
    event.direction = loader::Direction::outbound;
    event.local_port = 40'000;
    event.peer_port = 53;
    const auto& flow = table.observe(event, world, wall);
    EXPECT_EQ(flow.source().workload, "app-uk-1");
    EXPECT_EQ(flow.destination().workload, "web-uk-1");
    EXPECT_EQ(flow.port(), 53);
}

TEST(Flow, ContextReadsAsTheSeedsPrintIt) {
    EXPECT_EQ(context(World().subject(1)), "App Server, Payments, Production, UK");
    Party extra;
    extra.labels = {{"tier", "gold"}, {"loc", "UK"}, {"role", "DNS Responder"}};
    EXPECT_EQ(context(extra), "DNS Responder, UK, tier=gold");
}

TEST(Flow, AnUnlabelledPeerIsNamedByItsListsAndAStrangerByNothing) {
    EXPECT_EQ(context(World().peer(0, address("203.0.113.9"))), "partners, office");
    EXPECT_EQ(context(World().peer(0, address("198.51.100.1"))), "");
}

TEST(Flow, TheProcessShownIsTheUnitElseTheContainerElseTheBasename) {
    EXPECT_EQ(shown({"/usr/bin/java", "/system.slice/tomcat10.service", "tomcat10.service", "c1",
                     "", false, ""}),
              "tomcat10.service");
    EXPECT_EQ(shown({"/usr/bin/java", "/machine.slice/x", "", "shop", "", false, ""}), "shop");
    EXPECT_EQ(shown({"/usr/bin/curl", "/user.slice", "", "", "", false, ""}), "curl");
    EXPECT_EQ(shown({"[kernel]", "", "", "", "", false, ""}), "[kernel]");
    EXPECT_EQ(shown({}), "");
}

TEST(Flow, AUnitIsTheInnermostService) {
    EXPECT_EQ(unit_name("/system.slice/named.service"), "named.service");
    EXPECT_EQ(unit_name("/user.slice/user@0.service/app.slice/web.service/x"), "web.service");
    EXPECT_EQ(unit_name("/user.slice/session-1.scope"), "");
    EXPECT_EQ(unit_name(""), "");
}

TEST(Flow, AConnectionFailsWhereNotBothEndsSaidGoodbye) {
    enum State {
        established = 1,
        syn_sent = 2,
        fin_wait1 = 4,
        fin_wait2 = 5,
        time_wait = 6,
        close_wait = 8,
        last_ack = 9
    };
    const auto failure = [](std::uint8_t state, std::uint8_t error, std::uint32_t retransmits = 0) {
        auto end = connection(EventKind::end);
        end.tcp_state = state;
        end.error = error;
        end.retransmits = retransmits;
        return failure_of(end);
    };
    EXPECT_EQ(failure(syn_sent, ECONNREFUSED), Failure::refused);
    EXPECT_EQ(failure(syn_sent, ETIMEDOUT, 6), Failure::timed_out);
    EXPECT_EQ(failure(syn_sent, EHOSTUNREACH), Failure::timed_out);
    EXPECT_EQ(failure(syn_sent, 0, 1), Failure::timed_out) << "the program gave up waiting";
    EXPECT_EQ(failure(syn_sent, 0), Failure::none) << "closed before anything could answer";
    EXPECT_EQ(failure(established, ECONNRESET), Failure::reset);
    EXPECT_EQ(failure(established, 0), Failure::reset) << "by this end";
    EXPECT_EQ(failure(close_wait, 0), Failure::reset);
    EXPECT_EQ(failure(established, ETIMEDOUT), Failure::timed_out);
    EXPECT_EQ(failure(fin_wait1, ECONNRESET), Failure::reset);
    EXPECT_EQ(failure(fin_wait2, 0), Failure::none);
    EXPECT_EQ(failure(time_wait, 0), Failure::none);
    EXPECT_EQ(failure(last_ack, ECONNRESET), Failure::none) << "both had said goodbye";
    EXPECT_EQ(failure_of(connection(EventKind::update)), Failure::none);
}

TEST(FlowTable, StartUpdateAndEndAreOneFlow) {
    World world;
    FlowTable table(16);
    const auto id = table.observe(connection(), world, wall).id;
    auto update = connection(EventKind::update);
    update.in_bytes = 100;
    EXPECT_EQ(table.observe(update, world, wall).id, id);
    auto end = connection(EventKind::end);
    end.time_ns = 9'000'000'000;
    end.in_bytes = 4000;
    end.srtt_us = 250;
    const auto& flow = table.observe(end, world, wall);
    EXPECT_EQ(flow.id, id);
    EXPECT_EQ(table.size(), 1u);
    EXPECT_EQ(flow.event.in_bytes, 4000u);
    EXPECT_EQ(flow.event.srtt_us, 250u);
    EXPECT_EQ(flow.began_ns, wall + 5'000'000'000);
    EXPECT_EQ(flow.wall_ns, wall + 9'000'000'000);
}

TEST(FlowTable, TheSameSocketAndPeerAfterAnEndIsAnotherFlow) {
    World world;
    FlowTable table(16);
    const auto first = table.observe(connection(), world, wall).id;
    table.observe(connection(EventKind::end), world, wall);
    auto again = connection();
    again.started_ns = 20'000'000'000;
    EXPECT_NE(table.observe(again, world, wall).id, first);
    EXPECT_EQ(table.size(), 2u);
    EXPECT_NE(table.find(first), nullptr);
}

TEST(FlowTable, ConnectionsOfDifferentSocketsAreDifferentFlows) {
    World world;
    FlowTable table(16);
    auto other = connection();
    other.started_ns = 78;
    other.peer_port = 40'001;
    const auto first = table.observe(connection(), world, wall).id;
    EXPECT_NE(table.observe(other, world, wall).id, first);
}

TEST(FlowTable, RepeatedAttemptsOfOnePeerAreOneDenyWithATotal) {
    World world;
    FlowTable table(16);
    const auto id = table.observe(refusal(50'000), world, wall).id;
    loader::Event folded; // what the kernel keeps of repetitions: peer, service and program
    folded.kind = EventKind::deny;
    folded.verdict = loader::Verdict::blocked;
    folded.direction = loader::Direction::inbound;
    folded.protocol = 6;
    folded.peer = address("10.0.0.1");
    folded.local_port = 80;
    folded.exe = 8;
    folded.subject = 1;
    folded.time_ns = 8'000'000'000;
    folded.count = 41;
    const auto& flow = table.observe(folded, world, wall);
    EXPECT_EQ(flow.id, id);
    EXPECT_EQ(flow.total, 42u);
    EXPECT_EQ(flow.event.count, 41u);
    EXPECT_EQ(flow.event.pid, 1234u);
    EXPECT_EQ(flow.event.local, address("10.0.1.5"));
    EXPECT_EQ(flow.wall_ns, wall + 8'000'000'000);
    EXPECT_EQ(flow.decision->reason, "no rule");
    EXPECT_EQ(flow.program->path, "/usr/sbin/apache2");
}

TEST(FlowTable, APacketOfTheKernelIsBlockedAfterItWouldHaveBeen) {
    World world;
    FlowTable table(16);
    auto packet = refusal(); // no process
    packet.pid = 0;
    packet.exe = 0;
    packet.verdict = loader::Verdict::would_block;
    const auto id = table.observe(packet, world, wall).id;
    packet.verdict = loader::Verdict::blocked;
    packet.time_ns += 5'000'000'000;
    const auto& flow = table.observe(packet, world, wall);
    EXPECT_EQ(flow.event.verdict, loader::Verdict::blocked);
    EXPECT_EQ(flow.id, id);
    EXPECT_EQ(flow.total, 2u);
}

TEST(FlowTable, AConnectRefusedBeforeTheSocketHadAnAddressShowsTheSubjects) {
    World world;
    FlowTable table(16);
    auto event = refusal();
    event.direction = loader::Direction::outbound;
    event.local = Address{};
    EXPECT_EQ(table.observe(event, world, wall).source_address(), address("10.0.1.5"));
}

TEST(FlowTable, TheOldestFlowMakesRoom) {
    World world;
    FlowTable table(2);
    std::vector<std::uint64_t> ids;
    for (std::uint64_t began = 1; began <= 3; ++began) {
        auto event = connection();
        event.started_ns = began;
        ids.push_back(table.observe(event, world, wall).id);
    }
    EXPECT_EQ(table.find(ids[0]), nullptr);
    std::vector<std::uint64_t> order;
    table.each([&](const Flow& flow) { order.push_back(flow.id); });
    EXPECT_EQ(order, (std::vector{ids[1], ids[2]}));
}

TEST(FlowTable, AnEndWhoseStartIsForgottenIsStillReported) {
    World world;
    FlowTable table(4);
    const auto& flow = table.observe(connection(EventKind::end), world, wall);
    EXPECT_EQ(flow.event.kind, EventKind::end);
    EXPECT_EQ(flow.began_ns, wall + 5'000'000'000);
}

TEST(FlowTable, NamesAreAskedOnceUntilThePolicyChanges) {
    World world;
    FlowTable table(16);
    for (std::uint64_t began = 1; began <= 5; ++began) {
        auto event = connection();
        event.started_ns = began;
        table.observe(event, world, wall);
    }
    EXPECT_EQ(world.decisions_asked, 1);
    table.policy_changed(4);
    auto later = connection();
    later.started_ns = 6;
    EXPECT_EQ(table.observe(later, world, wall).version, 4u);
    EXPECT_EQ(world.decisions_asked, 2);
}

TEST(FlowTable, ARevokedFlowKeepsItsIdAndShowsTheNewVerdict) {
    World world;
    FlowTable table(16);
    const auto id = table.observe(connection(), world, wall).id;
    table.policy_changed(2);
    auto revoked = connection(EventKind::deny);
    revoked.verdict = loader::Verdict::blocked;
    revoked.revoked = true;
    const auto& flow = table.observe(revoked, world, wall);
    EXPECT_EQ(flow.id, id);
    EXPECT_EQ(flow.version, 2u);
    EXPECT_EQ(flow.decision->reason, "no rule");
}

TEST(FlowTable, CountsFlowsByVerdictAndFoldedDeniesInFull) {
    World world;
    FlowTable table(16);
    table.observe(connection(), world, wall);
    table.observe(connection(EventKind::update), world, wall);
    table.observe(connection(EventKind::end), world, wall);
    auto folded = refusal();
    folded.count = 10;
    table.observe(folded, world, wall);
    const auto& flows = table.stats().flows;
    EXPECT_EQ(flows.at({loader::Verdict::allowed, loader::Direction::inbound, 6}), 1u);
    EXPECT_EQ(flows.at({loader::Verdict::blocked, loader::Direction::inbound, 6}), 10u);
    EXPECT_EQ(table.stats().ended, 1u);
}

} // namespace
} // namespace ringwall::agent
