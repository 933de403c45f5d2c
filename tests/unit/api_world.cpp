#include "tests/unit/api_world.h"

#include <algorithm>
#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/unit/api_contract.h"

namespace ringwall::api_test {
namespace {

namespace json = boost::json;

Contract& contract() {
    static Contract one;
    return one;
}

std::string text_of(const json::value& object, const char* key) {
    const json::value* found = object.is_object() ? object.get_object().if_contains(key) : nullptr;
    return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

const json::array* list_of(const json::value& object, const char* key) {
    const json::value* found = object.is_object() ? object.get_object().if_contains(key) : nullptr;
    return found ? found->if_array() : nullptr;
}

} // namespace

std::string Answer::detail() const {
    return text_of(json, "detail");
}

std::string Answer::code() const {
    return text_of(json, "code");
}

std::vector<std::string> Answer::sentences() const {
    std::vector<std::string> out;
    for (const char* key : {"faults", "warnings"})
        if (const auto* list = list_of(json, key))
            for (const auto& fault : *list)
                out.push_back(text_of(fault, "sentence"));
    return out;
}

std::vector<std::string> Answer::names() const {
    std::vector<std::string> out;
    for (const char* key : {"items", "edits", "changes"})
        if (const auto* list = list_of(json, key))
            for (const auto& item : *list) {
                const json::value* metadata = item.as_object().if_contains("metadata");
                out.push_back(text_of(metadata ? *metadata : item, "name"));
            }
    return out;
}

bool Reader::send(std::string more) {
    if (!gone_)
        text += more;
    return !gone_;
}

void Reader::close() {
    gone_ = true;
    if (closed_)
        std::exchange(closed_, {})();
}

core::Result<Flows::Page> Flows::query(const api::FlowFilter&, const std::string& after,
                                       std::size_t limit) const {
    const std::size_t from = after.empty() ? kept.size() : std::stoul(after);
    Page out;
    for (std::size_t i = from; i > 0 && out.items.size() < limit; --i) {
        out.items.push_back(kept[i - 1]);
        out.next = i > 1 ? std::to_string(i - 1) : "";
    }
    return out;
}

core::Result<Flows::Missed> Flows::behind(std::uint64_t id, std::size_t most) const {
    Missed out;
    for (const auto& flow : kept)
        if (std::stoul(std::string(flow.at("id").as_string())) > id)
            out.flows.push_back(flow);
    out.more = out.flows.size() > most;
    if (out.more)
        out.flows.erase(out.flows.begin(), out.flows.end() - static_cast<std::ptrdiff_t>(most));
    return out;
}

std::shared_ptr<void> Flows::follow(std::function<void(const json::object&)> listener) {
    auto held = std::make_shared<Listener>(std::move(listener));
    listeners_.push_back(held);
    return held;
}

void Flows::arrive(const std::string& flow) {
    kept.push_back(json::parse(flow).as_object());
    for (const auto& one : listeners_)
        if (const auto listener = one.lock())
            (*listener)(kept.back());
}

ApiTest::ApiTest() {
    std::getline(std::ifstream(fleet.scratch.path("admin.token")), owner_secret);
    be_owner();
    api_options.temp_dir = fleet.scratch.path("");
    api_options.wall = [this] { return fleet.me().time_ns; };
    api_options.steady = [this] { return fleet.now(); };
    api_options.aside = [this](const std::function<void()>& work,
                               const std::function<void()>& done) {
        const auto both = [work, done] {
            work();
            done();
        };
        if (hold_beside)
            beside.emplace_back(both);
        else
            both();
    };
    api_options.flows = &flow_source;
    api_options.unready = [this] { return unready; };
    api_options.by_address = api_options.by_token = {.per_second = 1e6, .burst = 1e6};
    restart_api();
}

void ApiTest::restart_api() {
    running = std::make_unique<api::Api>(controller(), api_options);
}

Answer ApiTest::send(const std::string& method, const std::string& target, const std::string& body,
                     const Headers& headers) {
    http::Request request{method, target, headers, body, client, client_agent};
    if (!bearer.empty())
        request.headers.emplace("authorization", "Bearer " + bearer);
    if (!body.empty())
        request.headers.emplace("content-type", "application/json");
    // An answer may come when this function is over.
    const auto response = std::make_shared<std::optional<http::Response>>();
    running->handle(request, [response](http::Response out) {
        EXPECT_FALSE(*response) << "answered twice";
        *response = std::move(out);
    });
    fleet.settle();
    if (!*response)
        return {}; // it comes later
    const auto& got = **response;
    for (const auto& complaint : contract().check(request, got))
        ADD_FAILURE() << method << " " << target << ": " << complaint;
    Answer out{
        .status = got.status, .headers = {}, .json = {}, .body = got.body, .stream = got.stream};
    for (const auto& [name, value] : got.headers)
        out.headers.emplace(name, value);
    boost::system::error_code no_json;
    out.json = json::parse(got.body, no_json);
    return out;
}

Answer ApiTest::get(const std::string& target, const Headers& headers) {
    return send("GET", "/api/v1" + target, "", headers);
}

Answer ApiTest::put(const std::string& target, const std::string& body, const Headers& headers) {
    return send("PUT", "/api/v1" + target, body, headers);
}

Answer ApiTest::post(const std::string& target, const std::string& body, const Headers& headers) {
    return send("POST", "/api/v1" + target, body, headers);
}

Answer ApiTest::remove(const std::string& target, const Headers& headers) {
    return send("DELETE", "/api/v1" + target, "", headers);
}

void ApiTest::become(const std::string& name, const std::string& role, const std::string& scope) {
    be_owner();
    const auto made = post("/tokens", fmt::format(R"({{"name":"{}","role":"{}"{}}})", name, role,
                                                  scope.empty() ? "" : ",\"scope\":" + scope));
    ASSERT_EQ(made.status, 201U) << made.body;
    bearer = made.json.at("secret").as_string();
}

std::string workload(const std::string& name, const std::string& labels, const std::string& address,
                     const std::string& mode) {
    return fmt::format(
        R"({{"apiVersion":"ringwall/v1","kind":"Workload","metadata":{{"name":"{}"}},)"
        R"("spec":{{"labels":{},"addresses":["{}"],"mode":"{}"}}}})",
        name, labels, address, mode);
}

std::string rule_set(const std::string& name, const std::string& scopes, const std::string& to) {
    return fmt::format(
        R"({{"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{{"name":"{}"}},"spec":{{{})"
        R"("rules":[{{"name":"in","action":"allow","from":[{{"role":"Web"}}],"to":[{}],)"
        R"("services":[{{"proto":"tcp","ports":[8080]}}]}}]}}}})",
        name, scopes.empty() ? "" : "\"scopes\":" + scopes + ",", to);
}

} // namespace ringwall::api_test
