// The workloads of a fleet: who has which identity, who runs on which host, who claims an address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "control/model/model.h"

namespace ringwall::compute {

struct Member {
    std::shared_ptr<const model::Workload> workload;
    std::uint32_t identity = 0;
};

bool runs_agent(const model::Workload& workload);
// The host whose agent enforces it; null: nobody does.
const std::string* agent_of(const model::Workload& workload);

// An address and where it means something: everywhere (""), or on one host only.
using RowKey = std::pair<Address, std::string>;

struct Row {
    std::set<std::uint32_t> identities;
    std::set<std::string> workloads;
    bool operator==(const Row&) const = default;
    bool exists() const { return !workloads.empty(); }
};

class Members {
  public:
    using ByName = std::map<std::string, Member, std::less<>>;
    const ByName& all() const { return all_; }
    const Member* find(std::string_view name) const;
    const std::vector<const Member*>& having(std::uint32_t identity) const; // in no order
    const std::set<std::string>& inside(std::string_view host) const; // workloads that name it
    // The workload that has this cgroup on this host; null: nobody.
    const Member* in_cgroup(const std::string& host, const std::string& cgroup) const;
    const std::set<std::string>& hosts() const { return hosts_; } // where an agent runs

    void put(std::shared_ptr<const model::Workload> workload, std::uint32_t identity);
    void remove(const std::string& name);

    Row row(const RowKey& key) const;
    std::set<std::uint32_t> owners(const RowKey& key) const;   // row()'s identities
    std::vector<RowKey> rows_of(std::uint32_t identity) const; // of its present members
    // With those that others claim too, and without members that share none.
    std::vector<RowKey> shared_rows_of(std::uint32_t identity) const;
    std::vector<const std::string*> realms_of(const Address& address) const; // hosts'
    const std::set<std::string>& with_local_rows() const { return local_hosts_; }
    // Rows that were put or removed since clear_touched(), as they stood then.
    const std::map<RowKey, Row>& touched() const { return touched_; }
    void clear_touched() { touched_.clear(); }

  private:
    void join(const Member& member);
    void leave(const Member& member);
    void touch(const RowKey& key);
    void share(const Member* member);
    void unshare(const Member* member);

    ByName all_;
    std::unordered_map<std::uint32_t, std::vector<const Member*>> having_; // walked often
    std::map<std::string, std::set<std::string>, std::less<>> inside_;
    std::map<std::pair<std::string, std::string>, const Member*> cgroups_;
    std::set<std::string> hosts_;
    std::map<RowKey, std::set<const Member*>> rows_;
    std::unordered_map<const Member*, std::size_t> sharing_; // of its rows, those of several
    std::map<std::string, std::size_t> local_rows_;
    std::set<std::string> local_hosts_;
    std::map<RowKey, Row> touched_;
};

} // namespace ringwall::compute
