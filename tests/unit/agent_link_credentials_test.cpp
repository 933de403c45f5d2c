// Who this host is, on its disk: all of it or what was there before, and nobody else may read it.
#include "agent/credentials.h"

#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/unit/agent_link_world.h"

namespace ringwall::agent {
namespace {

namespace fs = std::filesystem;
using link_test::keys;
using testing::Scratch;

mode_t mode_of(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

TEST(Credentials, ComeBackAsTheyWere) {
    const Scratch scratch;
    auto given = keys().credentials("web-1", 8443);
    given.addresses = {Address::parse("192.0.2.1").value()};
    given.paired_ns = 17;
    given.bundle = 3;
    ASSERT_TRUE(save_credentials(scratch.path("state"), given));
    const auto back = load_credentials(scratch.path("state"));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->agent, "web-1");
    EXPECT_EQ(back->endpoints, given.endpoints);
    EXPECT_EQ(back->addresses, given.addresses);
    EXPECT_EQ(back->machine_id, given.machine_id);
    EXPECT_EQ(back->paired_ns, 17);
    EXPECT_EQ(back->bundle, 3u);
    EXPECT_EQ(back->own().serial, given.own().serial);
    EXPECT_EQ(back->signers, given.signers);
    EXPECT_EQ(back->key.public_key(), given.key.public_key());
    EXPECT_EQ(back->trust.size(), given.trust.size());
}

TEST(Credentials, OfATimeBeforeBundlesHadNumbersAreGood) {
    const Scratch scratch;
    ASSERT_TRUE(save_credentials(scratch.path("state"), keys().credentials("web-1", 8443)));
    scratch.write("state/identity/identity.json",
                  R"({"agent":"web-1","machine_id":"m","endpoints":["127.0.0.1:8443"],)"
                  R"("addresses":[],"paired_ns":17})");
    const auto back = load_credentials(scratch.path("state"));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->bundle, 0u);
    EXPECT_EQ(back->paired_ns, 17);
}

TEST(Credentials, AreOfRootAlone) {
    const Scratch scratch;
    ASSERT_TRUE(save_credentials(scratch.path("state"), keys().credentials("web-1", 8443)));
    EXPECT_EQ(mode_of(scratch.path("state/identity")), 0700u);
    for (const auto& entry : fs::directory_iterator(scratch.path("state/identity")))
        EXPECT_EQ(mode_of(entry.path()), 0600u) << entry.path();
    chmod(scratch.path("state/identity/key.pem").c_str(), 0644);
    const auto loaded = load_credentials(scratch.path("state"));
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, CredentialsErrc::damaged);
    EXPECT_NE(loaded.error().message.find("chmod 600"), std::string::npos);
}

TEST(Credentials, AreReplacedInOneStep) {
    const Scratch scratch;
    ASSERT_TRUE(save_credentials(scratch.path("state"), keys().credentials("web-1", 8443)));
    // What a killed writer left is no obstacle, and is never taken for the whole.
    scratch.write("state/identity.new/key.pem", "half");
    ASSERT_TRUE(save_credentials(scratch.path("state"), keys().credentials("web-2", 8443)));
    EXPECT_EQ(load_credentials(scratch.path("state"))->agent, "web-2");
    EXPECT_FALSE(fs::exists(scratch.path("state/identity.new")));
}

TEST(Credentials, MissingAndDamagedOnesSayWhatToDo) {
    const Scratch scratch;
    EXPECT_FALSE(is_paired(scratch.path("state")));
    const auto none = load_credentials(scratch.path("state"));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, CredentialsErrc::not_paired);
    EXPECT_NE(none.error().message.find("ringwall-agent pair"), std::string::npos);
    ASSERT_TRUE(save_credentials(scratch.path("state"), keys().credentials("web-1", 8443)));
    EXPECT_TRUE(is_paired(scratch.path("state")));
    for (const auto* file : {"key.pem", "chain.pem", "trust.pem", "signing.pem", "identity.json"}) {
        ASSERT_TRUE(save_credentials(scratch.path("state"), keys().credentials("web-1", 8443)));
        scratch.write(std::string("state/identity/") + file, "nonsense");
        const auto damaged = load_credentials(scratch.path("state"));
        ASSERT_FALSE(damaged) << file;
        EXPECT_NE(damaged.error().message.find(file), std::string::npos) << damaged.error().message;
    }
}

} // namespace
} // namespace ringwall::agent
