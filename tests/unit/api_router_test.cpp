// Addresses, methods, and that the endpoints are those of the OpenAPI document.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "control/api/endpoint.h"
#include "control/api/openapi.h"
#include "tests/unit/api_contract.h"
#include "tests/unit/api_world.h"

namespace ringwall::api_test {
namespace {

using ApiRouter = ApiTest;

TEST_F(ApiRouter, TheEndpointsAreThoseOfTheDocument) {
    std::vector<Contract::Operation> here, written = Contract().operations();
    for (const auto& endpoint : api::endpoints())
        here.push_back(
            {std::string(endpoint.method), endpoint.pattern,
             endpoint.credential == api::Credential::none ? "" : api::role_for(endpoint.right)});
    std::ranges::sort(here);
    std::ranges::sort(written);
    EXPECT_EQ(here.size(), written.size());
    for (const auto& one : here)
        EXPECT_TRUE(std::ranges::binary_search(written, one))
            << one.method << " " << one.path << " " << one.role << " is not written down so";
    for (const auto& one : written)
        EXPECT_TRUE(std::ranges::binary_search(here, one))
            << one.method << " " << one.path << " " << one.role << " is not there";
}

TEST_F(ApiRouter, TheExamplesOfTheDocumentFitTheirSchemas) {
    Contract contract;
    int seen = 0;
    const auto document = api::openapi_document();
    for (const auto& path : document.at("paths").as_object())
        for (const auto& entry : path.value().as_object()) {
            if (!entry.value().is_object() || !entry.value().as_object().contains("requestBody"))
                continue;
            const auto& content =
                entry.value().at("requestBody").at("content").at("application/json");
            if (!content.as_object().contains("example"))
                continue;
            ++seen;
            auto place = api::pointer_to("/paths", std::string_view(path.key()));
            place = api::pointer_to(place, std::string_view(entry.key()));
            for (const auto& complaint :
                 contract.fits(place + "/requestBody/content/application~1json/schema",
                               boost::json::serialize(content.at("example"))))
                ADD_FAILURE() << complaint;
        }
    EXPECT_GE(seen, 20);
}

TEST_F(ApiRouter, EveryReferenceOfTheDocumentLeadsSomewhere) {
    const auto document = api::openapi_document();
    int seen = 0;
    const std::function<void(const boost::json::value&)> walk = [&](const auto& value) {
        if (const auto* items = value.if_array())
            for (const auto& item : *items)
                walk(item);
        if (const auto* members = value.if_object())
            for (const auto& member : *members) {
                walk(member.value());
                if (member.key() != "$ref" || !member.value().is_string())
                    continue;
                ++seen;
                boost::system::error_code error;
                document.find_pointer(member.value().as_string().subview(1), error);
                EXPECT_FALSE(error) << member.value().as_string();
            }
    };
    walk(document);
    EXPECT_GT(seen, 300);
}

TEST_F(ApiRouter, ServesTheDocumentWithoutAToken) {
    bearer.clear();
    const auto answer = get("/openapi.json");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.json, api::openapi_document());
}

TEST_F(ApiRouter, UnknownAddressesAreNotFound) {
    for (const char* path : {"/", "/api", "/api/v1", "/api/v1/workload", "/api/v2/workloads",
                             "/api/v1/workloads/a/b", "/api/v1/workloads/", "/metrics/x"})
        EXPECT_EQ(send("GET", path).status, 404U) << path;
    EXPECT_EQ(send("GET", "/api/v1/%ff").status, 400U);
}

TEST_F(ApiRouter, AWrongMethodIsToldTheRightOnes) {
    const auto answer = send("PATCH", "/api/v1/workloads/web-1");
    EXPECT_EQ(answer.status, 405U);
    EXPECT_EQ(answer.headers.at("Allow"), "DELETE, GET, HEAD, PUT");
    EXPECT_EQ(send("DELETE", "/api/v1/tokens").headers.at("Allow"), "GET, HEAD, POST");
    EXPECT_EQ(send("OPTIONS", "/api/v1/apply").headers.at("Allow"), "POST");
}

TEST_F(ApiRouter, AWordMayBeANameToo) {
    ASSERT_EQ(put("/workloads/mode", workload("mode", R"({"app":"x"})", "10.0.0.9")).status, 201U);
    EXPECT_EQ(get("/workloads/mode").json.at("metadata").at("name"), "mode");
}

TEST_F(ApiRouter, HeadIsGetWithoutItsBody) {
    const auto answer = send("HEAD", "/api/v1/workloads");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_TRUE(answer.body.empty());
}

TEST_F(ApiRouter, AnswersAreNotToBeKept) {
    EXPECT_EQ(get("/whoami").headers.at("Cache-Control"), "no-store");
}

TEST_F(ApiRouter, BodiesAreJsonOfABoundedSize) {
    http::Request request{"POST", "/api/v1/apply", {{"authorization", "Bearer " + bearer}},
                          "x",    client,          ""};
    unsigned status = 0;
    running->handle(request, [&](const http::Response& out) { status = out.status; });
    EXPECT_EQ(status, 415U);
    EXPECT_EQ(post("/apply", "{", {}).status, 400U);
    const auto bad = post("/apply", R"({"documents": [], "documents": []})");
    EXPECT_EQ(bad.code(), "malformed");
    EXPECT_NE(bad.detail().find("byte 28"), std::string::npos) << bad.detail();
    std::string large;
    large.resize(9'000'000, ' ');
    large += "{}";
    EXPECT_EQ(post("/apply", large).status, 413U);
    EXPECT_EQ(post("/why", std::string(70'000, '[')).status, 413U);
    EXPECT_EQ(post("/apply", std::string(1'000'000, '[')).status, 400U);
    EXPECT_EQ(post("/why", "\"\xff\"").status, 400U);
}

} // namespace
} // namespace ringwall::api_test
