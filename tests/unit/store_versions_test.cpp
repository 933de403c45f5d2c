// Draft, provisioned, numbered, rolled back.
#include <filesystem>

#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;
using Names = std::vector<std::string>;

class StoreVersions : public StoreTest {
  protected:
    Result<Version> provision_only(std::vector<Selected> selection) {
        return store_->provision({.by = alice(), .selection = std::move(selection)});
    }
    std::vector<ObjectChange> pending() {
        return must(store_->changes(must(store_->newest()), draft));
    }
};

TEST_F(StoreVersions, ADraftActsOnlyWhenItIsProvisioned) {
    commit({put(dns, "{}"), put(host, "{}")});
    EXPECT_EQ(must(store_->newest()), 0U);
    EXPECT_EQ(names(draft), Names{"service dns"});
    EXPECT_EQ(names(0), Names{});
    const auto version = provision("first");
    EXPECT_EQ(version.number, 1U);
    EXPECT_EQ(version.note, "first");
    EXPECT_EQ(version.actor, "alice");
    EXPECT_EQ(version.changes, 1U);
    EXPECT_EQ(names(1), Names{"service dns"});
    EXPECT_EQ(must(store_->version(1)), version);
    EXPECT_TRUE(pending().empty());
}

TEST_F(StoreVersions, AVersionNeverChanges) {
    commit({put(dns, R"({"v":1})"), put(web, "{}")});
    provision();
    const auto first = contents(1);
    commit({put(dns, R"({"v":2})"), drop(web), put(payments, "{}")});
    EXPECT_EQ(contents(1), first);
    provision();
    reopen();
    EXPECT_EQ(contents(1), first);
    EXPECT_EQ(names(2), (Names{"rule_set payments", "service dns"}));
    EXPECT_EQ(contents(2)[1].body, R"({"v":2})");
}

TEST_F(StoreVersions, WhatIsPendingIsNamedWithBothSides) {
    commit({put(dns, R"({"v":1})"), put(web, "{}")});
    provision();
    const auto receipt = commit({put(dns, R"({"v":2})"), drop(web), put(payments, "{}")});
    const std::vector<ObjectChange> expected{
        {payments, std::nullopt, "{}", receipt.edits[2].revision},
        {dns, R"({"v":1})", R"({"v":2})", receipt.edits[0].revision},
        {web, "{}", std::nullopt, 0}};
    EXPECT_EQ(pending(), expected);
    provision();
    EXPECT_EQ(must(store_->changes(1, 2)), expected);
    EXPECT_EQ(must(store_->changes(2, 2)), std::vector<ObjectChange>{});
    EXPECT_EQ(must(store_->changes(0, 2)).size(), 2U);
}

TEST_F(StoreVersions, AnEditTakenBackIsNotPending) {
    commit({put(dns, R"({"v":1})")});
    provision();
    commit({put(dns, R"({"v":2})")});
    commit({put(dns, R"({"v":1})")});
    EXPECT_TRUE(pending().empty());
    expect_error(store_->provision({.by = alice()}), Errc::nothing, "the draft is the active");
}

TEST_F(StoreVersions, OnlyTheSelectedObjectsAreProvisioned) {
    commit({put(dns, R"({"v":1})"), put(web, R"({"v":1})")});
    provision();
    commit({put(dns, R"({"v":2})"), drop(web), put(payments, "{}")});
    must(provision_only({{web}, {payments}}));
    EXPECT_EQ(names(2), (Names{"rule_set payments", "service dns"}));
    EXPECT_EQ(contents(2)[1].body, R"({"v":1})");
    EXPECT_EQ(pending().size(), 1U);
    expect_error(provision_only({{payments}}), Errc::nothing, "none of the selected");
    expect_error(provision_only({{{"service", "dnss"}}}), Errc::not_found, "service dnss");
}

TEST_F(StoreVersions, ADraftEditedAfterItsReviewIsNotProvisioned) {
    const auto reviewed = commit({put(dns, R"({"v":1})")}).edits[0].revision;
    commit({put(dns, R"({"v":2})")});
    expect_error(provision_only({{dns, reviewed}}), Errc::stale, "as reviewed");
    EXPECT_TRUE(provision_only({{dns, reviewed + 1}}));
    commit({drop(dns)});
    expect_error(provision_only({{dns, reviewed + 1}}), Errc::stale, "as reviewed");
    EXPECT_TRUE(provision_only({{dns, 0}}));
}

TEST_F(StoreVersions, AProvisionBasedOnAnOlderVersionConflicts) {
    commit({put(dns, "{}")});
    must(store_->provision({.by = alice(), .base = 0}));
    commit({put(web, "{}")});
    expect_error(store_->provision({.by = alice(), .base = 0}), Errc::conflict,
                 "version 1 was provisioned meanwhile, this is based on version 0");
    expect_error(store_->rollback({.by = alice(), .to = 1, .base = 0}), Errc::conflict,
                 "version 1");
    EXPECT_EQ(must(store_->provision({.by = alice(), .base = 1})).number, 2U);
}

TEST_F(StoreVersions, NothingToProvisionIsASentence) {
    expect_error(store_->provision({.by = alice()}), Errc::nothing, "nothing to provision");
    commit({put(host, "{}")});
    expect_error(store_->provision({.by = alice()}), Errc::nothing, "nothing to provision");
    EXPECT_EQ(must(store_->newest()), 0U);
}

TEST_F(StoreVersions, ARollbackIsANewVersionWithTheOldContentAndResetsTheDraft) {
    commit({put(dns, R"({"v":1})"), put(web, "{}"), put(host, R"({"mode":"idle"})")});
    provision();
    commit(
        {put(dns, R"({"v":2})"), drop(web), put(payments, "{}"), put(host, R"({"mode":"full"})")});
    provision();
    commit({put(dns, R"({"v":3})")});
    const auto version = must(store_->rollback({.by = alice(), .to = 1, .note = "outage"}));
    EXPECT_EQ(version.number, 3U);
    EXPECT_EQ(version.rollback_to, 1U);
    EXPECT_EQ(version.changes, 3U);
    EXPECT_TRUE(must(store_->changes(1, 3)).empty());
    EXPECT_TRUE(must(store_->changes(3, draft)).empty());
    EXPECT_EQ(body(host), R"({"mode":"full"})");
    EXPECT_TRUE(store_->verify());
}

TEST_F(StoreVersions, ARollbackToTheNewestVersionDropsTheDraft) {
    commit({put(dns, R"({"v":1})")});
    provision();
    commit({put(dns, R"({"v":2})")});
    EXPECT_EQ(must(store_->rollback({.by = alice(), .to = 1})).changes, 0U);
    EXPECT_EQ(body(dns), R"({"v":1})");
    expect_error(store_->rollback({.by = alice(), .to = 1}), Errc::nothing,
                 "the content of version 1 already");
}

TEST_F(StoreVersions, AVersionThatIsNotThereIsNamed) {
    expect_error(store_->version(7), Errc::not_found, "nothing was provisioned yet");
    commit({put(dns, "{}")});
    provision();
    expect_error(store_->contents(7, {}), Errc::not_found, "no version 7; the newest is 1");
    expect_error(store_->changes(7, draft), Errc::not_found, "no version 7");
    expect_error(store_->rollback({.by = alice(), .to = 7}), Errc::not_found, "no version 7");
    expect_error(store_->rollback({.by = alice(), .to = 0}), Errc::not_found, "no version 0");
    expect_error(store_->version(0), Errc::not_found, "no versions");
}

TEST_F(StoreVersions, ARepeatedProvisionWithAKeyIsTheSameVersion) {
    commit({put(dns, R"({"v":1})")});
    const Provision request{.by = alice("p-1"), .note = "n"};
    const auto version = must(store_->provision(request));
    commit({put(dns, R"({"v":2})")});
    EXPECT_EQ(must(store_->provision(request)), version);
    EXPECT_EQ(must(store_->newest()), 1U);
    const Rollback back{.by = alice("r-1"), .to = 1};
    EXPECT_EQ(must(store_->rollback(back)), must(store_->rollback(back)));
}

TEST_F(StoreVersions, AVersionCostsWhatItChangesNotWhatItHolds) {
    std::vector<Edit> edits;
    for (int i = 0; i < 1000; ++i)
        edits.push_back(put({"service", "s" + std::to_string(i)}, R"({"ports":[1,2,3],"v":0})"));
    commit(edits);
    provision();
    const auto one = std::filesystem::file_size(path_);
    for (int v = 1; v < 200; ++v) {
        commit({put({"service", "s" + std::to_string(v)}, R"({"v":)" + std::to_string(v) + "}")});
        provision();
    }
    EXPECT_EQ(contents(1).size(), 1000U);
    EXPECT_EQ(contents(200)[0].body, R"({"ports":[1,2,3],"v":0})");
    store_.reset(); // the WAL goes into the file
    // 200 versions, of 1,000 objects each, add less than 2 KiB a version.
    EXPECT_LT(std::filesystem::file_size(path_), one + (200 << 11));
}

} // namespace
} // namespace ringwall::store
