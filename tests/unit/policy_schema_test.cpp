// The JSON Schema and the loader agree. The only place that includes valijson.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <boost/json.hpp>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

#include "control/policy/load.h"
#include "control/policy/node.h"
#include "tests/unit/policy_cases.h"

namespace {

namespace json = boost::json;
using ringwall::policy::load_text;
using ringwall::policy::Node;
using ringwall::policy::parse;

json::value to_json(const Node& node);

json::value scalar(const Node& node) {
    if (node.plain && (node.text == "true" || node.text == "false"))
        return node.text == "true";
    std::int64_t number = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, number);
    const bool leading_zero = node.text.size() > 1 && node.text[0] == '0';
    if (node.plain && error == std::errc{} && stop == end && !leading_zero)
        return number;
    const auto is_bool = [&](const char* word) { return node.plain && node.text == word; };
    if (is_bool("yes") || is_bool("no"))
        return is_bool("yes");
    if (node.plain && leading_zero && error == std::errc{} && stop == end)
        return number; // octal to YAML 1.1
    return json::value(node.text);
}

json::value to_json(const Node& node) {
    if (node.kind == Node::Kind::text)
        return scalar(node);
    if (node.kind == Node::Kind::sequence) {
        json::array out;
        for (const Node& item : node.items)
            out.push_back(to_json(item));
        return out;
    }
    if (node.kind != Node::Kind::mapping)
        return nullptr;
    json::object out;
    for (std::size_t i = 0; i < node.keys.size(); ++i)
        out[node.keys[i].text] = to_json(node.items[i]);
    return out;
}

class PolicySchema : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        const auto text = json::parse(ringwall::test::file_text(RINGWALL_POLICY_SCHEMA));
        schema_ = new valijson::Schema;
        valijson::SchemaParser(valijson::SchemaParser::kDraft7)
            .populateSchema(valijson::adapters::BoostJsonAdapter(text), *schema_);
    }
    static void TearDownTestSuite() { delete schema_; }

    static bool accepts(const json::value& document) {
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        return validator.validate(*schema_, valijson::adapters::BoostJsonAdapter(document),
                                  nullptr);
    }

    static bool is_well_formed(const std::string& text) {
        std::vector<ringwall::policy::Problem> problems;
        parse(text, "p", problems);
        return problems.empty();
    }

    static bool accepts_all(const std::string& text) {
        std::vector<ringwall::policy::Problem> problems;
        const auto documents = parse(text, "p", problems);
        return std::ranges::all_of(documents, [](const Node& document) {
            if (document.kind != Node::Kind::sequence)
                return accepts(to_json(document));
            return std::ranges::all_of(document.items,
                                       [](const Node& item) { return accepts(to_json(item)); });
        });
    }

  private:
    static inline valijson::Schema* schema_ = nullptr;
};

TEST_F(PolicySchema, AcceptsEveryGoodFixture) {
    const auto files = ringwall::test::fixtures("good");
    ASSERT_GE(files.size(), 2u);
    for (const auto& file : files)
        EXPECT_TRUE(accepts_all(ringwall::test::file_text(file))) << file;
}

TEST_F(PolicySchema, AcceptsTheExamples) {
    int seen = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(RINGWALL_POLICY_EXAMPLES)) {
        if (entry.path().extension() != ".yaml")
            continue;
        ++seen;
        EXPECT_TRUE(accepts_all(ringwall::test::file_text(entry.path()))) << entry.path();
    }
    EXPECT_GE(seen, 3);
}

TEST_F(PolicySchema, RefusesWhatItsTablesSayAndNothingElse) {
    int refused = 0;
    for (const auto& bad : ringwall::test::bad_cases()) {
        if (!is_well_formed(bad.document))
            continue; // what YAML itself forbids never reaches a schema
        EXPECT_EQ(accepts_all(bad.document), !bad.schema_refuses)
            << bad.table << ": " << bad.story << "\n"
            << bad.document;
        refused += bad.schema_refuses;
    }
    EXPECT_GE(refused, 80);
}

TEST_F(PolicySchema, NeverRefusesWhatTheLoaderAccepts) {
    const auto good = json::parse(R"({"apiVersion": "ringwall/v1", "kind": "RuleSet",
        "metadata": {"name": "r"}, "spec": {"rules": [{"name": "a", "action": "allow",
        "from": [{"all": true}], "to": [{"all": true}], "services": [{"proto": "tcp"}]}]}})");
    const auto with_service = [&](const char* service) {
        json::value out = good;
        out.at("spec").at("rules").at(0).at("services").as_array() = {json::parse(service)};
        return out;
    };
    for (const char* service :
         {R"({"proto": "any"})", R"({"proto": 0})", R"({"proto": 255})", R"({"proto": 58})",
          R"({"proto": "udp", "ports": [1, 65535, "1-65535"]})",
          R"({"proto": "icmp", "types": [0, 255, "3/0"]})",
          R"({"proto": "any", "process": {"user": 0}})", R"({"proto": 6, "ports": ["53"]})"}) {
        const auto document = with_service(service);
        EXPECT_TRUE(load_text(json::serialize(document), "p")) << service;
        EXPECT_TRUE(accepts(document)) << service;
    }
}

} // namespace
