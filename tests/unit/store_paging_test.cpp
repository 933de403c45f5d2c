// Page by page while others write: no row lost, none twice, and what follows is said.
#include <algorithm>
#include <functional>
#include <map>

#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

class StorePaging : public StoreTest {
  protected:
    // How often each row came, while `between` happens between any two pages.
    template <typename Ask, typename Name>
    std::map<std::string, int> walk(Ask ask, Name name, const std::function<void()>& between) {
        std::map<std::string, int> seen;
        PageRequest request{.limit = 3};
        do {
            const auto part = must(ask(request));
            EXPECT_LE(part.items.size(), 3U);
            for (const auto& item : part.items)
                ++seen[name(item)];
            request.after = part.next;
            between();
        } while (!request.after.empty());
        return seen;
    }
    void expect_each_once(const std::map<std::string, int>& seen,
                          const std::vector<std::string>& there_from_the_start) {
        for (const auto& name : there_from_the_start)
            EXPECT_TRUE(seen.contains(name)) << name;
        for (const auto& [name, times] : seen)
            EXPECT_EQ(times, 1) << name;
    }
};

TEST_F(StorePaging, OfObjectsWhileObjectsAreAddedAndRemoved) {
    std::vector<std::string> names;
    for (int i = 10; i < 30; ++i) {
        names.push_back("n" + std::to_string(i));
        commit({put({"workload", names.back()}, "{}")});
    }
    int n = 0;
    const auto seen =
        walk([&](const auto& request) { return store_->objects("workload", request); },
             [](const Object& object) { return object.id.name; },
             [&] {
                 ++n;
                 commit({put({"workload", "a" + std::to_string(n)}, "{}"),
                         put({"workload", "n1" + std::to_string(n) + "x"}, "{}"),
                         put({"workload", "z" + std::to_string(n % 5)},
                             R"({"n":)" + std::to_string(n) + "}")});
                 if (n > 1)
                     commit({drop({"workload", "a" + std::to_string(n - 1)})});
             });
    expect_each_once(seen, names);
}

TEST_F(StorePaging, OfVersionsAndAuditWhileBothGrow) {
    std::vector<std::string> numbers;
    int n = 0;
    const auto grow = [&] {
        commit({put(dns, R"({"n":)" + std::to_string(++n) + "}")});
        provision();
    };
    for (int i = 1; i <= 10; ++i) {
        grow();
        numbers.push_back(std::to_string(i));
    }
    expect_each_once(walk([&](const auto& request) { return store_->versions(request); },
                          [](const Version& version) { return std::to_string(version.number); },
                          grow),
                     numbers);
    expect_each_once(walk([&](const auto& request) { return store_->audit({}, request); },
                          [](const AuditRecord& record) { return std::to_string(record.sequence); },
                          grow),
                     numbers);
}

TEST_F(StorePaging, ATailOfTheAuditGoesOnFromWhereItStopped) {
    commit({put(dns, "{}"), put(web, "{}")});
    const auto first = must(store_->audit({.oldest_first = true}, {.limit = 0}));
    commit({put(host, "{}")});
    const auto rest =
        must(store_->audit({.oldest_first = true},
                           {.after = std::to_string(first.items.back().sequence), .limit = 0}));
    ASSERT_EQ(rest.items.size(), 1U);
    EXPECT_EQ(rest.items[0].object, host);
}

TEST_F(StorePaging, OfAVersionsContent) {
    std::vector<Edit> edits;
    std::vector<std::string> names;
    for (const char* kind : {"service", "rule_set", "address_list"})
        for (int i = 0; i < 4; ++i) {
            edits.push_back(put({kind, "a/b" + std::to_string(i)}, "{}"));
            names.push_back(edits.back().id.text());
        }
    commit(edits);
    provision();
    for (const auto at : {std::uint64_t{1}, draft})
        expect_each_once(walk([&](const auto& request) { return store_->contents(at, request); },
                              [](const Object& object) { return object.id.text(); }, [] {}),
                         names);
}

TEST_F(StorePaging, SaysHowManyThereAreAndWhetherMoreFollow) {
    for (int i = 0; i < 6; ++i)
        commit({put({"user", "u" + std::to_string(i)}, "{}")});
    const auto first = must(store_->objects("user", {.limit = 3}));
    EXPECT_EQ(first.total, 6U);
    EXPECT_EQ(first.items.size(), 3U);
    EXPECT_EQ(first.next, "u2");
    const auto second = must(store_->objects("user", {.after = first.next, .limit = 3}));
    EXPECT_EQ(second.items.size(), 3U);
    EXPECT_EQ(second.next, ""); // exactly full, and the last
    EXPECT_EQ(must(store_->objects("user", {.limit = 0})).items.size(), 6U);
    EXPECT_EQ(must(store_->objects("token", {})).total, 0U);
}

TEST_F(StorePaging, ACursorThatIsNoneIsRefused) {
    expect_error(store_->versions({.after = "x"}), Errc::invalid, "'x' is no place");
    expect_error(store_->audit({}, {.after = "-1"}), Errc::invalid, "no place");
    expect_error(store_->contents(draft, {.after = "x"}), Errc::invalid, "no place");
}

} // namespace
} // namespace ringwall::store
