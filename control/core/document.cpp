#include "control/core/document.h"

#include <algorithm>
#include <array>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "common/time.h"
#include "control/model/nearest.h"
#include "control/policy/json.h"
#include "control/policy/objects.h"

namespace ringwall::core {
namespace {

namespace json = boost::json;

constexpr std::string_view api_version = "ringwall/v1";
constexpr std::array<KindInfo, 9> table{{
    {"workload", "Workload", "workloads", false, true},
    {"service", "Service", "services", true, true},
    {"address_list", "AddressList", "address-lists", true, true},
    {"label_group", "LabelGroup", "label-groups", true, true},
    {"rule_set", "RuleSet", "rule-sets", true, true},
    {"pairing_profile", "PairingProfile", "pairing-profiles", false, false},
    {"user", "User", "users", false, false},
    {"token", "Token", "tokens", false, false},
    {"agent", "Agent", "agents", false, false},
}};

template <typename Field>
const KindInfo* find(Field field, std::string_view value) {
    const auto found = std::ranges::find(table, value, field);
    return found == table.end() ? nullptr : &*found;
}

// Reads documents one after the other into one policy.
class Reader {
  public:
    void read(const json::value& document, const std::string& kind, const std::string& name) {
        const auto tree = policy::from_json(document);
        policy::Context context(fmt::format("{}/{}", kind, name), tree.pointers, problems_);
        policy::read_document(context, tree.root, policy_);
    }
    void read(const Body& object) {
        read(document(object.id, object.spec), std::string(kind_of_store(object.id.kind)->document),
             object.id.name);
    }
    // A fleet has many hosts, so none can be guessed for a cgroup.
    void require_hosts() {
        for (const auto& workload : policy_.workloads)
            if (!workload.cgroup.empty() && workload.managed && workload.host.empty())
                problems_.push_back({workload.place,
                                     "the cgroup needs a host: name the workload whose agent "
                                     "enforces it, such as host: web-1"});
    }
    std::expected<model::Policy, std::vector<Fault>> finish() {
        if (problems_.empty())
            return std::move(policy_);
        return std::unexpected(faults_of(problems_));
    }

  private:
    model::Policy policy_;
    std::vector<model::Problem> problems_;
};

std::vector<Fault> one_fault(std::string pointer, std::string sentence,
                             store::ObjectId object = {}) {
    return {Fault{std::move(object), std::move(pointer), std::move(sentence)}};
}

std::vector<std::string> policy_kinds() {
    std::vector<std::string> out;
    for (const auto& kind : table)
        if (kind.policy)
            out.emplace_back(kind.document);
    return out;
}

const json::value* member(const json::object& object, std::string_view key) {
    return object.if_contains(key);
}

std::expected<const KindInfo*, std::vector<Fault>> kind_in(const json::object& document) {
    const json::value* kind = member(document, "kind");
    if (!kind || !kind->is_string())
        return std::unexpected(
            one_fault("/kind", "the document needs a kind; write \"kind\": \"Workload\""));
    const KindInfo* info = kind_of_document(kind->get_string());
    if (info && info->policy)
        return info;
    const std::string given(kind->get_string());
    return std::unexpected(one_fault(
        "/kind", fmt::format("unknown kind \"{}\"; {}", given.substr(0, 60),
                             model::did_you_mean(given, policy_kinds(),
                                                 "known are Workload, Service, AddressList, "
                                                 "LabelGroup, RuleSet"))));
}

struct Metadata {
    std::string name;
    std::optional<std::uint64_t> revision;
};

// What the API adds to `metadata` goes out again, so that what was got can be put back.
std::expected<Metadata, std::vector<Fault>> metadata_in(json::object& document) {
    json::value* metadata = document.if_contains("metadata");
    json::object* fields = metadata ? metadata->if_object() : nullptr;
    const json::value* name = fields ? member(*fields, "name") : nullptr;
    if (!name || !name->is_string())
        return std::unexpected(
            one_fault("/metadata/name",
                      "the document needs a name; write \"metadata\": {\"name\": \"web-1\"}"));
    Metadata out{std::string(name->get_string()), {}};
    if (const json::value* revision = member(*fields, "revision")) {
        boost::system::error_code error;
        out.revision = revision->to_number<std::uint64_t>(error);
        if (error)
            return std::unexpected(one_fault("/metadata/revision",
                                             "the revision is the whole number that the controller "
                                             "gave; repeat it, or leave it out"));
    }
    for (const char* given : {"revision", "created", "changed"})
        fields->erase(given);
    return out;
}

} // namespace

std::span<const KindInfo> kinds() {
    return table;
}

const KindInfo* kind_of_store(std::string_view kind) {
    return find(&KindInfo::store, kind);
}

const KindInfo* kind_of_document(std::string_view kind) {
    return find(&KindInfo::document, kind);
}

const KindInfo* kind_of_path(std::string_view path) {
    return find(&KindInfo::path, path);
}

json::object document(const store::ObjectId& id, const std::string& body) {
    const KindInfo* kind = kind_of_store(id.kind);
    json::object out;
    out["apiVersion"] = api_version;
    out["kind"] = kind ? kind->document : std::string_view(id.kind);
    out["metadata"] = json::object{{"name", id.name}};
    out["spec"] = json::parse(body);
    return out;
}

json::object document(const store::Object& object) {
    auto out = document(object.id, object.body);
    auto& metadata = out["metadata"].as_object();
    metadata["revision"] = object.revision;
    metadata["created"] = rfc3339(object.created_ns);
    metadata["changed"] = rfc3339(object.changed_ns);
    return out;
}

std::expected<store::Edit, std::vector<Fault>> edit_of(const json::value& given) {
    if (!given.is_object())
        return std::unexpected(one_fault("", "a document is a JSON object with apiVersion, kind, "
                                             "metadata and spec"));
    json::object copy = given.get_object();
    const auto kind = kind_in(copy);
    if (!kind)
        return std::unexpected(kind.error());
    const auto metadata = metadata_in(copy);
    if (!metadata)
        return std::unexpected(metadata.error());
    Reader reader;
    reader.read(copy, std::string((*kind)->document), metadata->name);
    reader.require_hosts();
    if (auto read = reader.finish(); !read)
        return std::unexpected(read.error());
    return store::Edit{
        {std::string((*kind)->store), metadata->name}, copy.at("spec"), metadata->revision};
}

std::expected<model::Policy, std::vector<Fault>> model_of(const std::vector<Body>& objects) {
    Reader reader;
    for (const auto& object : objects)
        reader.read(object);
    reader.require_hosts();
    return reader.finish();
}

// A place reads "RuleSet/payments#/spec/rules/0".
Fault fault_at(std::string_view place, std::string sentence) {
    Fault out{{}, {}, std::move(sentence)};
    const auto hash = place.find('#');
    const auto slash = place.find('/');
    if (hash == std::string_view::npos || slash > hash)
        return out;
    if (const KindInfo* kind = kind_of_document(place.substr(0, slash)))
        out.object = {std::string(kind->store),
                      std::string(place.substr(slash + 1, hash - slash - 1))};
    out.pointer = place.substr(hash + 1);
    return out;
}

std::vector<Fault> faults_of(const std::vector<model::Problem>& problems) {
    std::vector<Fault> out;
    for (const auto& problem : problems) {
        out.push_back(fault_at(problem.place.file, problem.message));
        out.back().warning = problem.severity == model::Severity::warning;
    }
    return out;
}

} // namespace ringwall::core
