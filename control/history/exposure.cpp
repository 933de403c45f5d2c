#include "control/history/exposure.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "control/history/ends.h"

namespace ringwall::history {
namespace {

using model::Mode;

// What listens on one port, by workload (its place in the policy).
using Listeners = std::map<std::size_t, Ends::Processes>;

std::string key_of(const Ends::Processes& processes) {
    std::set<std::string> all;
    for (const auto& each : processes)
        all.insert(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", each.path, each.unit, each.container,
                               each.user, each.group, each.sha256));
    std::string out;
    for (const auto& each : all)
        out += each + '\n';
    return out;
}

// Without the workload itself.
Count pairs(const Ends::Reached& reached, Mode mode) {
    Count out;
    for (std::size_t i = 0; i < reached.by_says.size(); ++i) {
        const auto says = static_cast<Says>(i);
        out.now += passes(mode, says) ? reached.by_says[i].now : 0;
        out.enforced += passes(Mode::full, says) ? reached.by_says[i].enforced : 0;
    }
    out.now -= passes(mode, reached.own_in) && passes(mode, reached.own_out);
    out.enforced -= passes(Mode::full, reached.own_in) && passes(Mode::full, reached.own_out);
    return out;
}

void sum(Exposed& out, const Exposed& more) {
    out.workloads += more.workloads;
    out.ports += more.ports;
    out.open += more.open;
    out.now += more.now;
    out.enforced += more.enforced;
}

std::string app_of(const model::Workload& workload) {
    const auto found = workload.labels.find("app");
    return found == workload.labels.end() ? std::string() : found->second;
}

// Everything that listens, port by port; workloads that did not say count as unknown.
class Survey {
  public:
    explicit Survey(const ExposureQuestion& question) : question_(question) {
        const auto& workloads = question.policy.workloads;
        for (std::size_t i = 0; i < workloads.size(); ++i)
            if (workloads[i].managed && (!question.counts || question.counts(workloads[i].labels)))
                add(i);
    }

    Exposure run(const Cohorts& cohorts) {
        Ends ends(question_.policy, cohorts, question_.now_ns);
        for (const auto& [port, listeners] : ports_) {
            ends.take(port);
            count(cohorts, ends, listeners);
        }
        for (auto& [name, app] : apps_) {
            app.app = name;
            sum(out_.total, app);
            out_.apps.push_back(std::move(app));
        }
        std::ranges::sort(out_.apps, [](const Exposed& one, const Exposed& other) {
            return one.now != other.now ? one.now > other.now : one.app < other.app;
        });
        return std::move(out_);
    }

  private:
    void add(std::size_t place) {
        const auto& workload = question_.policy.workloads[place];
        const auto heard = question_.heard.find(workload.name);
        if (heard == question_.heard.end()) {
            ++out_.unknown;
            return;
        }
        ++apps_[app_of(workload)].workloads;
        for (const auto& each : heard->second)
            ports_[{each.protocol, each.port}][place].push_back(each.process);
    }

    // Workloads alike in labels and processes are reached by the same.
    void count(const Cohorts& cohorts, Ends& ends, const Listeners& listeners) {
        std::map<std::pair<CohortId, std::string>, Ends::Reached> known;
        for (const auto& [place, processes] : listeners) {
            const auto& workload = question_.policy.workloads[place];
            const auto cohort = cohorts.of_workload(place);
            const auto [reached, fresh] = known.try_emplace({cohort, key_of(processes)});
            if (fresh)
                reached->second = ends.reached(cohort, processes);
            const auto found = pairs(reached->second, workload.mode);
            auto& app = apps_[app_of(workload)];
            ++app.ports;
            app.open += question_.policy.workloads.size() - 1;
            app.now += static_cast<std::uint64_t>(found.now);
            app.enforced += static_cast<std::uint64_t>(found.enforced);
        }
    }

    const ExposureQuestion& question_;
    std::map<Port, Listeners> ports_;
    std::map<std::string, Exposed> apps_;
    Exposure out_;
};

} // namespace

std::expected<Exposure, std::string> exposure(const ExposureQuestion& question) {
    const auto cohorts = Cohorts::of(question.policy);
    if (!cohorts)
        return std::unexpected(cohorts.error());
    return Survey(question).run(*cohorts);
}

} // namespace ringwall::history
