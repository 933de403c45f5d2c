// Who did what, before and after; and what happens to somebody who rewrites it.
#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

class StoreAudit : public StoreTest {
  protected:
    std::vector<std::string> actions(const AuditFilter& filter = {.oldest_first = true}) {
        std::vector<std::string> out;
        for (const auto& record : audit(filter))
            out.push_back(record.action + " " + record.object.text());
        return out;
    }
    // The triggers hold against the program; somebody with the file drops them first.
    void rewrite(const std::string& sql) {
        store_.reset();
        ASSERT_EQ(meddle(path_, "DROP TRIGGER audit_update; DROP TRIGGER audit_delete;"
                                "DROP TRIGGER body_update;" +
                                    sql),
                  "not an error");
        store_ = open_at(path_);
    }
};

TEST_F(StoreAudit, TellsWhoWhenFromWhereBeforeAndAfter) {
    commit({put(dns, R"({"v":1})")});
    const auto by = alice();
    must(store_->commit({by, {put(dns, R"({"v":2})")}}));
    commit({drop(dns)});
    const auto records = audit();
    ASSERT_EQ(records.size(), 3U);
    EXPECT_EQ(records[0].before, std::nullopt);
    EXPECT_EQ(records[1].time_ns, by.time_ns);
    EXPECT_EQ(records[1].actor, "alice");
    EXPECT_EQ(records[1].origin, "192.0.2.7");
    EXPECT_EQ(records[1].before, R"({"v":1})");
    EXPECT_EQ(records[1].after, R"({"v":2})");
    EXPECT_EQ(records[2].after, std::nullopt);
}

TEST_F(StoreAudit, ProvisioningAndRollingBackAreRecordedWithNoteAndObjects) {
    commit({put(dns, R"({"v":1})")});
    provision("ticket 7");
    commit({put(dns, R"({"v":2})")});
    provision();
    must(store_->rollback({.by = alice(), .to = 1, .note = "outage"}));
    EXPECT_EQ(actions(), (std::vector<std::string>{"create service dns", "provision version 1",
                                                   "change service dns", "provision version 2",
                                                   "reset service dns", "rollback version 3"}));
    EXPECT_EQ(audit()[1].after,
              R"({"note":"ticket 7","objects":[{"kind":"service","name":"dns"}]})");
    EXPECT_EQ(audit()[5].after, R"({"note":"outage","objects":[{"kind":"service","name":"dns"}],)"
                                R"("rollback_to":1})");
}

TEST_F(StoreAudit, IsFilteredByObjectActorAndTime) {
    commit({put(dns, "{}"), put(host, "{}")});
    const auto middle = alice();
    auto bob = middle;
    bob.actor = "bob";
    must(store_->commit({bob, {put(web, "{}")}}));
    commit({put({"workload", "dns"}, "{}")});
    using Lines = std::vector<std::string>;
    EXPECT_EQ(actions({.kind = "service"}), (Lines{"create service web", "create service dns"}));
    EXPECT_EQ(actions({.name = "dns"}), (Lines{"create workload dns", "create service dns"}));
    EXPECT_EQ(actions({.kind = "service", .name = "dns"}), Lines{"create service dns"});
    EXPECT_EQ(actions({.actor = "bob"}), Lines{"create service web"});
    EXPECT_EQ(actions({.from_ns = middle.time_ns, .until_ns = middle.time_ns + 1}),
              Lines{"create service web"});
    EXPECT_EQ(actions({.from_ns = middle.time_ns + 1}), Lines{"create workload dns"});
    EXPECT_EQ(must(store_->audit({.kind = "service"}, {.limit = 1})).total, 2U);
}

TEST_F(StoreAudit, TheChainIsTheOneItsHeaderDescribes) {
    commit({put(dns, "{}"), put(host, R"({"mode":"idle"})")});
    provision();
    Digest previous{};
    for (const auto& record : audit()) {
        previous = chained(previous, record);
        EXPECT_EQ(hex(previous), record.hash);
    }
    const auto proof = must(store_->verify());
    EXPECT_EQ(proof.records, 3U);
    EXPECT_EQ(proof.head, hex(previous));
}

TEST_F(StoreAudit, AHashIsThatOfTheBytesWrittenOutByHand) {
    const AuditRecord record{.sequence = 1,
                             .time_ns = 5,
                             .actor = "a",
                             .origin = "o",
                             .action = "create",
                             .object = {"service", "dns"},
                             .after = "{}"};
    const std::string empty_object =
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    EXPECT_EQ(hex(chained(Digest{}, record)),
              hex(sha256(std::string(32, '\0') + R"([1,5,"a","o","create","service","dns",null,")" +
                         empty_object + "\"]")));
}

TEST_F(StoreAudit, AnEmptyLogIsVerified) {
    EXPECT_EQ(must(store_->verify()).records, 0U);
}

TEST_F(StoreAudit, TheDatabaseItselfRefusesToChangeOrDeleteRecordsAndVersions) {
    commit({put(dns, "{}")});
    provision();
    for (const char* sql : {"UPDATE audit SET actor='mallory'", "DELETE FROM audit"})
        EXPECT_EQ(meddle(path_, sql), "the audit log is append-only") << sql;
    for (const char* sql : {"UPDATE version SET note='x'", "DELETE FROM version",
                            "DELETE FROM version_object", "UPDATE version_object SET body=1"})
        EXPECT_EQ(meddle(path_, sql), "a version never changes") << sql;
    EXPECT_EQ(meddle(path_, "UPDATE body SET text='{}'"), "a body never changes");
    EXPECT_EQ(must(store_->verify()).records, 2U);
}

TEST_F(StoreAudit, AChangedRecordIsNamed) {
    commit({put(dns, "{}"), put(web, "{}"), put(host, "{}")});
    rewrite("UPDATE audit SET actor='bob' WHERE sequence=2");
    expect_error(store_->verify(), Errc::tampered, "audit record 2 does not match its hash");
}

TEST_F(StoreAudit, ARemovedRecordIsNamed) {
    commit({put(dns, "{}"), put(web, "{}"), put(host, "{}")});
    rewrite("DELETE FROM audit WHERE sequence=2");
    expect_error(store_->verify(), Errc::tampered, "audit record 2 is missing");
}

TEST_F(StoreAudit, ARemovedEndIsNamedWhereAnObjectKnowsOfIt) {
    commit({put(dns, "{}"), put(web, "{}"), put(host, "{}")});
    rewrite("DELETE FROM audit WHERE sequence=3");
    expect_error(store_->verify(), Errc::tampered, "audit record 3 is missing");
}

TEST_F(StoreAudit, AChangedTextIsNamedAndNotHandedOut) {
    commit({put(dns, R"({"v":1})")});
    commit({put(web, R"({"v":2})")});
    rewrite("UPDATE body SET text='{\"v\":9}' WHERE text='{\"v\":2}'");
    expect_error(store_->verify(), Errc::tampered, "audit record 2 does not match");
    expect_error(store_->object(web), Errc::corrupt, "ringwall-controller restore FILE");
    EXPECT_TRUE(store_->object(dns));
}

} // namespace
} // namespace ringwall::store
