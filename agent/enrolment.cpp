#include "agent/enrolment.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/json_fields.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;

constexpr std::string_view agent_prefix = "spiffe://ringwall/agent/";

std::unexpected<EnrolmentError> malformed(const std::string& what) {
    return fail(EnrolmentErrc::malformed, "the controller's answer cannot be used: " + what +
                                              "; are controller and agent of the same version?");
}

json::object object_of(const std::string& body) {
    json::error_code error;
    auto value = json::parse(body, error);
    return !error && value.is_object() ? std::move(value.get_object()) : json::object{};
}

// RFC 9457, or whatever a proxy on the way said.
std::string sentence_of(const HttpsAnswer& answer) {
    const auto problem = object_of(answer.body);
    auto sentence = text_at(problem, "detail");
    if (sentence.empty())
        sentence = text_at(problem, "title");
    if (sentence.empty())
        sentence = fmt::format("it answered {}", answer.status);
    const auto* faults = problem.if_contains("faults");
    if (faults && faults->is_array())
        for (const auto& fault : faults->get_array())
            if (fault.is_object())
                if (auto detail = text_at(fault.get_object(), "sentence");
                    !detail.empty() && detail != sentence)
                    sentence += "\n  " + detail;
    return sentence;
}

std::optional<std::vector<Endpoint>> endpoints_in(const json::object& answer) {
    const auto* list = answer.if_contains("endpoints");
    std::vector<Endpoint> out;
    if (!list || !list->is_array())
        return std::nullopt;
    for (const auto& each : list->get_array()) {
        auto endpoint = each.is_string() ? Endpoint::parse(each.get_string()) : std::nullopt;
        if (!endpoint)
            return std::nullopt;
        out.push_back(std::move(*endpoint));
    }
    return out;
}

std::expected<void, EnrolmentError> check(const Credentials& got, std::int64_t now) {
    if (got.own().key != got.key.public_key())
        return malformed("the certificate is of another key than this host's");
    if (got.own().uri != std::string(agent_prefix) + got.agent)
        return malformed(
            fmt::format("the certificate is of \"{}\", not of agent {}", got.own().uri, got.agent));
    if (auto good = pki::verify(got.chain, got.trust,
                                {pki::Purpose::client, now, std::string(agent_prefix)});
        !good)
        return fail(EnrolmentErrc::untrusted, good.error().message);
    return {};
}

} // namespace

std::string pair_body(const std::string& token, const std::string& request, const HostFacts& facts,
                      const Wish& wish) {
    json::array addresses;
    for (const auto& address : facts.addresses)
        addresses.emplace_back(address.text());
    json::object body{{"token", token},
                      {"csr", request},
                      {"hostname", facts.hostname},
                      {"machine_id", facts.machine_id},
                      {"addresses", std::move(addresses)}};
    if (!wish.name.empty())
        body["name"] = wish.name;
    if (!wish.labels.empty()) {
        json::object labels;
        for (const auto& [key, value] : wish.labels)
            labels[key] = value;
        body["labels"] = std::move(labels);
    }
    if (wish.mode)
        body["mode"] = model::name(*wish.mode);
    if (wish.replace)
        body["replace"] = true;
    return json::serialize(body);
}

std::string renew_body(const std::string& request) {
    return json::serialize(json::object{{"csr", request}});
}

std::expected<Credentials, EnrolmentError>
credentials_from(const HttpsAnswer& answer, const pki::PrivateKey& key, std::int64_t now_seconds) {
    if (answer.status != 200 && answer.status != 201)
        return fail(EnrolmentErrc::refused, "the controller refuses: " + sentence_of(answer));
    const auto body = object_of(answer.body);
    auto chain = pki::parse_certificates(text_at(body, "certificate"));
    auto trust = pki::parse_certificates(text_at(body, "trust"));
    auto signers = parse_public_keys(text_at(body, "signing_keys"));
    auto endpoints = endpoints_in(body);
    if (!chain)
        return malformed("certificate: " + chain.error().message);
    if (!trust)
        return malformed("trust: " + trust.error().message);
    if (!signers)
        return malformed("signing_keys: " + signers.error().message);
    if (!endpoints)
        return malformed("endpoints is no list of \"host:port\"");
    Credentials out{.agent = text_at(body, "agent"),
                    .endpoints = std::move(*endpoints),
                    .addresses = {answer.peer},
                    .chain = std::move(*chain),
                    .trust = std::move(*trust),
                    .bundle = bundle_in(body),
                    .signers = std::move(*signers),
                    .key = key};
    if (auto good = check(out, now_seconds); !good)
        return std::unexpected(good.error());
    return out;
}

} // namespace ringwall::agent
