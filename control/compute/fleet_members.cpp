#include "control/compute/fleet_members.h"

#include <algorithm>

namespace ringwall::compute {
namespace {

std::string realm(const model::Workload& workload) {
    if (workload.realm == model::Realm::routable)
        return {};
    return workload.host.empty() ? workload.name : workload.host;
}

bool same_place(const model::Workload& a, const model::Workload& b) {
    return a.addresses == b.addresses && realm(a) == realm(b) && a.host == b.host &&
           a.cgroup == b.cgroup && a.managed == b.managed;
}

void add_rows(const Member& member, std::vector<RowKey>& out) {
    for (const Address& address : member.workload->addresses)
        out.emplace_back(address, realm(*member.workload));
}

} // namespace

bool runs_agent(const model::Workload& workload) {
    return workload.managed && workload.cgroup.empty();
}

const std::string* agent_of(const model::Workload& workload) {
    if (!workload.managed)
        return nullptr;
    return workload.cgroup.empty() ? &workload.name : &workload.host;
}

const Member* Members::find(std::string_view name) const {
    const auto found = all_.find(name);
    return found == all_.end() ? nullptr : &found->second;
}

const std::vector<const Member*>& Members::having(std::uint32_t identity) const {
    static const std::vector<const Member*> nobody;
    const auto found = having_.find(identity);
    return found == having_.end() ? nobody : found->second;
}

const std::set<std::string>& Members::inside(std::string_view host) const {
    static const std::set<std::string> nobody;
    const auto found = inside_.find(host);
    return found == inside_.end() ? nobody : found->second;
}

const Member* Members::in_cgroup(const std::string& host, const std::string& cgroup) const {
    const auto found = cgroups_.find({host, cgroup});
    return found == cgroups_.end() ? nullptr : found->second;
}

void Members::put(std::shared_ptr<const model::Workload> workload, std::uint32_t identity) {
    Member& member = all_[workload->name];
    const bool stays =
        member.workload && member.identity == identity && same_place(*member.workload, *workload);
    if (member.workload && !stays)
        leave(member);
    member = {std::move(workload), identity};
    if (!stays)
        join(member);
}

void Members::remove(const std::string& name) {
    const auto found = all_.find(name);
    leave(found->second);
    all_.erase(found);
}

void Members::join(const Member& member) {
    const model::Workload& workload = *member.workload;
    having_[member.identity].push_back(&member);
    if (!workload.host.empty())
        inside_[workload.host].insert(workload.name);
    if (!workload.cgroup.empty())
        cgroups_[{workload.host, workload.cgroup}] = &member;
    if (runs_agent(workload))
        hosts_.insert(workload.name);
    for (const Address& address : workload.addresses) {
        const RowKey key{address, realm(workload)};
        touch(key);
        auto& row = rows_[key];
        if (!row.insert(&member).second)
            continue;
        if (row.size() == 2)
            std::ranges::for_each(row, [this](const Member* each) { share(each); });
        else if (row.size() > 2)
            share(&member);
        if (!key.second.empty() && ++local_rows_[key.second])
            local_hosts_.insert(key.second);
    }
}

void Members::leave(const Member& member) {
    const model::Workload& workload = *member.workload;
    if (auto& same = having_[member.identity]; std::erase(same, &member) && same.empty())
        having_.erase(member.identity);
    if (!workload.host.empty())
        inside_[workload.host].erase(workload.name);
    if (!workload.cgroup.empty() && in_cgroup(workload.host, workload.cgroup) == &member)
        cgroups_.erase({workload.host, workload.cgroup});
    hosts_.erase(workload.name);
    for (const Address& address : workload.addresses) {
        const RowKey key{address, realm(workload)};
        touch(key);
        const auto row = rows_.find(key);
        if (row == rows_.end() || row->second.erase(&member) == 0)
            continue;
        if (!row->second.empty())
            unshare(&member);
        if (row->second.size() == 1)
            unshare(*row->second.begin());
        if (row->second.empty())
            rows_.erase(row);
        if (!key.second.empty() && --local_rows_[key.second] == 0)
            local_hosts_.erase(key.second);
    }
}

void Members::share(const Member* member) {
    ++sharing_[member];
}

void Members::unshare(const Member* member) {
    if (const auto found = sharing_.find(member); --found->second == 0)
        sharing_.erase(found);
}

void Members::touch(const RowKey& key) {
    if (!touched_.contains(key))
        touched_.emplace(key, row(key));
}

Row Members::row(const RowKey& key) const {
    Row out;
    if (const auto found = rows_.find(key); found != rows_.end())
        for (const Member* member : found->second) {
            out.identities.insert(member->identity);
            out.workloads.insert(member->workload->name);
        }
    return out;
}

std::set<std::uint32_t> Members::owners(const RowKey& key) const {
    std::set<std::uint32_t> out;
    if (const auto found = rows_.find(key); found != rows_.end())
        for (const Member* member : found->second)
            out.insert(member->identity);
    return out;
}

std::vector<RowKey> Members::rows_of(std::uint32_t identity) const {
    std::vector<RowKey> out;
    for (const Member* member : having(identity))
        add_rows(*member, out);
    return out;
}

std::vector<RowKey> Members::shared_rows_of(std::uint32_t identity) const {
    std::vector<RowKey> out;
    if (!sharing_.empty())
        for (const Member* member : having(identity))
            if (sharing_.contains(member))
                add_rows(*member, out);
    return out;
}

std::vector<const std::string*> Members::realms_of(const Address& address) const {
    std::vector<const std::string*> out;
    for (auto row = rows_.lower_bound({address, {}}); row != rows_.end(); ++row) {
        if (row->first.first != address)
            break;
        if (!row->first.second.empty())
            out.push_back(&row->first.second);
    }
    return out;
}

} // namespace ringwall::compute
