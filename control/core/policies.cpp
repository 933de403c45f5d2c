#include "control/core/policies.h"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>

#include "common/address_bytes.h"
#include "control/core/document.h"
#include "control/model/validate.h"

namespace ringwall::core {
namespace {

constexpr std::size_t page_size = 1000;

Error faulty(std::vector<Fault> faults) {
    auto message =
        faults.empty() ? std::string("the policy is not valid") : faults.front().sentence;
    if (faults.size() > 1)
        message += " (and " + std::to_string(faults.size() - 1) + " more)";
    return {Errc::invalid, std::move(message), std::move(faults)};
}

template <typename T>
auto place_of(std::vector<T>& objects, std::string_view name) {
    return std::ranges::lower_bound(objects, name, {}, &T::name);
}

template <typename T>
void put(std::vector<T>& objects, T object) {
    const auto place = place_of(objects, object.name);
    if (place != objects.end() && place->name == object.name)
        *place = std::move(object);
    else
        objects.insert(place, std::move(object));
}

template <typename T>
bool remove(std::vector<T>& objects, std::string_view name) {
    const auto place = place_of(objects, name);
    if (place == objects.end() || place->name != name)
        return false;
    objects.erase(place);
    return true;
}

void put_all(model::Policy& into, model::Policy from) {
    const auto move = [](auto& target, auto& source) {
        for (auto& object : source)
            put(target, std::move(object));
    };
    move(into.services, from.services);
    move(into.lists, from.lists);
    move(into.groups, from.groups);
    move(into.rule_sets, from.rule_sets);
    move(into.workloads, from.workloads);
}

void remove(model::Policy& from, const store::ObjectId& id) {
    if (id.kind == "service")
        remove(from.services, id.name);
    else if (id.kind == "address_list")
        remove(from.lists, id.name);
    else if (id.kind == "label_group")
        remove(from.groups, id.name);
    else if (id.kind == "rule_set")
        remove(from.rule_sets, id.name);
    else if (id.kind == "workload")
        remove(from.workloads, id.name);
}

Result<void> validated(const model::Policy& policy) {
    auto faults = faults_of(model::validate(policy));
    std::erase_if(faults, [](const Fault& fault) { return fault.warning; });
    if (faults.empty())
        return {};
    return std::unexpected(faulty(std::move(faults)));
}

Result<model::Policy> parsed(const std::vector<store::Object>& objects) {
    std::vector<Body> bodies;
    bodies.reserve(objects.size());
    for (const auto& object : objects)
        bodies.push_back({object.id, object.body});
    auto policy = model_of(bodies);
    if (!policy)
        return std::unexpected(faulty(std::move(policy.error())));
    return std::move(*policy);
}

template <typename Read>
Result<std::vector<store::Object>> every_page(Read read) {
    std::vector<store::Object> out;
    store::PageRequest request{{}, page_size};
    do {
        auto page = read(request);
        if (!page)
            return std::unexpected(from(page.error()));
        std::ranges::move(page->items, std::back_inserter(out));
        request.after = page->next;
    } while (!request.after.empty());
    return out;
}

struct Split {
    std::vector<Body> puts;
    std::vector<store::ObjectId> removed;
    bool only_workload_puts = true;
};

Split split(const std::vector<store::Edit>& edits) {
    Split out;
    for (const auto& edit : edits) {
        const auto* kind = kind_of_store(edit.id.kind);
        if (!kind || !kind->policy)
            continue;
        out.only_workload_puts &= edit.body && !kind->provisioned;
        if (edit.body)
            out.puts.push_back({edit.id, boost::json::serialize(*edit.body)});
        else
            out.removed.push_back(edit.id);
    }
    return out;
}

} // namespace

Result<std::vector<store::Object>> all_objects(const store::Store& store, const std::string& kind) {
    return every_page([&](const auto& page) { return store.objects(kind, page); });
}

Result<std::vector<store::Object>> all_contents(const store::Store& store, std::uint64_t version) {
    if (version == 0)
        return std::vector<store::Object>{};
    return every_page([&](const auto& page) { return store.contents(version, page); });
}

Result<Policies> Policies::load(const store::Store& store, std::uint64_t active) {
    Policies out;
    const auto workloads = all_objects(store, "workload");
    if (!workloads)
        return std::unexpected(workloads.error());
    auto read = parsed(*workloads);
    if (!read)
        return std::unexpected(read.error());
    put_all(out.draft_, std::move(*read));
    for (const auto& one : out.draft_.workloads)
        out.index(one, true);
    for (const auto& [version, into] :
         {std::pair{store::draft, &out.draft_}, {active, &out.active_}}) {
        const auto contents = all_contents(store, version);
        if (!contents)
            return std::unexpected(contents.error());
        auto policy = out.composed(*contents);
        if (!policy)
            return std::unexpected(policy.error());
        *into = std::move(*policy);
    }
    return out;
}

Result<model::Policy> Policies::composed(const std::vector<store::Object>& contents) const {
    auto read = parsed(contents);
    if (!read)
        return std::unexpected(read.error());
    model::Policy out;
    out.workloads = draft_.workloads;
    put_all(out, std::move(*read));
    return out;
}

Result<model::Policy> Policies::of(const std::vector<store::Object>& contents) const {
    auto out = composed(contents);
    if (!out)
        return out;
    if (auto valid = validated(*out); !valid)
        return std::unexpected(valid.error());
    return out;
}

Result<Policies::Step> Policies::step(const std::vector<store::Edit>& edits) const {
    const auto parts = split(edits);
    auto read = model_of(parts.puts);
    if (!read)
        return std::unexpected(faulty(std::move(read.error())));
    Step out;
    out.puts = read->workloads;
    for (const auto& id : parts.removed)
        if (id.kind == "workload" && workload(id.name))
            out.removed.push_back(id.name);
    if (parts.only_workload_puts)
        return out;
    out.draft = draft_;
    put_all(*out.draft, std::move(*read));
    for (const auto& id : parts.removed)
        remove(*out.draft, id);
    if (auto valid = validated(*out.draft); !valid)
        return std::unexpected(valid.error());
    return out;
}

void Policies::index(const model::Workload& workload, bool there) {
    if (workload.realm != model::Realm::routable)
        return;
    for (const auto& address : workload.addresses)
        if (there)
            by_address_[address].insert(workload.name);
        else if (auto& names = by_address_[address]; names.erase(workload.name) && names.empty())
            by_address_.erase(address);
}

std::string Policies::workload_at(std::string_view bytes) const {
    const auto address = address_from_bytes(bytes);
    if (!address)
        return {};
    const auto found = by_address_.find(*address);
    return found == by_address_.end() ? std::string() : *found->second.begin();
}

void Policies::take(Step step) {
    for (const auto& name : step.removed)
        if (const auto* before = workload(name))
            index(*before, false);
    for (const auto& next : step.puts) {
        if (const auto* before = workload(next.name))
            index(*before, false);
        index(next, true);
    }
    if (step.draft)
        draft_ = std::move(*step.draft);
    for (auto* policy : {&draft_, &active_}) {
        for (const auto& workload : step.puts)
            put(policy->workloads, workload);
        for (const auto& name : step.removed)
            remove(policy->workloads, name);
    }
}

const model::Workload* Policies::workload(std::string_view name) const {
    const auto place = std::ranges::lower_bound(draft_.workloads, name, {}, &model::Workload::name);
    return place == draft_.workloads.end() || place->name != name ? nullptr : &*place;
}

} // namespace ringwall::core
