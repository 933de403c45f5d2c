// The web UI's files over HTTP.
#include "control/ui/site.h"

#include <gtest/gtest.h>

#include "tests/unit/scratch.h"

namespace ringwall::ui {
namespace {

using agent::testing::Scratch;

std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
        if (key == name)
            return value;
    return {};
}

class UiSite : public testing::Test {
  protected:
    UiSite() {
        std::filesystem::create_directories(scratch.path("dist/assets"));
        write("dist/index.html", "<!doctype html>");
        write("dist/assets/index-1a2b.js", "import './x'");
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(scratch.path(name)) << text;
    }
    Site site() {
        auto made = Site::of_folder(scratch.path("dist"));
        EXPECT_TRUE(made) << made.error();
        return std::move(*made);
    }
    static http::Response get(const Site& site, const std::string& target,
                              std::map<std::string, std::string> headers = {},
                              const std::string& method = "GET") {
        return site.answer({method, target, std::move(headers), {}, {}, {}});
    }

    Scratch scratch;
};

TEST_F(UiSite, ServesItsFilesAndNothingBesideThem) {
    const auto all = site();
    const auto index = get(all, "/ui/?x=1");
    EXPECT_EQ(index.status, 200U);
    EXPECT_EQ(index.body, "<!doctype html>");
    EXPECT_EQ(header(index, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header(index, "Cache-Control"), "no-cache");
    const auto script = get(all, "/ui/assets/index-1a2b.js");
    EXPECT_EQ(header(script, "Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_NE(header(script, "Cache-Control").find("immutable"), std::string::npos);
    write("secret", "not of the UI");
    for (const char* outside : {"/ui/../secret", "/ui/%2e%2e/secret", "/ui//secret", "/ui/assets"})
        EXPECT_EQ(get(all, outside).status, 404U) << outside;
}

TEST_F(UiSite, TellsTheBrowserToTrustNothingElse) {
    const auto answer = get(site(), "/ui/");
    const auto policy = header(answer, "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'self'"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
}

TEST_F(UiSite, WhatTheBrowserHasIsNotSentAgain) {
    const auto all = site();
    const auto etag = header(get(all, "/ui/"), "ETag");
    const auto again = get(all, "/ui/", {{"if-none-match", etag}});
    EXPECT_EQ(again.status, 304U);
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(get(all, "/ui/", {{"if-none-match", "\"other\""}}).status, 200U);
    EXPECT_TRUE(get(all, "/ui/", {}, "HEAD").body.empty());
}

TEST_F(UiSite, OwnsItsPlaceAndLeadsThere) {
    EXPECT_TRUE(Site::owns("/"));
    EXPECT_TRUE(Site::owns("/ui?x"));
    EXPECT_TRUE(Site::owns("/ui/assets/x.js"));
    EXPECT_FALSE(Site::owns("/api/v1/flows"));
    EXPECT_FALSE(Site::owns("/uix"));
    const auto all = site();
    EXPECT_EQ(get(all, "/").status, 308U);
    EXPECT_EQ(header(get(all, "/ui"), "Location"), "/ui/");
    EXPECT_EQ(get(all, "/ui/", {}, "POST").status, 405U);
}

TEST_F(UiSite, RefusesAFolderThatIsNoUi) {
    EXPECT_NE(Site::of_folder(scratch.path("missing")).error().find("--ui-dir"), std::string::npos);
    std::filesystem::remove(scratch.path("dist/index.html"));
    EXPECT_NE(Site::of_folder(scratch.path("dist")).error().find("no index.html"),
              std::string::npos);
}

// What is built in is the same files, and compressed for who takes it.
TEST(UiEmbedded, IsWhole) {
    const auto site = Site::embedded();
    if (site.files() == 0)
        GTEST_SKIP() << "built without the web UI";
    const auto plain = site.answer({"GET", "/ui/", {}, {}, {}, {}});
    EXPECT_EQ(plain.status, 200U);
    EXPECT_NE(plain.body.find("<script"), std::string::npos);
    const auto packed = site.answer({"GET", "/ui/", {{"accept-encoding", "gzip, br"}}, {}, {}, {}});
    EXPECT_EQ(header(packed, "Content-Encoding"), "gzip");
    EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
}

} // namespace
} // namespace ringwall::ui
