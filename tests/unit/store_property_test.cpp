// Any sequence of commits, provisions and rollbacks ends as in a twin that only knows maps.
#include <map>
#include <set>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

struct Kept {
    std::string body;
    std::uint64_t revision = 0;
};

bool is_provisioned(const ObjectId& id) {
    return id.kind != "workload";
}

// Answers with the error's code, or nothing when it was done.
class Twin {
  public:
    using Bodies = std::map<ObjectId, std::string>;
    using Answer = std::optional<Errc>;

    Answer commit(const Change& change) {
        auto objects = objects_;
        auto records = records_;
        for (const auto& edit : change.edits) {
            const bool there = objects.contains(edit.id);
            const auto revision = there ? objects[edit.id].revision : 0;
            if (edit.expected && *edit.expected != revision)
                return *edit.expected == 0 ? Errc::exists : Errc::stale;
            if (!edit.body && !there)
                return Errc::not_found;
            const auto body = edit.body ? boost::json::serialize(*edit.body) : "";
            if (there && edit.body && objects[edit.id].body == body)
                continue;
            ++records;
            if (edit.body)
                objects[edit.id] = {body, records};
            else
                objects.erase(edit.id);
        }
        objects_ = objects;
        records_ = records;
        return std::nullopt;
    }

    Answer provision(const Provision& request) {
        if (request.base && *request.base != newest())
            return Errc::conflict;
        auto next = versions_.back();
        const auto wanted = drafted();
        std::set<ObjectId> selected;
        if (request.selection)
            for (const auto& [id, revision] : *request.selection) {
                if (!next.contains(id) && !wanted.contains(id))
                    return Errc::not_found;
                if (revision && *revision != (wanted.contains(id) ? objects_[id].revision : 0))
                    return Errc::stale;
                selected.insert(id);
            }
        for (const auto& [id, body] : versions_.back())
            if (!wanted.contains(id) && (!request.selection || selected.contains(id)))
                next.erase(id);
        for (const auto& [id, body] : wanted)
            if (!request.selection || selected.contains(id))
                next[id] = body;
        if (next == versions_.back())
            return Errc::nothing;
        versions_.push_back(next);
        ++records_;
        return std::nullopt;
    }

    Answer rollback(const Rollback& request) {
        if (request.base && *request.base != newest())
            return Errc::conflict;
        if (request.to == 0 || request.to > newest())
            return Errc::not_found;
        const auto target = versions_[request.to];
        if (drafted() == target && versions_.back() == target)
            return Errc::nothing;
        for (const auto& [id, body] : everything(target)) {
            const bool there = objects_.contains(id);
            if (there == target.contains(id) && (!there || objects_[id].body == target.at(id)))
                continue;
            ++records_;
            if (target.contains(id))
                objects_[id] = {target.at(id), records_};
            else
                objects_.erase(id);
        }
        versions_.push_back(target);
        ++records_;
        return std::nullopt;
    }

    Bodies drafted() const {
        Bodies out;
        for (const auto& [id, kept] : objects_)
            if (is_provisioned(id))
                out[id] = kept.body;
        return out;
    }
    std::uint64_t newest() const { return versions_.size() - 1; }
    const Bodies& version(std::uint64_t number) const { return versions_[number]; }
    const std::map<ObjectId, Kept>& objects() const { return objects_; }
    std::uint64_t records() const { return records_; }

  private:
    // In the order of ids, as the store resets them.
    Bodies everything(const Bodies& target) const {
        auto out = target;
        for (const auto& [id, body] : drafted())
            out.emplace(id, body);
        return out;
    }

    std::map<ObjectId, Kept> objects_;
    std::vector<Bodies> versions_{{}};
    std::uint64_t records_ = 0;
};

ObjectId random_id() {
    return {*rc::gen::element<std::string>("service", "rule_set", "workload"),
            *rc::gen::element<std::string>("a", "b", "c")};
}

// Mostly right, at times not.
std::optional<std::uint64_t> random_expected(const Twin& twin, const ObjectId& id) {
    const auto kept = twin.objects().find(id);
    switch (*rc::gen::inRange(0, 8)) {
    case 0:
        return *rc::gen::inRange(0, 6);
    case 1:
        return kept == twin.objects().end() ? 0 : kept->second.revision;
    default:
        return std::nullopt;
    }
}

std::optional<std::uint64_t> random_base(const Twin& twin) {
    const auto base = *rc::gen::inRange(0, 6);
    return base == 0   ? std::optional(twin.newest())
           : base == 1 ? std::optional<std::uint64_t>(*rc::gen::inRange(0, 3))
                       : std::nullopt;
}

Change random_change(const Twin& twin) {
    std::map<ObjectId, Edit> edits;
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
        const auto id = random_id();
        edits[id] = *rc::gen::inRange(0, 4)
                        ? put(id, R"({"v":)" + std::to_string(*rc::gen::inRange(0, 3)) + "}")
                        : drop(id);
        edits[id].expected = random_expected(twin, id);
    }
    Change change{alice(), {}};
    for (const auto& [id, edit] : edits)
        change.edits.push_back(edit);
    return change;
}

Provision random_provision(const Twin& twin) {
    Provision request{.by = alice(), .base = random_base(twin)};
    if (*rc::gen::inRange(0, 2) == 0)
        return request;
    request.selection.emplace();
    for (int i = *rc::gen::inRange(1, 3); i > 0; --i) {
        auto id = random_id();
        if (is_provisioned(id))
            request.selection->push_back({id, random_expected(twin, id)});
    }
    return request;
}

template <typename T>
std::optional<Errc> code_of(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error().code);
}

Twin::Bodies bodies(const std::vector<Object>& objects) {
    Twin::Bodies out;
    for (const auto& object : objects)
        out[object.id] = object.body;
    return out;
}

void compare(const Store& store, const Twin& twin) {
    for (const char* kind : {"service", "rule_set", "workload"})
        for (const auto& object : must(store.objects(kind, {.limit = 0})).items) {
            RC_ASSERT(twin.objects().contains(object.id));
            RC_ASSERT(twin.objects().at(object.id).body == object.body);
            RC_ASSERT(twin.objects().at(object.id).revision == object.revision);
        }
    RC_ASSERT(bodies(must(store.contents(draft, {.limit = 0})).items) == twin.drafted());
    RC_ASSERT(must(store.newest()) == twin.newest());
    for (std::uint64_t v = 0; v <= twin.newest(); ++v)
        RC_ASSERT(bodies(must(store.contents(v, {.limit = 0})).items) == twin.version(v));
    RC_ASSERT(must(store.verify()).records == twin.records());
}

// Changes from one content to another lead from the one to the other.
void compare_changes(const Store& store, const Twin& twin, std::uint64_t from, std::uint64_t to) {
    auto content = twin.version(from);
    for (const auto& change : must(store.changes(from, to))) {
        RC_ASSERT(change.before != change.after);
        RC_ASSERT(content.contains(change.id) == change.before.has_value());
        if (change.after)
            content[change.id] = *change.after;
        else
            content.erase(change.id);
    }
    RC_ASSERT(content == (to == draft ? twin.drafted() : twin.version(to)));
}

void one_step(Store& store, Twin& twin) {
    switch (*rc::gen::inRange(0, 6)) {
    case 0: {
        const auto request = random_provision(twin);
        RC_ASSERT(code_of(store.provision(request)) == twin.provision(request));
        break;
    }
    case 1: {
        const Rollback request{.by = alice(),
                               .to = *rc::gen::inRange<std::uint64_t>(0, twin.newest() + 2),
                               .base = random_base(twin)};
        RC_ASSERT(code_of(store.rollback(request)) == twin.rollback(request));
        break;
    }
    default: {
        const auto change = random_change(twin);
        RC_ASSERT(code_of(store.commit(change)) == twin.commit(change));
    }
    }
}

RC_GTEST_PROP(StoreProperty, IsTheTwinAfterAnySequenceAndAfterReopening, ()) {
    const agent::testing::Scratch scratch;
    Twin twin;
    {
        const auto store = open_at(scratch.path("policy.db"));
        for (int steps = *rc::gen::inRange(1, 25); steps > 0; --steps)
            one_step(*store, twin);
        compare(*store, twin);
        const auto from = *rc::gen::inRange<std::uint64_t>(0, twin.newest() + 1);
        compare_changes(*store, twin, from, *rc::gen::inRange<std::uint64_t>(0, twin.newest() + 1));
        compare_changes(*store, twin, from, draft);
    }
    compare(*open_at(scratch.path("policy.db")), twin);
}

} // namespace
} // namespace ringwall::store
