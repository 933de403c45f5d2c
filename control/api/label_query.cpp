#include "control/api/label_query.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "control/model/nearest.h"

namespace ringwall::api {
namespace {

constexpr std::size_t longest_key = 63;
constexpr std::size_t longest_query = 4096;

bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-';
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

template <typename T>
using Read = std::expected<T, LabelQueryError>;

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Read<LabelQuery> query() {
        LabelQuery out;
        skip_spaces();
        while (at_ < text_.size()) {
            auto part = term();
            if (!part)
                return std::unexpected(part.error());
            out.terms.push_back(std::move(*part));
            skip_spaces();
            if (at_ == text_.size())
                break;
            if (!take(","))
                return error("write a comma between two parts of a label query");
            skip_spaces();
            if (at_ == text_.size())
                return error("the label query ends with a comma; leave it out");
        }
        return out;
    }

  private:
    Read<LabelTerm> term() {
        LabelTerm out;
        const bool absent = take("!");
        skip_spaces();
        const auto start = at_;
        while (at_ < text_.size() && is_key_character(text_[at_]))
            ++at_;
        out.key = text_.substr(start, at_ - start);
        if (out.key.empty())
            return error("a label key is expected here, such as role");
        if (out.key.size() > longest_key)
            return error(fmt::format("a label key has at most {} characters", longest_key), start);
        skip_spaces();
        if (absent) {
            out.op = LabelTerm::Op::has_not;
            return out;
        }
        return comparison(std::move(out));
    }

    Read<LabelTerm> comparison(LabelTerm out) {
        if (at_ == text_.size() || text_[at_] == ',') {
            out.op = LabelTerm::Op::has;
            return out;
        }
        if (take("!=") || take("=")) {
            out.op = text_[at_ - 2] == '!' ? LabelTerm::Op::not_in : LabelTerm::Op::in;
            return one_value(std::move(out));
        }
        if (take_word("in")) {
            out.op = LabelTerm::Op::in;
            return list(std::move(out));
        }
        if (take_word("not") && (skip_spaces(), take_word("in"))) {
            out.op = LabelTerm::Op::not_in;
            return list(std::move(out));
        }
        return error(
            fmt::format("after the key {} comes =, !=, in (...) or not in (...)", out.key));
    }

    Read<LabelTerm> one_value(LabelTerm out) {
        auto text = value();
        if (!text)
            return std::unexpected(text.error());
        out.values.insert(std::move(*text));
        return out;
    }

    Read<LabelTerm> list(LabelTerm out) {
        skip_spaces();
        if (!take("("))
            return error("in is followed by values in parentheses: in (Payments,Billing)");
        while (true) {
            auto text = value();
            if (!text)
                return std::unexpected(text.error());
            out.values.insert(std::move(*text));
            skip_spaces();
            if (take(")"))
                return out;
            if (!take(","))
                return error("the list of values is not closed; write )");
        }
    }

    Read<std::string> value() {
        skip_spaces();
        if (at_ < text_.size() && text_[at_] == '"')
            return quoted();
        const auto start = at_;
        for (; at_ < text_.size() && !std::string_view(",()").contains(text_[at_]); ++at_)
            if (text_[at_] == '"' || text_[at_] == '=' || is_control(text_[at_]))
                return error("a value with this character stands in double quotes");
        auto end = at_;
        while (end > start && text_[end - 1] == ' ')
            --end;
        if (end == start)
            return error("a value is expected here, such as role=Web Server", start);
        return std::string(text_.substr(start, end - start));
    }

    Read<std::string> quoted() {
        const auto start = at_++;
        std::string out;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size())
                ++at_;
            if (is_control(text_[at_]))
                return error("a value has no control characters");
            out += text_[at_];
        }
        if (at_ == text_.size())
            return error("the quote is not closed; write \"", start);
        ++at_;
        if (out.empty())
            return error("a value is not empty", start);
        return out;
    }

    void skip_spaces() {
        while (at_ < text_.size() && text_[at_] == ' ')
            ++at_;
    }
    bool take(std::string_view word) {
        const bool there = text_.substr(at_).starts_with(word);
        at_ += there ? word.size() : 0;
        return there;
    }
    bool take_word(std::string_view word) {
        const auto end = at_ + word.size();
        return (end >= text_.size() || !is_key_character(text_[end])) && take(word);
    }
    std::unexpected<LabelQueryError> error(std::string sentence,
                                           std::optional<std::size_t> at = {}) const {
        return std::unexpected(LabelQueryError{at.value_or(at_), std::move(sentence)});
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

// `role=a,role=b` can never hold; who writes it means either.
const LabelTerm* contradicted(const LabelQuery& query, const LabelTerm& term) {
    for (const auto& earlier : query.terms) {
        if (&earlier == &term)
            return nullptr;
        const auto shared = [&](const std::string& value) { return term.values.contains(value); };
        if (earlier.op == LabelTerm::Op::in && term.op == LabelTerm::Op::in &&
            earlier.key == term.key && std::ranges::none_of(earlier.values, shared))
            return &earlier;
    }
    return nullptr;
}

bool holds(const LabelTerm& term, const model::Labels& labels) {
    const auto found = labels.find(term.key);
    switch (term.op) {
    case LabelTerm::Op::in:
        return found != labels.end() && term.values.contains(found->second);
    case LabelTerm::Op::not_in:
        return found == labels.end() || !term.values.contains(found->second);
    case LabelTerm::Op::has:
        return found != labels.end();
    case LabelTerm::Op::has_not:
        return found == labels.end();
    }
    return false;
}

} // namespace

bool LabelQuery::matches(const model::Labels& labels) const {
    return std::ranges::all_of(terms, [&](const LabelTerm& term) { return holds(term, labels); });
}

std::expected<LabelQuery, LabelQueryError> parse_label_query(std::string_view text) {
    if (text.size() > longest_query)
        return std::unexpected(LabelQueryError{
            longest_query, fmt::format("a label query has at most {} bytes", longest_query)});
    auto query = Reader(text).query();
    if (!query)
        return query;
    for (const auto& term : query->terms)
        if (const LabelTerm* earlier = contradicted(*query, term))
            return std::unexpected(LabelQueryError{
                0, fmt::format("no workload has both {0}={1} and {0}={2}; write {0} in ({1},{2})",
                               term.key, *earlier->values.begin(), *term.values.begin())});
    return query;
}

Vocabulary vocabulary(const std::vector<model::Workload>& workloads) {
    Vocabulary out;
    for (const auto& workload : workloads)
        for (const auto& [key, value] : workload.labels)
            out[key].insert(value);
    return out;
}

std::vector<std::string> unknown_words(const LabelQuery& query, const Vocabulary& known) {
    std::vector<std::string> out, keys;
    for (const auto& entry : known)
        keys.push_back(entry.first);
    for (const auto& term : query.terms) {
        const auto values = known.find(term.key);
        if (values == known.end()) {
            out.push_back(fmt::format(
                "no workload has the label key \"{}\"; {}", term.key,
                model::did_you_mean(term.key, keys, "look at the labels of the workloads")));
            continue;
        }
        const std::vector<std::string> there(values->second.begin(), values->second.end());
        for (const auto& value : term.values)
            if (!values->second.contains(value))
                out.push_back(fmt::format(
                    "no workload has the label {}={}; {}", term.key, value,
                    model::did_you_mean(value, there, "look at the labels of the workloads")));
    }
    return out;
}

} // namespace ringwall::api
