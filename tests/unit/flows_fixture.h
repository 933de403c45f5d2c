// A small world for flow tests: app-uk-1 is this host, web-uk-1 its friend.
#pragma once

#include "agent/flows.h"

namespace ringwall::agent::testing {

inline Address address(const char* text) {
    return Address::parse(text).value();
}

class World : public Names {
  public:
    Party subject(std::uint32_t) const override {
        Party party;
        party.workload = "app-uk-1";
        party.labels = {
            {"role", "App Server"}, {"app", "Payments"}, {"env", "Production"}, {"loc", "UK"}};
        party.addresses = {address("2001:db8::5"), address("10.0.1.5")};
        return party;
    }
    Party peer(std::uint32_t, const Address& who) const override {
        if (who == address("10.0.0.1"))
            return {
                "web-uk-1",
                {{"role", "Web Server"}, {"app", "Payments"}, {"env", "Production"}, {"loc", "UK"}},
                {"internal"},
                {}};
        if (who == address("203.0.113.9"))
            return {"", {}, {"partners", "office"}, {}};
        return {};
    }
    Decision decision(const loader::Event& event) const override {
        ++decisions_asked;
        if (event.verdict == loader::Verdict::allowed)
            return {"allow", {"payments/web-to-app"}, {}};
        return {"no rule", {}, {}};
    }
    Program program(const loader::Event& event) const override {
        if (event.exe == 7)
            return {"/usr/lib/jvm/java-17/bin/java",
                    "/system.slice/tomcat10.service",
                    "tomcat10.service",
                    "",
                    "",
                    false,
                    {}};
        if (event.exe == 8)
            return {"/usr/sbin/apache2", "/user.slice", "", "", "", true, {}};
        return {};
    }
    std::string user(std::uint32_t uid) const override { return uid == 101 ? "tomcat" : "root"; }

    mutable int decisions_asked = 0;
};

constexpr std::int64_t wall = 1'700'000'000'000'000'000; // added to the monotonic clock

// web-uk-1 opens a connection to port 8080 of this host, served by Tomcat.
inline loader::Event connection(loader::EventKind kind = loader::EventKind::start) {
    loader::Event event;
    event.kind = kind;
    event.verdict = loader::Verdict::allowed;
    event.direction = loader::Direction::inbound;
    event.protocol = 6;
    event.time_ns = 5'000'000'000;
    event.started_ns = 5'000'000'000;
    event.cookie = 77;
    event.local = address("10.0.1.5");
    event.peer = address("10.0.0.1");
    event.local_port = 8080;
    event.peer_port = 40'000;
    event.exe = 7;
    event.pid = 1234;
    event.uid = 101;
    event.subject = 1;
    event.peer_id = 3;
    event.rule_set = 2;
    event.entry = 9;
    return event;
}

// A blocked attempt from the same peer to port 80, as Apache.
inline loader::Event refusal(std::uint16_t peer_port = 50'000) {
    auto event = connection(loader::EventKind::deny);
    event.verdict = loader::Verdict::blocked;
    event.cookie = peer_port;
    event.local_port = 80;
    event.peer_port = peer_port;
    event.exe = 8;
    return event;
}

} // namespace ringwall::agent::testing
