// Tokens, users, and how often somebody may try.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "control/api/access.h"
#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

using namespace std::chrono_literals;

class ApiAccess : public ApiTest {
  protected:
    Answer put_user(const std::string& name, const std::string& spec) {
        return put("/users/" + name, fmt::format(R"({{"apiVersion":"ringwall/v1","kind":"User",)"
                                                 R"("metadata":{{"name":"{}"}},"spec":{}}})",
                                                 name, spec));
    }
    // A token of that user.
    Answer token_of(const std::string& user, const std::string& role) {
        return post("/tokens",
                    fmt::format(R"({{"name":"{0}-1","role":"{1}","user":"{0}"}})", user, role));
    }
};

TEST_F(ApiAccess, TheFirstTokenOwnsEverything) {
    const auto who = get("/whoami");
    EXPECT_EQ(who.status, 200U);
    EXPECT_EQ(who.json.at("name"), "token admin");
    EXPECT_EQ(who.json.at("role"), "owner");
    EXPECT_EQ(who.json.at("rights").as_array().size(), 6U);
}

TEST_F(ApiAccess, NoTokenOrABadOneIsRefused) {
    bearer.clear();
    const auto none = get("/workloads");
    EXPECT_EQ(none.status, 401U);
    EXPECT_EQ(none.headers.at("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(get("/workloads", {{"authorization", "Basic eDp5"}}).status, 401U);
    EXPECT_EQ(get("/workloads", {{"authorization", "Bearer "}}).status, 401U);
    bearer = owner_secret.substr(0, owner_secret.size() - 1);
    EXPECT_EQ(get("/workloads").status, 401U);
}

TEST_F(ApiAccess, ASecretIsShownOnceAndItsHashNever) {
    const auto made =
        post("/tokens", R"({"name":"ci","role":"editor","expires":"2030-01-01T00:00:00Z"})");
    ASSERT_EQ(made.status, 201U) << made.body;
    const std::string secret(made.json.at("secret").as_string());
    EXPECT_EQ(secret.size(), 46U);
    const auto hash = api::hash_of(secret);
    for (const auto* path : {"/tokens", "/tokens/ci", "/audit", "/audit?kind=Token"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, 200U);
        EXPECT_EQ(answer.body.find(hash), std::string::npos) << path;
        EXPECT_EQ(answer.body.find("sha256"), std::string::npos) << path;
        EXPECT_EQ(answer.body.find(secret), std::string::npos) << path;
    }
    EXPECT_EQ(made.body.find(hash), std::string::npos);
    bearer = secret;
    EXPECT_EQ(get("/whoami").json.at("name"), "token ci");
    EXPECT_EQ(get("/tokens").status, 403U);
}

TEST_F(ApiAccess, ATokenOfThatNameIsNotReplaced) {
    ASSERT_EQ(post("/tokens", R"({"name":"ci","role":"editor"})").status, 201U);
    const auto again = post("/tokens", R"({"name":"ci","role":"owner"})");
    EXPECT_EQ(again.status, 409U);
    EXPECT_EQ(again.code(), "exists");
}

TEST_F(ApiAccess, ADryRunMakesNoToken) {
    const auto would = post("/tokens?dry_run=true", R"({"name":"ci","role":"editor"})");
    EXPECT_EQ(would.status, 200U) << would.body;
    EXPECT_EQ(would.json.at("edits").at(0).at("outcome"), "created");
    for (const auto* word : {"secret", "sha256"})
        EXPECT_EQ(would.body.find(word), std::string::npos) << would.body;
    EXPECT_EQ(get("/tokens/ci").status, 404U);
    EXPECT_EQ(post("/tokens?dry_run=true", R"({"name":"ci","role":"root"})").status, 422U);
}

TEST_F(ApiAccess, FaultsOfANewTokenAreNamed) {
    const auto bad = post(
        "/tokens", R"({"name":"-x","role":"root","scop":{},"expires":"soon","user":"nobody"})");
    EXPECT_EQ(bad.status, 422U);
    EXPECT_EQ(bad.sentences().size(), 4U) << bad.body;
    EXPECT_NE(bad.body.find("did you mean \\\"scope\\\"?"), std::string::npos) << bad.body;
    EXPECT_EQ(post("/tokens", R"({"name":"x","role":"viewer","user":"nobody"})").status, 422U);
    EXPECT_EQ(
        post("/tokens", R"({"name":"x","role":"viewer","expires":"2020-01-01T00:00:00Z"})").status,
        422U);
}

TEST_F(ApiAccess, ATokenEndsWhenItExpires) {
    become("ci", "viewer");
    const auto token = get("/whoami");
    be_owner();
    ASSERT_EQ(put("/tokens/ci",
                  R"({"apiVersion":"ringwall/v1","kind":"Token","metadata":{"name":"ci"},)"
                  R"("spec":{"role":"viewer","expires":"2027-01-15T09:00:30Z"}})")
                  .status,
              200U);
    become("other", "viewer");
    be_owner();
    const auto secret =
        post("/tokens", R"({"name":"short","role":"viewer","expires":"2027-01-15T09:10:00Z"})");
    ASSERT_EQ(secret.status, 201U) << secret.body;
    bearer = std::string(secret.json.at("secret").as_string());
    EXPECT_EQ(get("/whoami").status, 200U);
    fleet.pass(600s);
    const auto late = get("/whoami");
    EXPECT_EQ(late.status, 401U);
    EXPECT_NE(late.detail().find("expired at 2027-01-15T09:10:00"), std::string::npos)
        << late.detail();
}

TEST_F(ApiAccess, ChangingATokenKeepsItsSecret) {
    become("ci", "viewer");
    const auto secret = bearer;
    be_owner();
    const auto changed =
        put("/tokens/ci", R"({"apiVersion":"ringwall/v1","kind":"Token","metadata":{"name":"ci"},)"
                          R"("spec":{"role":"editor"}})");
    EXPECT_EQ(changed.status, 200U) << changed.body;
    EXPECT_EQ(changed.json.at("edits").at(0).at("differences").as_array().size(), 1U)
        << changed.body;
    bearer = secret;
    EXPECT_EQ(get("/whoami").json.at("role"), "editor");
    be_owner();
    EXPECT_EQ(remove("/tokens/ci").status, 200U);
    bearer = secret;
    EXPECT_EQ(get("/whoami").status, 401U);
}

TEST_F(ApiAccess, TokensAreMadeByPostAlone) {
    const auto answer = put(
        "/tokens/new", R"({"apiVersion":"ringwall/v1","kind":"Token","metadata":{"name":"new"},)"
                       R"("spec":{"role":"viewer"}})");
    EXPECT_EQ(answer.status, 404U);
    const auto hash =
        put("/tokens/admin",
            R"({"apiVersion":"ringwall/v1","kind":"Token","metadata":{"name":"admin"},)"
            R"("spec":{"role":"owner","sha256":"00"}})");
    EXPECT_EQ(hash.status, 422U);
}

TEST_F(ApiAccess, ATokenIsNotGivenToAUserThatIsNotThere) {
    become("ci", "viewer");
    be_owner();
    EXPECT_EQ(put("/tokens/ci", R"({"apiVersion":"ringwall/v1","kind":"Token",)"
                                R"("metadata":{"name":"ci"},"spec":{"role":"viewer","user":"x"}})")
                  .status,
              422U);
}

TEST_F(ApiAccess, RolesBoundWhatOneDoes) {
    const auto web = workload("web-1", R"({"app":"x"})", "10.0.0.1");
    const auto status = [&](const char* role) {
        become(std::string("as-") + role, role);
        return std::vector<unsigned>{
            get("/workloads").status,
            put("/workloads/web-1", web).status,
            post("/workloads/mode", R"({"names":["web-1"],"mode":"idle"})").status,
            post("/provision", "{}").status,
            get("/users").status,
            put("/freeze", R"({"reason":"x"})").status,
        };
    };
    using Statuses = std::vector<unsigned>;
    EXPECT_EQ(status("editor"), (Statuses{200, 201, 200, 403, 403, 403}));
    EXPECT_EQ(status("viewer"), (Statuses{200, 403, 403, 403, 403, 403}));
    EXPECT_EQ(status("provisioner"), (Statuses{200, 403, 200, 409, 403, 403}));
    EXPECT_EQ(status("admin"), (Statuses{200, 200, 200, 409, 200, 200}));
}

TEST_F(ApiAccess, NobodyGivesOrTakesRightsThatHeDoesNotHave) {
    become("boss", "admin");
    EXPECT_EQ(post("/tokens", R"({"name":"x","role":"owner"})").status, 403U);
    EXPECT_EQ(remove("/tokens/admin").status, 403U);
    EXPECT_EQ(put_user("root", R"({"role":"owner"})").status, 403U);
    EXPECT_EQ(post("/tokens", R"({"name":"y","role":"admin"})").status, 201U);
    become("narrow", "admin", R"({"app":["Payments"]})");
    EXPECT_EQ(post("/tokens", R"({"name":"z","role":"viewer"})").status, 403U);
    EXPECT_EQ(post("/tokens", R"({"name":"z","role":"viewer","scope":{"app":["Payments","Shop"]}})")
                  .status,
              403U);
    EXPECT_EQ(post("/tokens",
                   R"({"name":"z","role":"editor","scope":{"app":["Payments"],"env":["Dev"]}})")
                  .status,
              201U);
    EXPECT_EQ(remove("/tokens/y").status, 403U);
    EXPECT_EQ(remove("/tokens/z").status, 200U);
}

TEST_F(ApiAccess, TheLastOwnerStays) {
    EXPECT_EQ(remove("/tokens/admin").status, 409U);
    EXPECT_EQ(put("/tokens/admin",
                  R"({"apiVersion":"ringwall/v1","kind":"Token","metadata":{"name":"admin"},)"
                  R"("spec":{"role":"viewer"}})")
                  .status,
              409U);
    become("second", "owner");
    EXPECT_EQ(remove("/tokens/admin").status, 200U);
    EXPECT_EQ(remove("/tokens/second").status, 409U);
}

TEST_F(ApiAccess, ATokenOfAUserHasAtMostItsRights) {
    EXPECT_EQ(
        put_user("alice", R"({"role":"editor","scope":{"app":["Payments"]},"full_name":"Alice"})")
            .status,
        201U);
    const auto made = token_of("alice", "provisioner");
    ASSERT_EQ(made.status, 201U) << made.body;
    bearer = std::string(made.json.at("secret").as_string());
    const auto who = get("/whoami");
    EXPECT_EQ(who.json.at("name"), "alice");
    EXPECT_EQ(who.json.at("rights"), boost::json::parse(R"(["read","modes"])"));
    EXPECT_EQ(who.json.at("scope"), boost::json::parse(R"({"app":["Payments"]})"));
    const auto alice = bearer;
    be_owner();
    EXPECT_EQ(put_user("alice", R"({"role":"editor","disabled":true})").status, 200U);
    bearer = alice;
    EXPECT_EQ(get("/whoami").status, 401U);
    be_owner();
    EXPECT_EQ(put_user("alice", R"({"role":"editor"})").status, 200U);
    bearer = alice;
    EXPECT_EQ(get("/whoami").status, 200U);
    be_owner();
    EXPECT_EQ(remove("/users/alice").status, 200U);
    bearer = alice;
    EXPECT_EQ(get("/whoami").status, 401U);
}

TEST_F(ApiAccess, TheAuditLogNamesTheUserAndTheAddress) {
    ASSERT_EQ(put_user("alice", R"({"role":"editor"})").status, 201U);
    const auto made = token_of("alice", "editor");
    bearer = std::string(made.json.at("secret").as_string());
    client = "198.51.100.9";
    ASSERT_EQ(put("/workloads/web-1", workload("web-1", R"({"app":"x"})", "10.0.0.1")).status,
              201U);
    const auto audit = get("/audit?actor=alice");
    ASSERT_EQ(audit.json.at("total"), 1);
    EXPECT_EQ(audit.json.at("items").at(0).at("origin"), "198.51.100.9");
    EXPECT_EQ(audit.json.at("items").at(0).at("kind"), "Workload");
}

TEST_F(ApiAccess, RightsEndWithTheRequestThatTakesThem) {
    become("ci", "editor");
    const auto ci = bearer;
    EXPECT_EQ(get("/whoami").status, 200U);
    be_owner();
    EXPECT_EQ(remove("/tokens/ci?dry_run=true").status, 200U);
    bearer = ci;
    EXPECT_EQ(get("/whoami").status, 200U);
}

// ---- Rates

TEST_F(ApiAccess, GuessingIsSlow) {
    bearer = "rw_wrong";
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(get("/whoami").status, 401U);
    EXPECT_EQ(get("/whoami").status, 429U);
    be_owner();
    const auto held_up = get("/whoami");
    EXPECT_EQ(held_up.status, 429U);
    EXPECT_EQ(held_up.headers.at("Retry-After"), "1");
    client = "192.0.2.8";
    EXPECT_EQ(get("/whoami").status, 200U) << "others are not held up";
    client = "192.0.2.7";
    fleet.pass(1000ms);
    EXPECT_EQ(get("/whoami").status, 200U);
}

TEST_F(ApiAccess, AnIpv6NetworkCountsAsOne) {
    bearer = "rw_wrong";
    for (int i = 1; i <= 5; ++i) {
        client = fmt::format("2001:db8:1:2::{}", i);
        EXPECT_EQ(get("/whoami").status, 401U);
    }
    client = "2001:db8:1:2:ffff::1";
    EXPECT_EQ(get("/whoami").status, 429U);
    client = "2001:db8:1:3::1";
    EXPECT_EQ(get("/whoami").status, 401U);
}

TEST_F(ApiAccess, RequestsAreCountedByAddressAndByToken) {
    api_options.by_address = {.per_second = 10, .burst = 3};
    api_options.by_token = {.per_second = 10, .burst = 5};
    restart_api();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(get("/whoami").status, 200U);
    EXPECT_EQ(get("/whoami").status, 429U);
    EXPECT_EQ(send("GET", "/healthz").status, 200U) << "probes always get an answer";
    client = "192.0.2.8";
    EXPECT_EQ(get("/whoami").status, 200U);
    EXPECT_EQ(get("/whoami").status, 200U);
    const auto token = get("/whoami");
    EXPECT_EQ(token.status, 429U);
    EXPECT_NE(token.detail().find("with this token"), std::string::npos);
    fleet.pass(1000ms);
    EXPECT_EQ(get("/whoami").status, 200U);
}

} // namespace
} // namespace ringwall::api_test
