#include "control/compute/fleet.h"

#include <fmt/format.h>

#include "control/compute/fleet_state.h"

namespace ringwall::compute {

Fleet::Fleet(Inventory inventory, Numbering numbering)
    : state_(std::make_unique<State>(inventory, std::move(numbering))) {}
Fleet::Fleet(Fleet&&) noexcept = default;
Fleet& Fleet::operator=(Fleet&&) noexcept = default;
Fleet::~Fleet() = default;

std::expected<Fleet, Error> Fleet::load(Inventory inventory, const model::Policy& policy,
                                        std::uint64_t version, std::uint64_t revision,
                                        Numbering numbering) {
    Fleet out(inventory, std::move(numbering));
    if (auto loaded = out.state_->load(policy, version, revision); !loaded)
        return std::unexpected(loaded.error());
    return out;
}

std::expected<Change, Error> Fleet::provision(const model::Policy& policy, std::uint64_t version) {
    return state_->provision(policy, version);
}

Change Fleet::name_also(std::set<std::string> workloads) {
    return state_->name_also(std::move(workloads));
}

std::set<std::string> Fleet::named() const {
    return state_->named();
}

std::expected<Change, Error> Fleet::put(const model::Workload& workload) {
    return state_->edit({{std::make_shared<const model::Workload>(workload)}, {}});
}

std::expected<Change, Error> Fleet::put_all(const std::vector<model::Workload>& workloads) {
    return edit(workloads, {});
}

std::expected<Change, Error> Fleet::remove(std::string_view workload) {
    return edit({}, {std::string(workload)});
}

std::expected<Change, Error> Fleet::edit(const std::vector<model::Workload>& puts,
                                         const std::vector<std::string>& removed) {
    for (const auto& name : removed)
        if (!state_->has(name))
            return std::unexpected(
                Error{Errc::unknown_workload,
                      fmt::format("the fleet has no workload \"{}\", so there is none to remove; "
                                  "give the name of one it has",
                                  name)});
    Edit edit{{}, {removed.begin(), removed.end()}};
    edit.puts.reserve(puts.size());
    for (const auto& workload : puts)
        edit.puts.push_back(std::make_shared<const model::Workload>(workload));
    return state_->edit(edit);
}

std::expected<v1::Policy, Error> Fleet::policy(std::string_view host) const {
    return state_->policy(host);
}

std::expected<v1::Inventory, Error> Fleet::inventory(std::string_view host) const {
    return state_->inventory(host);
}

void Fleet::release(std::uint64_t revision) {
    state_->release(revision);
}

std::uint64_t Fleet::version() const {
    return state_->version;
}

std::uint64_t Fleet::revision() const {
    return state_->revision;
}

} // namespace ringwall::compute
