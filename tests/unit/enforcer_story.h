// One host whose policy a test tells in a few words, seen through its maps.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "agent/enforcer.h"
#include "tests/unit/random_world.h"

namespace ringwall::agent {

inline Address address(const char* text) {
    return Address::parse(text).value();
}

// Two identities (1: web, 2: db, both with agents), their addresses, one list, the host's rules.
struct Story {
    std::string mode = "FULL";
    std::string rules;
    std::string staged; // fields of Policy.staged; empty: nothing is
    std::vector<std::pair<std::string, std::string>> owners{{"10.0.0.1", "1"}, {"10.0.0.2", "2"}};
    std::string list = R"(prefixes: "10.0.0.0/8" exclude: "10.9.0.0/16")";
    std::string identities =
        R"(identities { id: 1 managed: true labels { key: "role" value: "web" } }
                                identities { id: 2 managed: true labels { key: "role" value: "db" } })";

    v1::Snapshot snapshot() const {
        std::string text = fmt::format(
            R"(format: 1 policy {{ version: 7 lists {{ name: "office" {} }}
               subjects {{ workload: "host" identity: 1 mode: {} {} }} {} }} inventory {{ {} }})",
            list, mode, rules, staged.empty() ? "" : fmt::format("staged {{ {} }}", staged),
            identities);
        v1::Snapshot out;
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &out)) << text;
        for (const auto& [owner, ids] : owners) {
            auto& row = *out.mutable_inventory()->add_addresses();
            const Address a = address(owner.c_str());
            row.set_address(reinterpret_cast<const char*>(a.bytes.data()) + 12, 4);
            for (const char id : ids)
                row.add_identities(static_cast<std::uint32_t>(id - '0'));
            row.add_workloads("owner-of-" + owner);
        }
        return out;
    }
};

inline std::string quoted(std::string text) {
    std::ranges::replace(text, '"', '\'');
    return text;
}

inline std::string rule(const char* action, const char* peers, const char* services,
                        const char* direction = "INBOUND") {
    return fmt::format(R"(rules {{ id: "set/{}-{}" action: {} direction: {} peers {{ {} }} {} }} )",
                       action, quoted(peers), action, direction, peers, services);
}

constexpr const char* tcp_80 = "services { protocol: 6 ports { first: 80 last: 80 } }";
constexpr const char* web = "identities: 1";
constexpr const char* db = "identities: 2";

class Host {
  public:
    explicit Host(NodeContext node = test::test_node()) : node_(std::move(node)) {
        enforcer_.emplace(node_);
    }

    Result<loader::Delta> plan(const Story& story) { return enforcer_->plan(story.snapshot()); }
    loader::Delta apply(const Story& story) {
        auto delta = plan(story);
        EXPECT_TRUE(delta) << (delta ? "" : delta.error().message);
        maps.apply(*delta);
        enforcer_->applied();
        if (!delta->subjects.empty())
            subject_ = delta->subjects[0].id;
        return *delta;
    }
    void restart(const Story& last_good) {
        const auto snapshot = last_good.snapshot();
        enforcer_.emplace(node_, LiveView{true, maps.highest(), maps.subjects, maps.peers},
                          &snapshot);
    }

    // As what is staged would have it.
    test::Judgement staged(const char* peer, std::uint16_t port) const {
        return maps.judge({subject_, true, address(peer), 6, port, {}, true});
    }
    test::Judgement judge(const char* peer, std::uint16_t port, const test::Process& process = {},
                          std::uint8_t protocol = 6, bool fragment = false) const {
        const auto p = fragment ? std::nullopt : std::optional(port);
        return maps.judge({subject_, true, address(peer), protocol, p, facts(process, node_)});
    }
    loader::Verdict inbound(const char* peer, std::uint16_t port,
                            const test::Process& process = {}) const {
        return judge(peer, port, process).verdict();
    }

    Enforcer& enforcer() { return *enforcer_; }
    test::KernelTwin maps;

  private:
    NodeContext node_;
    std::optional<Enforcer> enforcer_;
    std::uint32_t subject_ = 0;
};

inline NodeContext plain_node() {
    NodeContext node = test::test_node();
    node.failsafe.clear();
    return node;
}

} // namespace ringwall::agent
