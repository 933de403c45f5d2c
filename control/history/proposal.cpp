#include "control/history/proposal.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "common/protocol.h"
#include "control/history/parties.h"

namespace ringwall::history {
namespace {

constexpr std::int64_t day_ns = 24 * 3600 * std::int64_t{1'000'000'000};
constexpr std::uint64_t few = 3; // connections

struct Sensitive {
    std::uint16_t port;
    const char* what;
};
// What attackers go for first: administration, file shares, databases.
constexpr std::array sensitive{Sensitive{22, "SSH"},
                               Sensitive{23, "Telnet"},
                               Sensitive{135, "RPC"},
                               Sensitive{139, "NetBIOS"},
                               Sensitive{445, "SMB"},
                               Sensitive{873, "rsync"},
                               Sensitive{1433, "SQL Server"},
                               Sensitive{1521, "Oracle"},
                               Sensitive{2375, "Docker"},
                               Sensitive{2379, "etcd"},
                               Sensitive{3306, "MySQL"},
                               Sensitive{3389, "RDP"},
                               Sensitive{5432, "PostgreSQL"},
                               Sensitive{5900, "VNC"},
                               Sensitive{5985, "WinRM"},
                               Sensitive{6379, "Redis"},
                               Sensitive{9200, "Elasticsearch"},
                               Sensitive{10250, "kubelet"},
                               Sensitive{27017, "MongoDB"}};

Labels without_role(Labels labels) {
    labels.erase("role");
    return labels;
}

std::string value_of(const Labels& labels, const char* key) {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string{} : found->second;
}

// "Web Server" -> "web-server"
std::string slug(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain)
            out += c;
        else if (c >= 'A' && c <= 'Z')
            out += static_cast<char>(c - 'A' + 'a');
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    while (out.ends_with('-'))
        out.pop_back();
    return out.substr(0, 40);
}

std::string joined(std::initializer_list<std::string> parts) {
    std::string out;
    for (const auto& part : parts)
        if (!part.empty())
            out += (out.empty() ? "" : "-") + part;
    return out;
}

std::string last_part(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

// One edge as the rule that would allow exactly it.
class Maker {
  public:
    Maker(const Comparison& recorded, const Parties& parties, const ProposalOptions& options)
        : recorded_(recorded), parties_(parties), options_(options) {}

    // Error: why there is none.
    std::expected<std::pair<Labels, ProposedRule>, std::string> rule(const Recorded& edge) const {
        const auto &source = recorded_.sides[edge.edge.source],
                   &destination = recorded_.sides[edge.edge.destination];
        if (destination.kind != flowmap::Kind::workloads)
            return std::unexpected("the destination is no workload; a rule needs labels, or an "
                                   "unmanaged workload for it");
        const auto to = parties_.labels(edge.edge.destination);
        if (to.empty())
            return std::unexpected("the destination carries no labels; label it first");
        if (!to.contains("role") && options_.level != Level::app)
            return std::unexpected("the destination carries no role; label it, or choose the level "
                                   "app");
        ProposedRule out;
        if (auto why = take_source(source, edge.edge.source, to, out); !why.empty())
            return std::unexpected(why);
        if (options_.level == Level::app)
            out.to = {{}};
        else
            out.to = {{{"role", to.at("role")}}};
        take_service(edge.edge, destination, out);
        return std::pair{without_role(to), std::move(out)};
    }

  private:
    std::string take_source(const flowmap::Side& source, flowmap::SideId id, const Labels& to,
                            ProposedRule& out) const {
        if (source.kind == flowmap::Kind::list) {
            out.lists = {source.who};
            out.risks.insert("from an address list, not from workloads");
            return {};
        }
        if (source.kind != flowmap::Kind::workloads)
            return "the source is an address that nobody has; make an address list or an unmanaged "
                   "workload for it";
        auto from = parties_.labels(id);
        if (from.empty())
            return "the source carries no labels; label it first";
        if (value_of(from, "env") != value_of(to, "env"))
            out.risks.insert(fmt::format("from env {} to {}",
                                         from.contains("env") ? from.at("env") : "(none)",
                                         to.contains("env") ? to.at("env") : "(none)"));
        out.intra = without_role(from) == without_role(to) &&
                    (from.contains("role") || options_.level == Level::app);
        if (options_.level == Level::app)
            from = out.intra ? Labels{} : without_role(from);
        else if (out.intra)
            from = {{"role", from.at("role")}};
        if (from.empty() && !out.intra)
            return "the source carries a role only; label its app, or choose a tighter level";
        out.from = {std::move(from)};
        return {};
    }

    void take_service(const flowmap::Edge& edge, const flowmap::Side& destination,
                      ProposedRule& out) const {
        out.protocol = edge.protocol;
        if (options_.level == Level::role || options_.level == Level::app)
            return;
        out.port = edge.port;
        if (edge.protocol == 6 || edge.protocol == 17)
            for (const auto& [port, what] : sensitive)
                if (port == edge.port)
                    out.risks.insert(fmt::format("a sensitive port: {} ({})", port, what));
        if (options_.level == Level::service)
            return;
        if (destination.unit.ends_with(".service"))
            out.unit = last_part(destination.unit);
        else if (!destination.container.empty())
            out.container = destination.container;
        else if (destination.process.starts_with('/'))
            out.path = destination.process;
        else
            out.risks.insert("which process serves is not known");
    }

    const Comparison& recorded_;
    const Parties& parties_;
    const ProposalOptions& options_;
};

void add_evidence(ProposedRule& rule, const Recorded& edge) {
    rule.connections += edge.numbers.count;
    ++rule.edges;
    rule.last_ns = std::max(rule.last_ns, edge.numbers.last_ns);
    if (rule.first_seen_ns == 0 || edge.first_seen_ns < rule.first_seen_ns)
        rule.first_seen_ns = edge.first_seen_ns;
}

// What makes two edges the same rule.
auto identity(const Labels& scope, const ProposedRule& rule) {
    return std::tuple(scope, rule.intra, rule.from, rule.to, rule.lists, rule.protocol, rule.port,
                      rule.unit, rule.container, rule.path);
}
using Identity = decltype(identity({}, {}));
using Rules = std::map<Identity, std::pair<Labels, ProposedRule>>;

void merge_sources(Rules& rules) {
    std::map<Identity, std::pair<Labels, ProposedRule>> merged;
    for (auto& [key, each] : rules) {
        auto& [scope, rule] = each;
        ProposedRule sourceless = rule;
        sourceless.from.clear();
        sourceless.lists.clear();
        const auto [place, fresh] = merged.try_emplace(identity(scope, sourceless), each);
        if (fresh)
            continue;
        auto& into = place->second.second;
        into.from.insert(into.from.end(), rule.from.begin(), rule.from.end());
        into.lists.insert(into.lists.end(), rule.lists.begin(), rule.lists.end());
        into.risks.insert(rule.risks.begin(), rule.risks.end());
        into.connections += rule.connections;
        into.edges += rule.edges;
        into.first_seen_ns = std::min(into.first_seen_ns, rule.first_seen_ns);
        into.last_ns = std::max(into.last_ns, rule.last_ns);
    }
    rules = std::move(merged);
}

void add_risks(ProposedRule& rule, std::int64_t now_ns) {
    if (rule.first_seen_ns > now_ns - day_ns)
        rule.risks.insert("first seen in the last day");
    if (rule.connections < few)
        rule.risks.insert(fmt::format("seen {} only", rule.connections == 1 ? "once" : "seldom"));
}

std::string source_name(const ProposedRule& rule) {
    if (rule.from.size() + rule.lists.size() != 1)
        return "several";
    if (!rule.lists.empty())
        return slug(rule.lists.front());
    const auto& labels = rule.from.front();
    const auto role = slug(value_of(labels, "role"));
    const auto app = slug(value_of(labels, "app"));
    return rule.intra || app.empty() ? (role.empty() ? "all" : role) : joined({app, role});
}

std::string name_of(const ProposedRule& rule) {
    const auto process = rule.unit.empty()
                             ? rule.container.empty() ? last_part(rule.path) : rule.container
                             : rule.unit.substr(0, rule.unit.rfind('.'));
    const auto role = slug(value_of(rule.to.front(), "role"));
    return joined({source_name(rule), "to", role.empty() ? "all" : role,
                   slug(protocol_name(rule.protocol)), rule.port ? std::to_string(*rule.port) : "",
                   slug(process)});
}

std::vector<ProposedSet> sets_of(Rules rules, std::int64_t now_ns) {
    std::map<Labels, ProposedSet> sets;
    std::set<std::pair<Labels, std::string>> taken;
    for (auto& [key, each] : rules) {
        auto& [scope, rule] = each;
        auto& set = sets[scope];
        set.scope = scope;
        set.name = joined({"proposed", slug(value_of(scope, "app")), slug(value_of(scope, "env")),
                           slug(value_of(scope, "loc"))});
        const auto plain = name_of(rule);
        rule.name = plain;
        for (int i = 2; !taken.emplace(scope, rule.name).second; ++i)
            rule.name = fmt::format("{}-{}", plain, i);
        add_risks(rule, now_ns);
        set.rules.push_back(std::move(rule));
    }
    std::vector<ProposedSet> out;
    std::set<std::string> names;
    for (auto& [scope, set] : sets) {
        const auto plain = set.name;
        for (int i = 2; !names.insert(set.name).second; ++i)
            set.name = fmt::format("{}-{}", plain, i);
        out.push_back(std::move(set));
    }
    return out;
}

// A deny that is in force forbids it: the rule, else "".
std::string deny_of(const Opinion& opinion, const model::Policy& policy) {
    const auto slash = opinion.rule.find('/');
    if (!opinion.blocked || slash == std::string::npos)
        return {};
    for (const auto& set : policy.rule_sets)
        if (set.name == opinion.rule.substr(0, slash))
            for (const auto& rule : set.rules)
                if (rule.name == opinion.rule.substr(slash + 1) &&
                    rule.action != model::Action::allow)
                    return opinion.rule;
    return {};
}

} // namespace

std::expected<Proposal, std::string> propose(const Comparison& recorded,
                                             const ProposalOptions& options) {
    const Parties parties(recorded.sides);
    auto judge = LabelJudge::make(recorded.active, parties.all());
    if (!judge)
        return std::unexpected(judge.error());
    const Maker maker(recorded, parties, options);
    Proposal out;
    Rules rules;
    for (std::size_t i = 0; i < recorded.edges.size(); ++i) {
        const auto& edge = recorded.edges[i];
        out.all += edge.numbers.count;
        const auto opinion = judge->judge(parties.end(recorded.sides, edge.edge.source),
                                          parties.end(recorded.sides, edge.edge.destination),
                                          edge.edge.protocol, edge.edge.port);
        if (opinion.judged && !opinion.blocked) {
            out.allowed_already += edge.numbers.count;
            continue;
        }
        if (const auto deny = deny_of(opinion, recorded.active); !deny.empty()) {
            out.uncovered.push_back({i, "the deny " + deny + " forbids it"});
            continue;
        }
        auto made = maker.rule(edge);
        if (!made) {
            out.uncovered.push_back({i, made.error()});
            continue;
        }
        auto& [scope, rule] =
            rules.try_emplace(identity(made->first, made->second), *made).first->second;
        rule.risks.insert(made->second.risks.begin(), made->second.risks.end());
        add_evidence(rule, edge);
        out.proposed += edge.numbers.count;
    }
    if (options.merge)
        merge_sources(rules);
    out.sets = sets_of(std::move(rules), options.now_ns);
    return out;
}

} // namespace ringwall::history
