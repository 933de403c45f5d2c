#include "control/cli/kinds.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "control/model/nearest.h"

namespace ringwall::cli {
namespace {

constexpr std::array<Kind, 8> table{
    {{"Workload", "workloads", "workload", "wl", "workload", true, false},
     {"Service", "services", "service", "svc", "service", true, true},
     {"AddressList", "address-lists", "addresslist", "al", "address_list", true, true},
     {"LabelGroup", "label-groups", "labelgroup", "lg", "label_group", true, true},
     {"RuleSet", "rule-sets", "ruleset", "rs", "rule_set", true, true},
     {"PairingProfile", "pairing-profiles", "pairingprofile", "pp", "pairing_profile", false,
      false},
     {"User", "users", "user", "u", "user", false, false},
     {"Token", "tokens", "token", "tok", "token", false, false}}};

// "Rule-Sets" -> "rulesets"
std::string plain(std::string_view noun) {
    std::string out;
    for (const unsigned char c : noun)
        if (c != '-' && c != '_')
            out += static_cast<char>(std::tolower(c));
    return out;
}

bool has_name(const Kind& kind, const std::string& noun) {
    return noun == kind.singular || noun == kind.brief || noun == plain(kind.path);
}

std::unexpected<Error> unknown(std::string_view noun) {
    std::vector<std::string> known;
    for (const auto& kind : table) {
        known.emplace_back(kind.singular);
        known.push_back(plain(kind.path));
    }
    const auto word = plain(noun);
    const auto cure = word == "agent" || word == "agents"
                          ? "agents have their own command: 'ringwall agents'"
                      : word == "version" || word == "versions"
                          ? "versions have their own command: 'ringwall versions'"
                          : model::did_you_mean(
                                word, known,
                                "known are workload (wl), service (svc), addresslist (al), "
                                "labelgroup (lg), ruleset (rs), pairingprofile (pp), user, token");
    return std::unexpected(Error{Exit::usage, fmt::format("\"{}\" is no kind; {}", noun, cure)});
}

} // namespace

std::span<const Kind> kinds() {
    return table;
}

const Kind* kind_of_document(std::string_view document) {
    const auto found = std::ranges::find_if(table, [&](const Kind& kind) {
        return kind.document == document || kind.store == document;
    });
    return found == table.end() ? nullptr : &*found;
}

Result<const Kind*> kind_named(std::string_view noun) {
    const auto word = plain(noun);
    for (const auto& kind : table)
        if (has_name(kind, word))
            return &kind;
    return unknown(noun);
}

Result<Reference> reference(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos || slash + 1 == text.size())
        return std::unexpected(
            Error{Exit::usage,
                  fmt::format("\"{}\": write KIND/NAME, for example ruleset/payments", text)});
    auto kind = kind_named(text.substr(0, slash));
    if (!kind)
        return std::unexpected(kind.error());
    return Reference{*kind, std::string(text.substr(slash + 1))};
}

Result<std::vector<Reference>> references(const std::vector<std::string>& operands) {
    std::vector<Reference> out;
    const bool slashes = !operands.empty() && operands[0].find('/') != std::string::npos;
    if (!slashes) {
        auto kind = kind_named(operands.empty() ? "" : operands[0]);
        if (!kind)
            return std::unexpected(kind.error());
        for (std::size_t i = 1; i < operands.size(); ++i)
            out.push_back({*kind, operands[i]});
        if (out.empty())
            out.push_back({*kind, {}});
        return out;
    }
    for (const auto& operand : operands) {
        auto one = reference(operand);
        if (!one)
            return std::unexpected(one.error());
        out.push_back(std::move(*one));
    }
    return out;
}

} // namespace ringwall::cli
