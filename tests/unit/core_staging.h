// A fleet of five with a version in force and another one written, for stories of staging.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/core_words.h"
#include "tests/unit/core_world.h"

namespace ringwall::core_test {

using core::Errc;
using Names = std::vector<std::string>;
using Order = std::vector<std::string>;

// The web server on its own, named by a rule.
inline constexpr const char* web_1_only = R"(
 {"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"payments"},
  "spec":{"rules":[
   {"name":"web-to-app","action":"allow",
    "from":[{"workload":"web-1"}],"to":[{"role":"App"}],"services":[{"service":"tomcat"}]}]}})";

class CoreStaging : public ::testing::Test {
  protected:
    CoreStaging() {
        app_1 = world.pair("app-1", app, "10.0.1.1");
        app_2 = world.pair("app-2", app, "10.0.1.2");
        web_1 = world.pair("web-1", web, "10.0.0.1");
        web_2 = world.pair("web-2", web, "10.0.0.2");
        db = world.pair("db-1", R"({"role":"DB","app":"Orders"})", "10.0.2.1");
        EXPECT_TRUE(world.apply(payments));
        world.provision();
        EXPECT_TRUE(world.apply(deny_all));
    }

    core::Result<core::Staged> stage(const std::string& note = "", bool dry_run = false) {
        auto done =
            world.controller().stage({.by = world.me(), .selection = {}, .note = note}, dry_run);
        world.settle();
        return done;
    }
    void unstage() {
        ASSERT_TRUE(world.controller().unstage(world.me()));
        world.settle();
    }
    static bool denies(const std::vector<std::string>& rules) {
        return !rules.empty() && rules[0].starts_with("payments/nobody");
    }
    static v1::Impact seen(std::uint64_t staging, std::uint64_t count) {
        v1::Impact out;
        out.set_staging(staging);
        auto& row = *out.add_rows();
        row.set_subject("app-1");
        row.set_count(count);
        return out;
    }
    Names staging_records() {
        Names out;
        const auto page = world.controller().store().audit({.kind = "staging"}, {.limit = 0});
        for (const auto& record : page->items)
            out.push_back(record.actor + (record.after ? " staged" : " took it off"));
        return out;
    }

    World world;
    std::shared_ptr<Host> app_1, app_2, web_1, web_2, db;
};

} // namespace ringwall::core_test
