// What we write is what the `openssl` command reads, and the reverse.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/pki/key_file.h"
#include "common/pki/signature.h"
#include "tests/unit/pki_world.h"
#include "tests/unit/scratch.h"

namespace ringwall::pki {
namespace {

using test::agent;
using test::controller;
using test::must;
using test::noon;

struct Ran {
    int code = -1;
    std::string output;
};

Ran run(const std::string& command) {
    FILE* pipe = popen((command + " 2>&1").c_str(), "re");
    if (!pipe)
        throw std::runtime_error("cannot run " + command);
    Ran out;
    std::array<char, 4096> bytes;
    for (std::size_t got = 0; (got = fread(bytes.data(), 1, bytes.size(), pipe)) > 0;)
        out.output.append(bytes.data(), got);
    const int status = pclose(pipe);
    out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return out;
}

void expect_in(const std::string& text, std::initializer_list<const char*> words) {
    for (const char* word : words)
        EXPECT_NE(text.find(word), std::string::npos) << "no \"" << word << "\" in:\n" << text;
}

class PkiOpenssl : public ::testing::Test {
  protected:
    PkiOpenssl() {
        scratch_.write("ca.pem", authority_.trust_bundle());
        scratch_.write("web.pem", web_.issued.certificate.pem());
        scratch_.write("server.pem", server_.issued.certificate.pem());
    }
    // `options` before the certificate's name
    Ran verify(const std::string& options, const std::string& certificate) const {
        return run(fmt::format("openssl verify -x509_strict -attime {} -CAfile {} {} {}", noon,
                               scratch_.path("ca.pem"), options, scratch_.path(certificate)));
    }
    std::string text(const std::string& certificate) const {
        return run("openssl x509 -noout -text -serial -fingerprint -sha256 -in " +
                   scratch_.path(certificate))
            .output;
    }

    agent::testing::Scratch scratch_;
    Authority authority_ = test::new_authority();
    test::Holder web_ = agent(authority_, "web-1");
    test::Holder server_ = controller(authority_);
};

TEST_F(PkiOpenssl, VerifiesOurCertificatesForTheirPurpose) {
    EXPECT_EQ(verify("-purpose sslclient", "web.pem").code, 0);
    EXPECT_EQ(verify("-purpose sslserver -verify_hostname ringwall.example", "server.pem").code, 0);
    EXPECT_EQ(verify("-purpose sslserver -verify_ip 10.0.0.1", "server.pem").code, 0);
    EXPECT_EQ(verify("-purpose sslserver -verify_ip 2001:db8::1", "server.pem").code, 0);
    EXPECT_NE(verify("-purpose sslserver", "web.pem").code, 0);
    EXPECT_NE(verify("-purpose sslserver -verify_hostname other.example", "server.pem").code, 0);
}

TEST_F(PkiOpenssl, ReadsTheSameFactsAsWe) {
    expect_in(text("web.pem"),
              {"URI:spiffe://ringwall/agent/web-1", "TLS Web Client Authentication", "CA:FALSE",
               "Digital Signature", "NIST CURVE: P-256", "ecdsa-with-SHA256",
               "Not Before: Jan 15 07:55:00 2027 GMT", "Not After : Jan 16 08:00:00 2027 GMT"});
    expect_in(text("server.pem"), {"URI:spiffe://ringwall/controller/main", "DNS:ringwall.example",
                                   "IP Address:10.0.0.1", "TLS Web Server Authentication"});
    expect_in(text("ca.pem"), {"CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign",
                               authority_.issuer().subject.c_str()});
}

TEST_F(PkiOpenssl, PrintsOurSerialAndFingerprint) {
    auto printed = text("web.pem");
    std::erase(printed, ':');
    for (char& c : printed)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    expect_in(printed, {("serial=" + web_.issued.certificate.serial).c_str(),
                        ("fingerprint=" + web_.issued.certificate.fingerprint).c_str()});
}

TEST_F(PkiOpenssl, RequestOfTheCommandLineIsIssued) {
    const auto made =
        run(fmt::format("umask 077 && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
                        "-nodes -subj /CN=web-3 -keyout {} -out {}",
                        scratch_.path("k.pem"), scratch_.path("r.pem")));
    ASSERT_EQ(made.code, 0) << made.output;
    const auto request = must(load_secret(scratch_.path("r.pem")));
    EXPECT_EQ(must(parse_request(request)).subject, "web-3");
    const auto issued = must(authority_.issue(request, {.identity = {Kind::agent, "web-3"}}, noon));
    EXPECT_EQ(must(load_key(scratch_.path("k.pem"))).public_key(), issued.certificate.key);
    scratch_.write("web-3.pem", issued.certificate.pem());
    EXPECT_EQ(verify("-purpose sslclient", "web-3.pem").code, 0);
}

TEST_F(PkiOpenssl, VerifiesOurRequestAndItsKey) {
    ASSERT_TRUE(save_key(scratch_.path("k.pem"), web_.key));
    scratch_.write("r.pem", must(make_request(web_.key, "web-1")));
    expect_in(run("openssl req -verify -noout -text -in " + scratch_.path("r.pem")).output,
              {"verify OK", "CN = web-1"});
    EXPECT_EQ(run("openssl pkey -check -noout -in " + scratch_.path("k.pem")).code, 0);
}

TEST_F(PkiOpenssl, VerifiesOurSignatureOverTheDocumentedBytes) {
    const auto key = must(PrivateKey::generate(KeyKind::signing));
    using namespace std::string_literals;
    const auto signed_bytes = "ringwall signature\0\0\0\0\1\x3use"s + "payload";
    scratch_.write("message", signed_bytes);
    scratch_.write("signature", must(sign(key, "use", "payload")));
    scratch_.write("key.pem", key.public_key().pem());
    const auto checked = run(fmt::format(
        "openssl pkeyutl -verify -pubin -inkey {} -rawin -in {} -sigfile {}",
        scratch_.path("key.pem"), scratch_.path("message"), scratch_.path("signature")));
    EXPECT_EQ(checked.code, 0) << checked.output;
}

} // namespace
} // namespace ringwall::pki
