#include <algorithm>

#include <spdlog/spdlog.h>

#include "agent/enforcement.h"
#include "agent/host.h"

namespace ringwall::agent {
namespace {

constexpr std::size_t tampering_kept = 16;

void report(const loader::Tampering& found) {
    const char* what = loader::name(found.what);
    if (found.repaired)
        spdlog::error("tamper: {}: {} was not as this agent left it; put back", what, found.where);
    else
        spdlog::error("tamper: {}: {} was not as this agent left it, and could not be put back: {}",
                      what, found.where, found.why_not);
}

} // namespace

// A foreign write to a policy map is answered by writing the policy anew, beside what stands there.
void Enforcement::rewrite(std::vector<loader::Tampering>& found) {
    const auto written = [](const loader::Tampering& t) {
        return t.what == loader::Tampering::What::map_written;
    };
    if (std::ranges::none_of(found, written))
        return;
    enforcer_->distrust();
    const auto again = apply(snapshot());
    for (auto& each : found)
        if (written(each)) {
            each.repaired = again.has_value();
            each.why_not = again ? "" : again.error().message;
        }
}

std::vector<SeenTampering> Enforcement::guard() {
    auto found = datapath_->look_for_tampering();
    rewrite(found);
    std::vector<SeenTampering> seen;
    for (auto& each : found) {
        report(each);
        ++tampering_.counts[loader::name(each.what)];
        seen.push_back({std::move(each), wall_ns()});
        tampering_.last.push_back(seen.back());
        if (tampering_.last.size() > tampering_kept)
            tampering_.last.pop_front();
    }
    return seen;
}

} // namespace ringwall::agent
