// Pairing with a real HTTPS server on loopback: what is asked, what is kept, and every way it can
// go wrong, after which nothing is on the disk.
#include "agent/pairing.h"

#include <ctime>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "agent/renewal.h"
#include "common/pki/digest.h"
#include "common/pki/request.h"
#include "control/pki/pairing_line.h"
#include "tests/unit/agent_link_world.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;
using link_test::Keys;
using link_test::keys;
using link_test::Website;
using testing::Scratch;

const HostFacts facts{
    "app-uk-1.example", "0123456789abcdef0123456789abcdef", {Address::parse("10.0.1.5").value()}};

// As the controller answers.
json::object accepted(const Keys& keys, const std::string& csr, const std::string& agent) {
    const auto issued = keys.authority.issue(
        csr, {.identity = {pki::Kind::agent, agent}, .lifetime = 3600}, std::time(nullptr));
    return {{"agent", agent},
            {"certificate", issued.value().chain},
            {"trust", keys.authority.trust_bundle()},
            {"bundle", keys.authority.state().bundle},
            {"signing_keys", keys.signer.public_key().pem()},
            {"endpoints", json::array{"127.0.0.1:8443", "ringwall.example:8443"}}};
}

class Pairing : public ::testing::Test {
  protected:
    // The answer to a good request; a test may change it.
    std::function<std::pair<unsigned, std::string>(const json::object& request)> answer =
        [](const json::object& request) {
            return std::pair(
                200u, json::serialize(accepted(keys(), std::string(request.at("csr").as_string()),
                                               "app-uk-1")));
        };

    std::string line(const std::string& host = "127.0.0.1", const std::string& ca = {}) const {
        return pki::format_line({.host = host,
                                 .port = site.port(),
                                 .ca = ca.empty() ? keys().authority.issuer().fingerprint : ca,
                                 .signer = keys().signer.public_key().id(),
                                 .token = pki::sha256_hex("token")});
    }
    std::expected<Credentials, std::string> join(const std::string& with, Wish wish = {}) const {
        return pair({with, scratch.path("state"), std::move(wish)}, facts);
    }
    // Nothing is left on the disk, and the sentence has these words.
    void expect_refused(const std::expected<Credentials, std::string>& result,
                        std::initializer_list<const char*> words) const {
        ASSERT_FALSE(result);
        for (const auto* word : words)
            EXPECT_NE(result.error().find(word), std::string::npos)
                << "no \"" << word << "\" in: " << result.error();
        EXPECT_FALSE(is_paired(scratch.path("state")));
        EXPECT_FALSE(std::filesystem::exists(scratch.path("state/identity.new")));
    }

    Scratch scratch;
    json::object asked;
    Website site{keys().controller(), [this](std::string_view path, const std::string& body) {
                     EXPECT_EQ(path, "/api/v1/pair");
                     asked = json::parse(body).as_object();
                     return answer(asked);
                 }};
};

TEST_F(Pairing, KeepsWhatTheControllerGave) {
    const auto paired = join(
        line(),
        {.name = "app-uk-1", .labels = {{"role", "App Server"}}, .mode = model::Mode::visibility});
    ASSERT_TRUE(paired) << paired.error();
    EXPECT_EQ(asked.at("token").as_string(), pki::sha256_hex("token"));
    EXPECT_EQ(asked.at("hostname").as_string(), facts.hostname);
    EXPECT_EQ(asked.at("machine_id").as_string(), facts.machine_id);
    EXPECT_EQ(asked.at("addresses").as_array().at(0).as_string(), "10.0.1.5");
    EXPECT_EQ(asked.at("name").as_string(), "app-uk-1");
    EXPECT_EQ(asked.at("labels").as_object().at("role").as_string(), "App Server");
    EXPECT_EQ(asked.at("mode").as_string(), "visibility");
    EXPECT_FALSE(asked.contains("replace"));
    const auto kept = load_credentials(scratch.path("state"));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->agent, "app-uk-1");
    EXPECT_EQ(kept->endpoints.size(), 2u);
    EXPECT_EQ(kept->addresses, std::vector{Address::parse("127.0.0.1").value()});
    EXPECT_EQ(kept->machine_id, facts.machine_id);
    EXPECT_EQ(kept->own().key, kept->key.public_key());
    EXPECT_GT(kept->paired_ns, 0);
    EXPECT_EQ(kept->bundle, 1u);
}

TEST_F(Pairing, AControllerThatDoesNotNumberItsBundleIsGoodEnough) {
    answer = [](const json::object& request) {
        auto out = accepted(keys(), std::string(request.at("csr").as_string()), "app-uk-1");
        out.erase("bundle");
        return std::pair(200u, json::serialize(out));
    };
    ASSERT_TRUE(join(line()));
    EXPECT_EQ(load_credentials(scratch.path("state"))->bundle, 0u);
}

TEST_F(Pairing, AHostIsPairedOnceUnlessItIsToBeReplaced) {
    ASSERT_TRUE(join(line()));
    const auto again = join(line());
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().find("paired already as app-uk-1"), std::string::npos);
    EXPECT_NE(again.error().find("--replace"), std::string::npos);
    const auto first = load_credentials(scratch.path("state"))->own().serial;
    ASSERT_TRUE(join(line(), {.replace = true}));
    EXPECT_TRUE(asked.at("replace").as_bool());
    EXPECT_NE(load_credentials(scratch.path("state"))->own().serial, first);
}

TEST_F(Pairing, ARefusalIsTheControllersSentenceAndLeavesWhatWasThere) {
    ASSERT_TRUE(join(line()));
    answer = [](const json::object&) {
        return std::pair(403u,
                         std::string(R"({"title":"Forbidden","detail":"the token is used up"})"));
    };
    const auto refused = join(line(), {.replace = true});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().find("the token is used up"), std::string::npos);
    EXPECT_TRUE(load_credentials(scratch.path("state")));
}

TEST_F(Pairing, EveryFaultOfARequestIsTold) {
    answer = [](const json::object&) {
        return std::pair(422u, std::string(R"({"detail":"2 faults","faults":[)"
                                           R"({"sentence":"label env is locked"},)"
                                           R"({"sentence":"mode is locked"}]})"));
    };
    expect_refused(join(line()), {"2 faults", "label env is locked", "mode is locked"});
}

TEST_F(Pairing, ACutLineIsRefusedBeforeAnythingIsAsked) {
    expect_refused(join(line().substr(0, 60)), {"line"});
    EXPECT_TRUE(asked.empty());
}

TEST_F(Pairing, AnotherCaThanTheLineNamesIsRefused) {
    expect_refused(join(line("127.0.0.1", pki::sha256_hex("another"))),
                   {"something between answers", "'ringwall pair'"});
    EXPECT_TRUE(asked.empty()) << "the token must not leave the host";
}

TEST_F(Pairing, ACertificateForAnotherNameIsRefused) {
    expect_refused(join(line("localhost")), {"127.0.0.1, 10.0.0.1", "not for localhost"});
    EXPECT_TRUE(asked.empty());
}

TEST_F(Pairing, AnotherSigningKeyThanTheLineNamesIsRefused) {
    answer = [](const json::object& request) {
        auto out = accepted(keys(), std::string(request.at("csr").as_string()), "app-uk-1");
        out["signing_keys"] = pki::PrivateKey::generate(pki::KeyKind::signing)->public_key().pem();
        return std::pair(200u, json::serialize(out));
    };
    expect_refused(join(line()), {"signs policy with another key"});
}

TEST_F(Pairing, AnAnswerThatIsNotOursIsRefused) {
    const auto with = [this](const char* member, json::value value) {
        answer = [member, value](const json::object& request) {
            auto out = accepted(keys(), std::string(request.at("csr").as_string()), "app-uk-1");
            out[member] = value;
            return std::pair(200u, json::serialize(out));
        };
        return join(line());
    };
    const Keys others;
    const auto foreign = others.credentials("app-uk-1", 1);
    expect_refused(with("certificate", "nonsense"), {"certificate"});
    expect_refused(with("certificate", json::value(pki::pem_of(foreign.chain))), {"another key"});
    expect_refused(with("trust", json::value(others.authority.trust_bundle())), {"issued by"});
    expect_refused(with("endpoints", json::array{"nowhere"}), {"endpoints"});
    expect_refused(with("agent", "web-uk-1"), {"not of agent web-uk-1"});
    answer = [](const json::object&) { return std::pair(200u, std::string("<html>")); };
    expect_refused(join(line()), {"cannot be used"});
    answer = [](const json::object&) { return std::pair(502u, std::string("<html>")); };
    expect_refused(join(line()), {"502"});
}

TEST_F(Pairing, NobodyThereIsASentence) {
    auto nobody = pki::parse_line(line()).value();
    nobody.port = 1;
    expect_refused(join(pki::format_line(nobody)), {"127.0.0.1:1", "cannot be reached"});
}

TEST_F(Pairing, AHostWithoutMachineIdIsToldWhatToDo) {
    expect_refused(pair({line(), scratch.path("state"), {}}, {"app-uk-1", "", {}}),
                   {"/etc/machine-id", "systemd-machine-id-setup"});
}

TEST(Renewing, TheNextCertificateReplacesTheOldOneBeforeItEnds) {
    const Scratch scratch;
    std::string path;
    const Website site(keys().controller(), [&](std::string_view at, const std::string& body) {
        path = at;
        const auto csr = std::string(json::parse(body).as_object().at("csr").as_string());
        return std::pair(200u, json::serialize(accepted(keys(), csr, "app-uk-1")));
    });
    // Of its hour 50 minutes are over.
    const auto old = keys().credentials("app-uk-1", site.port(), 50 * 60);
    ASSERT_TRUE(save_credentials(scratch.path("state"), old));
    boost::asio::io_context loop;
    std::optional<Credentials> renewed;
    Renewal renewal(loop, scratch.path("state"), old,
                    [&](const Credentials& next) { renewed = next; });
    renewal.start();
    ASSERT_TRUE(link_test::until(loop, [&] { return renewed.has_value(); })) << renewal.trouble();
    EXPECT_EQ(path, "/api/v1/renew");
    EXPECT_GT(renewed->own().not_after, old.own().not_after);
    EXPECT_NE(renewed->key.public_key(), old.key.public_key());
    EXPECT_EQ(renewed->machine_id, old.machine_id);
    EXPECT_EQ(load_credentials(scratch.path("state"))->own().serial, renewed->own().serial);
}

TEST(Renewing, WhoIsToldToRenewsWhateverTheAge) {
    const Scratch scratch;
    int asked = 0;
    const Website site(keys().controller(), [&](std::string_view, const std::string& body) {
        ++asked;
        const auto csr = std::string(json::parse(body).as_object().at("csr").as_string());
        auto out = accepted(keys(), csr, "app-uk-1");
        out["bundle"] = 2;
        return std::pair(200u, json::serialize(out));
    });
    const auto fresh = keys().credentials("app-uk-1", site.port());
    ASSERT_TRUE(save_credentials(scratch.path("state"), fresh));
    boost::asio::io_context loop;
    std::optional<Credentials> renewed;
    Renewal renewal(loop, scratch.path("state"), fresh,
                    [&](const Credentials& next) { renewed = next; });
    renewal.start();
    renewal.ask_now();
    renewal.ask_now(); // while the first is under way
    ASSERT_TRUE(link_test::until(loop, [&] { return renewed.has_value(); })) << renewal.trouble();
    EXPECT_EQ(asked, 1);
    EXPECT_NE(renewed->own().serial, fresh.own().serial);
    EXPECT_EQ(renewed->bundle, 2u);
    EXPECT_EQ(load_credentials(scratch.path("state"))->bundle, 2u);
}

TEST(Renewing, ARefusalKeepsTheOldOneAndSaysWhy) {
    const Scratch scratch;
    const Website site(keys().controller(), [&](std::string_view, const std::string&) {
        return std::pair(403u, std::string(R"({"detail":"app-uk-1 was revoked"})"));
    });
    const auto old = keys().credentials("app-uk-1", site.port(), 50 * 60);
    ASSERT_TRUE(save_credentials(scratch.path("state"), old));
    boost::asio::io_context loop;
    Renewal renewal(loop, scratch.path("state"), old, [](const Credentials&) { FAIL(); });
    renewal.start();
    ASSERT_TRUE(link_test::until(loop, [&] { return !renewal.trouble().empty(); }));
    EXPECT_NE(renewal.trouble().find("app-uk-1 was revoked"), std::string::npos);
    EXPECT_EQ(load_credentials(scratch.path("state"))->own().serial, old.own().serial);
}

} // namespace
} // namespace ringwall::agent
