// Objects: written, expected at a revision, all or nothing, once per idempotency key.
#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

class StoreCommit : public StoreTest {};

TEST_F(StoreCommit, WhatIsWrittenIsReadInItsCanonicalForm) {
    const auto by = alice();
    const auto receipt = must(store_->commit({by, {put(dns, R"({"b": 1, "a": [2]})")}}));
    ASSERT_EQ(receipt.edits.size(), 1U);
    EXPECT_EQ(receipt.edits[0].outcome, Outcome::created);
    const Object expected{dns, R"({"a":[2],"b":1})", receipt.edits[0].revision, by.time_ns,
                          by.time_ns};
    EXPECT_EQ(must(store_->object(dns)), expected);
}

TEST_F(StoreCommit, AChangeKeepsTheTimeOfCreationAndRaisesTheRevision) {
    commit({put(dns, R"({"v":1})")});
    const auto first = must(store_->object(dns));
    commit({put(dns, R"({"v":2})")});
    const auto second = must(store_->object(dns));
    EXPECT_EQ(second.created_ns, first.created_ns);
    EXPECT_GT(second.changed_ns, first.changed_ns);
    EXPECT_GT(second.revision, first.revision);
}

TEST_F(StoreCommit, WritingTheSameAgainChangesNothing) {
    commit({put(dns, R"({"a":1,"b":2})")});
    const auto before = must(store_->object(dns));
    const auto receipt = commit({put(dns, R"({"b":2,"a":1})")});
    EXPECT_EQ(receipt.edits[0].outcome, Outcome::unchanged);
    EXPECT_EQ(must(store_->object(dns)), before);
    EXPECT_EQ(audit().size(), 1U);
}

TEST_F(StoreCommit, ARevisionIsNeverUsedAgainNotEvenByAnObjectMadeAnew) {
    const auto first = commit({put(dns, "{}")}).edits[0].revision;
    const auto removal = commit({drop(dns)}).edits[0].revision;
    const auto second = commit({put(dns, "{}")}).edits[0].revision;
    EXPECT_LT(first, removal);
    EXPECT_LT(removal, second);
    expect_error(store_->commit({alice(), {put(dns, R"({"v":2})", first)}}), Errc::stale,
                 "service dns is at revision 3, not at 1");
}

TEST_F(StoreCommit, AnEditAtTheExpectedRevisionIsTaken) {
    const auto revision = commit({put(host, "{}", 0)}).edits[0].revision;
    EXPECT_EQ(commit({put(host, R"({"mode":"full"})", revision)}).edits[0].outcome,
              Outcome::changed);
    EXPECT_EQ(commit({drop(host, revision + 1)}).edits[0].outcome, Outcome::removed);
    expect_error(store_->object(host), Errc::not_found, "there is no workload app-uk-1");
}

TEST_F(StoreCommit, AnObjectThatMustNotExistIsNotOverwritten) {
    commit({put(dns, R"({"v":1})")});
    expect_error(store_->commit({alice(), {put(dns, R"({"v":2})", 0)}}), Errc::exists,
                 "service dns exists already, at revision 1");
    EXPECT_EQ(body(dns), R"({"v":1})");
}

TEST_F(StoreCommit, AnExpectedObjectThatIsGoneIsStale) {
    const auto revision = commit({put(dns, "{}")}).edits[0].revision;
    commit({drop(dns)});
    expect_error(store_->commit({alice(), {put(dns, "{}", revision)}}), Errc::stale,
                 "does not exist any more");
    expect_error(store_->commit({alice(), {drop(dns)}}), Errc::not_found, "service dns");
}

TEST_F(StoreCommit, OneBadEditLeavesNothingOfTheOthers) {
    commit({put(web, R"({"v":1})")});
    const auto before = audit();
    expect_error(
        store_->commit(
            {alice(), {put(dns, "{}"), put(web, R"({"v":2})"), drop(host), put(payments, "{}")}}),
        Errc::not_found, "workload app-uk-1");
    expect_error(store_->object(dns), Errc::not_found, "dns");
    EXPECT_EQ(body(web), R"({"v":1})");
    EXPECT_EQ(audit(), before);
}

TEST_F(StoreCommit, ARepeatedRequestWithAKeyIsAnsweredAndNotDoneAgain) {
    const auto by = alice("key-1");
    const Change change{by, {put(dns, R"({"v":1})"), put(host, "{}")}};
    const auto first = must(store_->commit(change));
    commit({put(dns, R"({"v":2})")});
    reopen();
    auto later = change;
    later.by.time_ns += 1000;
    EXPECT_EQ(must(store_->commit(later)), first);
    EXPECT_EQ(body(dns), R"({"v":2})");
}

TEST_F(StoreCommit, AKeyUsedForSomethingElseIsAnError) {
    must(store_->commit({alice("key-1"), {put(dns, R"({"v":1})")}}));
    expect_error(store_->commit({alice("key-1"), {put(dns, R"({"v":2})")}}), Errc::reused_key,
                 "key-1");
    expect_error(store_->provision({.by = alice("key-1")}), Errc::reused_key, "key-1");
    auto bob = alice("key-1");
    bob.actor = "bob";
    EXPECT_TRUE(store_->commit({bob, {put(dns, R"({"v":2})")}}));
}

TEST_F(StoreCommit, AFailedRequestLeavesItsKeyFree) {
    expect_error(store_->commit({alice("key-1"), {drop(dns)}}), Errc::not_found, "dns");
    EXPECT_TRUE(store_->commit({alice("key-1"), {put(dns, "{}")}}));
}

TEST_F(StoreCommit, AKeyIsForgottenAfterADay) {
    auto by = alice("key-1");
    must(store_->commit({by, {put(dns, R"({"v":1})")}}));
    by.time_ns += 24 * 3600 * std::int64_t{1'000'000'000};
    EXPECT_TRUE(store_->commit({by, {put(dns, R"({"v":2})")}}));
    EXPECT_EQ(body(dns), R"({"v":2})");
}

TEST_F(StoreCommit, SaysWhatIsWrongWithARequest) {
    const auto refused = [&](const Change& change, const std::string& words) {
        expect_error(store_->commit(change), Errc::invalid, words);
    };
    refused({alice(), {}}, "no edits");
    refused({{.actor = ""}, {put(dns, "{}")}}, "needs an actor");
    refused({alice(), {put({"ruleset", "x"}, "{}")}}, "there is no kind 'ruleset'");
    refused({alice(), {put({"service", ""}, "{}")}}, "0 bytes");
    refused({alice(), {put({"service", std::string(256, 'x')}, "{}")}}, "256 bytes");
    refused({alice(), {put({"service", "a\nb"}, "{}")}}, "control character");
    refused({alice(), {put(dns, "{}"), drop(dns)}}, "service dns is edited twice");
    refused({alice(), {put(dns, "[1]")}}, "no JSON object");
    boost::json::value deep = 1;
    for (int i = 0; i < 100; ++i)
        deep = boost::json::object{{"a", deep}};
    refused({alice(), {{dns, deep}}}, "nested deeper than 64");
    EXPECT_TRUE(audit().empty());
}

TEST_F(StoreCommit, NamesAndTextsOfAnyScriptAndWithQuotesComeBack) {
    const ObjectId odd{"service", "O'Hara; DROP TABLE object -- \xc3\xbc / %"};
    commit({put(odd, R"({"t":"' \" \u0000 ü"})")});
    EXPECT_EQ(body(odd), R"({"t":"' \" \u0000 ü"})");
    EXPECT_EQ(must(store_->objects("service", {})).items.at(0).id, odd);
}

} // namespace
} // namespace ringwall::store
