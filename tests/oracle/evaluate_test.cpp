// The sentences of the specification, one by one, against the naive evaluator.
#include "tests/oracle/evaluate.h"

#include <gtest/gtest.h>

namespace ringwall::oracle {
namespace {

using namespace model;

Address ip(const char* text) {
    return *Address::parse(text);
}

Selector labels(std::map<std::string, std::set<std::string>> wanted) {
    Selector out;
    out.labels.labels = std::move(wanted);
    return out;
}

Selector role(const char* value) {
    return labels({{"role", {value}}});
}

Selector form(Selector::Form form, const char* name = "") {
    Selector out;
    out.form = form;
    out.name = name;
    return out;
}

ServiceUse tcp(std::uint16_t port) {
    ServiceUse out;
    out.port.protocol = 6;
    out.port.ports = {{port, port}};
    return out;
}

ServiceUse with_unit(ServiceUse use, const char* unit) {
    use.process = ProcessSelector{};
    use.process->unit = unit;
    return use;
}

ServiceUse everything() {
    return {};
}

class Evaluate : public ::testing::Test {
  protected:
    Workload& workload(const char* name, Labels own, const char* address) {
        Workload w;
        w.name = name;
        w.labels = std::move(own);
        w.mode = Mode::full;
        if (*address)
            w.addresses = {ip(address)};
        policy.workloads.push_back(w);
        return policy.workloads.back();
    }

    Rule& rule(Action action, Selector from, Selector to, ServiceUse service,
               RuleScope scope = RuleScope::intra) {
        if (policy.rule_sets.empty())
            policy.rule_sets.push_back({.name = "set"});
        auto& rules = policy.rule_sets.back().rules;
        Rule r;
        r.name = "r" + std::to_string(rules.size() + 1);
        r.action = action;
        r.scope = scope;
        r.from = {std::move(from)};
        r.to = {std::move(to)};
        r.services = {std::move(service)};
        rules.push_back(r);
        return rules.back();
    }

    Decision at(const char* subject, Direction direction, const char* peer, std::uint16_t port,
                Process process = {}) {
        Flow flow;
        flow.subject = subject;
        flow.direction = direction;
        flow.peer = ip(peer);
        flow.port = port;
        flow.process = std::move(process);
        return evaluate(policy, node, flow);
    }

    Verdict out(const char* subject, const char* peer, std::uint16_t port, Process process = {}) {
        return at(subject, Direction::outbound, peer, port, std::move(process)).verdict;
    }

    Verdict in(const char* subject, const char* peer, std::uint16_t port, Process process = {}) {
        return at(subject, Direction::inbound, peer, port, std::move(process)).verdict;
    }

    Policy policy;
    Node node;
};

Process unit(const char* name) {
    Process out;
    out.path = "/usr/bin/x";
    out.unit = std::string("/system.slice/") + name;
    return out;
}

TEST_F(Evaluate, a_mode_answers_as_its_row_of_the_table_says) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    rule(Action::allow, form(Selector::Form::any), role("web"), tcp(80));
    rule(Action::deny, form(Selector::Form::any), role("web"), tcp(81));
    rule(Action::override_deny, form(Selector::Form::any), role("web"), tcp(82));
    const auto row = [&](Mode mode) {
        policy.workloads[0].mode = mode;
        std::string text;
        for (const std::uint16_t port : {80, 83, 81, 82})
            text += std::string(name(in("web", "9.9.9.9", port))) + " ";
        return text;
    };
    EXPECT_EQ(row(Mode::idle), "idle idle idle idle ");
    EXPECT_EQ(row(Mode::visibility), "allowed would-block would-block would-block ");
    EXPECT_EQ(row(Mode::selective), "allowed unmatched blocked blocked ");
    EXPECT_EQ(row(Mode::full), "allowed blocked blocked blocked ");
}

TEST_F(Evaluate, override_deny_beats_allow_and_allow_beats_deny_wherever_they_stand) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    rule(Action::deny, form(Selector::Form::any), role("web"), everything());
    rule(Action::allow, form(Selector::Form::any), role("web"), tcp(80));
    rule(Action::allow, form(Selector::Form::any), role("web"), tcp(22));
    rule(Action::override_deny, form(Selector::Form::any), role("web"), tcp(22));
    EXPECT_EQ(in("web", "9.9.9.9", 80), Verdict::allowed);
    EXPECT_EQ(in("web", "9.9.9.9", 22), Verdict::blocked);
    EXPECT_EQ(at("web", Direction::inbound, "9.9.9.9", 22).rule, "set/r4");
}

TEST_F(Evaluate, the_deciding_rule_is_the_lowest_id_of_the_deciding_action) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    rule(Action::deny, form(Selector::Form::any), role("web"), tcp(80));
    rule(Action::allow, form(Selector::Form::any), role("web"), tcp(80)).name = "z";
    rule(Action::allow, form(Selector::Form::any), role("web"), tcp(80)).name = "b";
    EXPECT_EQ(at("web", Direction::inbound, "9.9.9.9", 80).rule, "set/b");
}

TEST_F(Evaluate, keys_and_values_or_groups_nest_and_not_matches_a_missing_key) {
    workload("db", {{"role", "db"}}, "10.0.0.9");
    workload("web-uk", {{"role", "web"}, {"loc", "UK"}}, "10.0.0.1");
    workload("app-de", {{"role", "app"}, {"loc", "DE"}}, "10.0.0.2");
    workload("bare", {}, "10.0.0.3");
    Selector several = labels({{"role", {"web", "app"}}, {"loc", {"UK"}}});
    rule(Action::allow, several, role("db"), tcp(1));
    Selector no_web = labels({});
    no_web.labels.none_of.push_back(role("web").labels);
    rule(Action::allow, no_web, role("db"), tcp(2));
    policy.groups = {{.name = "inner", .members = {role("app").labels}},
                     {.name = "outer", .members = {role("web").labels, {}}}};
    policy.groups[1].members[1].groups = {"inner"};
    Selector grouped;
    grouped.labels.groups = {"outer"};
    rule(Action::allow, grouped, role("db"), tcp(3));
    const auto row = [&](std::uint16_t port) {
        std::string text;
        for (const char* peer : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
            text += in("db", peer, port) == Verdict::allowed ? '+' : '-';
        return text;
    };
    EXPECT_EQ(row(1), "+--");
    EXPECT_EQ(row(2), "-++");
    EXPECT_EQ(row(3), "++-");
}

TEST_F(Evaluate, an_intra_rule_stays_in_one_scope_and_an_extra_rule_narrows_the_destination_only) {
    workload("web-pay", {{"role", "web"}, {"app", "pay"}}, "10.0.0.1");
    workload("web-hr", {{"role", "web"}, {"app", "hr"}}, "10.0.0.2");
    workload("db-pay", {{"role", "db"}, {"app", "pay"}}, "10.0.0.3");
    workload("db-crm", {{"role", "db"}, {"app", "crm"}}, "10.0.0.4");
    policy.rule_sets.push_back({.name = "set", .scopes = {{{"app", "pay"}}, {{"app", "hr"}}}});
    rule(Action::allow, role("web"), role("db"), tcp(1));
    rule(Action::allow, role("web"), role("db"), tcp(2), RuleScope::extra);
    EXPECT_EQ(in("db-pay", "10.0.0.1", 1), Verdict::allowed);
    EXPECT_EQ(in("db-pay", "10.0.0.2", 1), Verdict::blocked); // the other scope's web
    EXPECT_EQ(out("web-hr", "10.0.0.3", 1), Verdict::blocked);
    EXPECT_EQ(in("db-pay", "10.0.0.2", 2), Verdict::allowed);
    EXPECT_EQ(out("web-hr", "10.0.0.3", 2), Verdict::allowed);
    EXPECT_EQ(in("db-crm", "10.0.0.1", 2), Verdict::blocked);
}

TEST_F(Evaluate, lists_any_and_names_are_not_narrowed_and_all_has_no_strangers) {
    workload("db", {{"role", "db"}, {"app", "pay"}}, "10.0.0.3");
    workload("other", {{"app", "hr"}}, "10.0.0.4");
    workload("mate", {{"app", "pay"}}, "10.0.0.5");
    policy.lists = {{.name = "office",
                     .ranges = {{ip("10.0.0.0"), ip("10.0.0.255")}},
                     .exclude = {{ip("10.0.0.5"), ip("10.0.0.5")}}}};
    policy.rule_sets.push_back({.name = "set", .scopes = {{{"app", "pay"}}}});
    rule(Action::allow, form(Selector::Form::list, "office"), role("db"), tcp(1));
    rule(Action::allow, form(Selector::Form::any), role("db"), tcp(2));
    rule(Action::allow, form(Selector::Form::workload, "other"), role("db"), tcp(3),
         RuleScope::extra);
    rule(Action::allow, form(Selector::Form::all), role("db"), tcp(4));
    const auto row = [&](std::uint16_t port) {
        std::string text;
        for (const char* peer : {"10.0.0.4", "10.0.0.5", "10.0.0.77", "8.8.8.8"})
            text += in("db", peer, port) == Verdict::allowed ? '+' : '-';
        return text;
    };
    EXPECT_EQ(row(1), "+-+-");
    EXPECT_EQ(row(2), "++++");
    EXPECT_EQ(row(3), "+---");
    EXPECT_EQ(row(4), "-+--");
}

TEST_F(Evaluate, each_end_judges_its_own_side_and_trusts_the_other_only_in_an_allow) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    workload("app", {{"role", "app"}}, "10.0.0.2");
    rule(Action::allow, role("web"), role("app"), with_unit(tcp(8080), "tomcat10.service"));
    rule(Action::override_deny, role("web"), role("app"), with_unit(tcp(8080), "bad.service"));
    EXPECT_EQ(in("app", "10.0.0.1", 8080, unit("tomcat10.service")), Verdict::allowed);
    EXPECT_EQ(in("app", "10.0.0.1", 8080, unit("apache2.service")), Verdict::blocked);
    EXPECT_EQ(in("app", "10.0.0.1", 8080, unit("bad.service")), Verdict::blocked);
    EXPECT_EQ(out("web", "10.0.0.2", 8080, unit("bad.service")), Verdict::allowed);
}

TEST_F(Evaluate, an_allow_whose_selector_nobody_judges_is_not_programmed) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    workload("printer", {{"role", "printer"}}, "10.0.0.2").managed = false;
    rule(Action::allow, role("web"), role("printer"), with_unit(tcp(631), "cups.service"));
    rule(Action::allow, role("web"), form(Selector::Form::any), with_unit(tcp(80), "x.service"));
    EXPECT_EQ(out("web", "10.0.0.2", 631), Verdict::blocked);
    EXPECT_EQ(out("web", "8.8.8.8", 80), Verdict::blocked);
    EXPECT_EQ(out("web", "10.0.0.1", 80), Verdict::allowed);
}

TEST_F(Evaluate, allow_needs_a_sure_process_and_deny_takes_a_maybe) {
    workload("app", {{"role", "app"}}, "10.0.0.2");
    policy.workloads[0].mode = Mode::selective;
    rule(Action::allow, form(Selector::Form::any), role("app"), with_unit(tcp(1), "a.service"));
    rule(Action::deny, form(Selector::Form::any), role("app"), with_unit(tcp(2), "a.service"));
    EXPECT_EQ(in("app", "9.9.9.9", 1, Process{}), Verdict::unmatched);
    EXPECT_EQ(in("app", "9.9.9.9", 2, Process{}), Verdict::blocked);
    EXPECT_EQ(in("app", "9.9.9.9", 2, unit("b.service")), Verdict::unmatched);
}

TEST_F(Evaluate, one_contradicted_part_ends_a_maybe) {
    workload("app", {{"role", "app"}}, "10.0.0.2");
    ServiceUse use = with_unit(tcp(2), "a.service");
    use.process->path = "/usr/bin/a";
    rule(Action::deny, form(Selector::Form::any), role("app"), use);
    policy.workloads[0].mode = Mode::selective;
    Process half = unit("b.service");
    half.path.reset();
    EXPECT_EQ(in("app", "9.9.9.9", 2, half), Verdict::unmatched);
    half.unit = "/system.slice/a.service";
    EXPECT_EQ(in("app", "9.9.9.9", 2, half), Verdict::blocked);
}

TEST_F(Evaluate, an_address_of_several_workloads_needs_allow_for_each_and_deny_for_any) {
    workload("db", {{"role", "db"}}, "10.0.0.9");
    workload("web", {{"role", "web"}}, "10.0.0.1");
    workload("app", {{"role", "app"}}, "10.0.0.1");
    rule(Action::allow, role("web"), role("db"), tcp(1));
    rule(Action::allow, labels({{"role", {"web", "app"}}}), role("db"), tcp(2));
    EXPECT_EQ(in("db", "10.0.0.1", 1), Verdict::blocked);
    EXPECT_EQ(in("db", "10.0.0.1", 2), Verdict::allowed);
    rule(Action::allow, role("web"), role("db"), tcp(3));
    rule(Action::allow, role("app"), role("db"), tcp(3));
    EXPECT_EQ(in("db", "10.0.0.1", 3), Verdict::allowed); // each by a rule of its own
    rule(Action::override_deny, role("app"), role("db"), tcp(2));
    EXPECT_EQ(in("db", "10.0.0.1", 2), Verdict::blocked);
}

TEST_F(Evaluate, a_host_local_address_is_a_peer_on_its_own_host_only) {
    workload("one", {{"role", "host"}}, "10.0.0.1");
    workload("two", {{"role", "host"}}, "10.0.0.2");
    Workload& box = workload("box", {{"role", "box"}}, "172.17.0.2");
    box.realm = Realm::host;
    box.host = "one";
    box.cgroup = "/machine.slice/box";
    rule(Action::allow, role("box"), role("host"), tcp(1));
    EXPECT_EQ(in("one", "172.17.0.2", 1), Verdict::allowed);
    EXPECT_EQ(in("two", "172.17.0.2", 1), Verdict::blocked);
}

TEST_F(Evaluate, a_fragment_has_no_port_so_only_an_all_ports_rule_matches) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    rule(Action::allow, form(Selector::Form::any), role("web"), tcp(80));
    Flow flow{
        .subject = "web", .direction = Direction::inbound, .peer = ip("9.9.9.9"), .fragment = true};
    flow.port = 80;
    EXPECT_EQ(evaluate(policy, node, flow).verdict, Verdict::blocked);
    policy.rule_sets[0].rules[0].services[0].port.ports.clear();
    EXPECT_EQ(evaluate(policy, node, flow).verdict, Verdict::allowed);
}

TEST_F(Evaluate, a_rule_matches_until_its_time) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    Rule& ends = rule(Action::allow, form(Selector::Form::any), role("web"), tcp(80));
    ends.expires_ns = usual_now_ns;
    Flow flow{.subject = "web", .direction = Direction::inbound, .peer = ip("9.9.9.9")};
    flow.port = 80;
    EXPECT_EQ(evaluate(policy, node, flow, usual_now_ns - 1).verdict, Verdict::allowed);
    EXPECT_EQ(evaluate(policy, node, flow).verdict, Verdict::blocked);
}

TEST_F(Evaluate, an_ipv6_range_holds_no_ipv4_address) {
    workload("web", {{"role", "web"}}, "10.0.0.1");
    policy.lists = {{.name = "v6", .ranges = {{ip("::"), ip("ffff::")}}}};
    rule(Action::allow, form(Selector::Form::list, "v6"), role("web"), tcp(80));
    EXPECT_EQ(in("web", "10.0.0.7", 80), Verdict::blocked);
    EXPECT_EQ(in("web", "2001:db8::7", 80), Verdict::allowed);
}

// The worked example: connections 1 to 3 allowed, 4 and 5 blocked, httpd in place of tomcat
// blocked.
class Payments : public Evaluate {
  protected:
    void SetUp() override {
        const auto in = [](const char* role, const char* app, const char* loc) {
            return Labels{{"role", role}, {"app", app}, {"env", "Production"}, {"loc", loc}};
        };
        workload("web-uk-1", in("Web Server", "Payments", "UK"), "10.0.0.1");
        workload("app-uk-1", in("App Server", "Payments", "UK"), "10.0.1.5");
        workload("dns-uk", in("DNS Responder", "DNS Infrastructure", "UK"), "192.168.0.1");
        workload("web-de-1", in("Web Server", "Payments", "Germany"), "10.1.0.1");
        workload("db-de-1", in("Database", "Payments", "Germany"), "10.1.2.1");
        const auto scope = [](const char* app) {
            return Scope{{"app", app}, {"env", "Production"}, {"loc", "UK"}};
        };
        policy.rule_sets.push_back({.name = "payments", .scopes = {scope("Payments")}});
        rule(Action::allow, role("Web Server"), role("App Server"),
             with_unit(tcp(8080), "tomcat10.service"));
        policy.rule_sets.push_back({.name = "dns", .scopes = {scope("DNS Infrastructure")}});
        ServiceUse dns = with_unit(tcp(53), "named.service");
        dns.port.protocol = 17;
        rule(Action::allow,
             labels({{"role", {"Web Server", "App Server"}},
                     {"app", {"Payments"}},
                     {"env", {"Production"}},
                     {"loc", {"UK"}}}),
             role("DNS Responder"), dns, RuleScope::extra);
    }

    // Both ends must let it pass.
    bool reaches(const char* from, const char* to, std::uint8_t protocol, std::uint16_t port,
                 const char* server) {
        Flow flow{.subject = from, .peer = address(to), .protocol = protocol, .port = port};
        const Verdict leaving = evaluate(policy, node, flow).verdict;
        flow.subject = to;
        flow.direction = Direction::inbound;
        flow.peer = address(from);
        flow.process = unit(server);
        return passes(leaving) && passes(evaluate(policy, node, flow).verdict);
    }

    Address address(const char* name) { return policy.workload(name)->addresses[0]; }
};

TEST_F(Payments, five_connections_in_full_mode) {
    EXPECT_TRUE(reaches("web-uk-1", "dns-uk", 17, 53, "named.service"));
    EXPECT_TRUE(reaches("web-uk-1", "app-uk-1", 6, 8080, "tomcat10.service"));
    EXPECT_TRUE(reaches("app-uk-1", "dns-uk", 17, 53, "named.service"));
    EXPECT_FALSE(reaches("web-de-1", "app-uk-1", 6, 80, "apache2.service"));
    EXPECT_FALSE(reaches("db-de-1", "app-uk-1", 6, 80, "apache2.service"));
    EXPECT_FALSE(reaches("web-uk-1", "app-uk-1", 6, 8080, "apache2.service"));
}

TEST_F(Payments, in_visibility_everything_passes) {
    for (Workload& workload : policy.workloads)
        workload.mode = Mode::visibility;
    EXPECT_TRUE(reaches("db-de-1", "app-uk-1", 6, 80, "apache2.service"));
}

} // namespace
} // namespace ringwall::oracle
