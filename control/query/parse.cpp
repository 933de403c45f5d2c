#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/time.h"
#include "control/query/node.h"

namespace ringwall::query {
namespace {

using Kind = Field::Kind;
template <typename T>
using Read = std::expected<T, QueryError>;

constexpr int deepest = 32;
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr const char* alternatives = "; values are joined by commas";

struct Word {
    const char* name;
    Kind kind;
};
constexpr std::array ends{Word{"workload", Kind::workload},   Word{"address", Kind::address},
                          Word{"list", Kind::list},           Word{"process", Kind::process},
                          Word{"user", Kind::user},           Word{"unit", Kind::unit},
                          Word{"container", Kind::container}, Word{"label", Kind::label}};
constexpr std::array flows{
    Word{"port", Kind::port},           Word{"protocol", Kind::protocol},
    Word{"verdict", Kind::verdict},     Word{"draft", Kind::draft},
    Word{"direction", Kind::direction}, Word{"rule", Kind::rule},
    Word{"reason", Kind::reason},       Word{"since", Kind::time},
    Word{"until", Kind::time},          Word{"new-since", Kind::fresh},
    Word{"count", Kind::count},         Word{"bytes", Kind::bytes},
    Word{"packets", Kind::packets},     Word{"retransmits", Kind::retransmits},
    Word{"refused", Kind::refused},     Word{"timed-out", Kind::timed_out},
    Word{"reset", Kind::reset},         Word{"rtt_us", Kind::rtt}};

template <std::size_t N>
std::optional<Kind> kind_of(const std::array<Word, N>& words, std::string_view name) {
    const auto found = std::ranges::find(
        words, name, [](const Word& word) { return std::string_view(word.name); });
    return found == words.end() ? std::nullopt : std::optional(found->kind);
}

bool is_numeric(Kind kind) {
    return kind == Kind::port || kind >= Kind::count;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
// What ends a word that is not quoted.
bool is_mark(char c) {
    return is_space(c) || std::string_view("()=!<>,\"").find(c) != std::string_view::npos;
}

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t out = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc{} && stop == end && out >= 0 ? std::optional(out) : std::nullopt;
}

// "443" or "8000-8999".
std::optional<Span> span_in(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = number_in(text.substr(0, dash));
    const auto last = dash == text.npos ? first : number_in(text.substr(dash + 1));
    return first && last && *first <= *last ? std::optional(Span{*first, *last}) : std::nullopt;
}

// "90s", "15m", "24h", "7d": seconds.
std::optional<std::int64_t> duration_in(std::string_view text) {
    constexpr std::array<std::pair<char, std::int64_t>, 5> units{
        {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'w', 604'800}}};
    if (text.empty())
        return std::nullopt;
    const auto unit = std::ranges::find(units, text.back(), &std::pair<char, std::int64_t>::first);
    const auto count = number_in(text.substr(0, text.size() - 1));
    constexpr std::int64_t most = 100 * 366 * std::int64_t{86'400};
    if (unit == units.end() || !count || *count > most / unit->second)
        return std::nullopt;
    return *count * unit->second;
}

Pattern pattern_of(std::string text, bool quoted) {
    Pattern out{std::move(text)};
    if (quoted)
        return out;
    if (out.text.starts_with('*')) {
        out.open_front = true;
        out.text.erase(0, 1);
    }
    if (out.text.ends_with('*')) {
        out.open_back = true;
        out.text.pop_back();
    }
    return out;
}

class Parser {
  public:
    Parser(std::string_view text, std::int64_t now_ns)
        : text_(text), now_(now_ns / ns_per_second) {}

    Read<Query> query() {
        skip_spaces();
        if (at_ == text_.size())
            return Query();
        auto root = alternatives_of(0);
        if (!root)
            return std::unexpected(root.error());
        if (at_ < text_.size())
            return error(at_, text_[at_] == ')' ? "this parenthesis was not opened; leave it out"
                                                : "a term was expected here, such as port=443");
        return Query(std::move(*root));
    }

  private:
    struct Raw { // a value as it was written
        std::string text;
        bool quoted = false;
        std::size_t at = 0;
    };

    Read<NodeRef> alternatives_of(int depth) {
        std::vector<NodeRef> parts;
        for (bool more = true; more; more = take_word("or")) {
            auto part = together(depth);
            if (!part)
                return part;
            parts.push_back(std::move(*part));
        }
        return any_of(std::move(parts));
    }

    Read<NodeRef> together(int depth) {
        std::vector<NodeRef> parts;
        for (bool more = true; more;) {
            auto part = one(depth);
            if (!part)
                return part;
            parts.push_back(std::move(*part));
            take_word("and");
            more = at_ < text_.size() && text_[at_] != ')' && !next_is("or");
        }
        return all_of(std::move(parts));
    }

    Read<NodeRef> one(int depth) {
        if (depth > deepest)
            return error(at_, fmt::format("this is nested deeper than {} levels; write it flatter",
                                          deepest));
        if (take_word("not")) {
            auto part = one(depth + 1);
            return part ? Read<NodeRef>(none_of(std::move(*part))) : part;
        }
        const auto opened = at_;
        if (!take('('))
            return term_here();
        auto inside = alternatives_of(depth + 1);
        if (!inside)
            return inside;
        if (!take(')'))
            return error(at_, fmt::format("a closing parenthesis was expected here, for the one at "
                                          "{}",
                                          opened + 1));
        return inside;
    }

    Read<NodeRef> term_here() {
        const auto at = at_;
        const auto name = word();
        if (name.empty())
            return error(at, "the name of a field or of a label was expected here, such as port, "
                             "from.role or app");
        auto field = field_of(name, at);
        if (!field)
            return std::unexpected(field.error());
        const auto op_at = at_;
        const auto op = operation();
        if (op.empty() || ((op == "<" || op == ">") && field->kind < Kind::count))
            return error(op_at, is_counted(*field)
                                    ? fmt::format("= or != or < or > was expected after {}", name)
                                    : fmt::format("= or != was expected after {}, as in {}=VALUE",
                                                  name, name));
        std::vector<Value> values;
        for (bool more = true; more; more = take(',')) {
            const auto raw = raw_value();
            if (!raw)
                return std::unexpected(raw.error());
            auto value = value_of(*field, name, op, *raw);
            if (!value)
                return std::unexpected(value.error());
            values.push_back(std::move(*value));
        }
        auto out = term(std::move(*field), std::move(values));
        return op == "!=" ? none_of(std::move(out)) : std::move(out);
    }

    static bool is_counted(const Field& field) { return field.kind >= Kind::count; }

    Read<Field> field_of(std::string_view name, std::size_t at) {
        Field out;
        auto rest = name;
        for (const auto& [prefix, end] :
             {std::pair{std::string_view("from."), End::source}, {"to.", End::destination}})
            if (rest.starts_with(prefix)) {
                out.end = end;
                rest.remove_prefix(prefix.size());
                break;
            }
        out.word = rest;
        if (const auto kind = kind_of(flows, rest)) {
            if (out.end != End::either && *kind != Kind::verdict)
                return error(at,
                             fmt::format("{} belongs to the flow, not to one of its ends; write "
                                         "{} without {}",
                                         rest, rest, name.substr(0, name.find('.') + 1)));
            out.kind = *kind;
            return out;
        }
        if (const auto kind = kind_of(ends, rest); kind && *kind != Kind::label) {
            out.kind = *kind;
            return out;
        }
        if (rest.starts_with("label."))
            rest.remove_prefix(6);
        if (rest.empty())
            return error(at + name.size(), "the key of a label was expected here");
        out.label = rest;
        return out;
    }

    std::string operation() {
        for (const std::string_view op : {"!=", "=", "<", ">"})
            if (text_.substr(at_).starts_with(op)) {
                at_ += op.size();
                skip_spaces();
                return std::string(op);
            }
        return {};
    }

    Read<Raw> raw_value() {
        Raw out;
        out.at = at_;
        if (at_ < text_.size() && text_[at_] == '"')
            return quoted_value();
        out.text = word();
        if (out.text.empty())
            return error(at_, fmt::format("a value was expected here{}", alternatives));
        return out;
    }

    Read<Raw> quoted_value() {
        Raw out{{}, true, at_};
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') {
                ++at_;
                skip_spaces();
                return out;
            }
            if (text_[at_] == '\\' && at_ + 1 < text_.size())
                ++at_;
            out.text += text_[at_];
        }
        return error(text_.size(),
                     fmt::format("a closing quote was expected, for the one at {}", out.at + 1));
    }

    Read<Value> value_of(const Field& field, std::string_view name, const std::string& op,
                         const Raw& raw) {
        if (field.kind == Kind::time || field.kind == Kind::fresh)
            return time_of(name, raw);
        if (field.kind == Kind::address) {
            const auto prefix = Prefix::parse(raw.text);
            if (!prefix)
                return error(raw.at, fmt::format("an address or a CIDR was expected, such as "
                                                 "192.0.2.7 or 10.0.0.0/8{}",
                                                 alternatives));
            return *prefix;
        }
        if (!is_numeric(field.kind))
            return word_of(field, raw);
        const auto span = span_in(raw.text);
        if (!span || (field.kind == Kind::port && span->last > 65'535))
            return error(raw.at, fmt::format("a number or a range was expected for {}, such as 443 "
                                             "or 8000-8999{}",
                                             name, alternatives));
        if (op == "<")
            return Span{0, span->first - 1};
        if (op == ">")
            return Span{span->last == largest ? largest : span->last + 1, largest};
        return *span;
    }

    // since=24h, until=2026-11-28T02:00:00Z
    Read<Value> time_of(std::string_view name, const Raw& raw) const {
        const auto ago = duration_in(raw.text);
        const auto time = ago ? std::optional(now_ - *ago) : parse_rfc3339(raw.text);
        if (!time)
            return error(raw.at, fmt::format("a duration or a time was expected for {}, such as "
                                             "15m, 24h, 7d or 2026-11-28T02:00:00Z",
                                             name));
        return name != "until" ? Span{*time, largest} : Span{0, *time - 1};
    }

    // Of fields that know all their values, one of them.
    Read<Value> word_of(const Field& field, const Raw& raw) {
        static const std::vector<std::string> verdicts{"allowed", "would-block", "unmatched",
                                                       "blocked"};
        static const std::vector<std::string> drafted{"allowed", "unmatched", "blocked"};
        static const std::vector<std::string> directions{"inbound", "outbound"};
        for (const auto& [kind, words] :
             {std::pair{Kind::verdict, &verdicts}, std::pair{Kind::draft, &drafted},
              std::pair{Kind::direction, &directions}})
            if (field.kind == kind && std::ranges::find(*words, raw.text) == words->end())
                return error(raw.at, fmt::format("{} was expected, not \"{}\"{}",
                                                 fmt::join(*words, ", "), raw.text, alternatives));
        return pattern_of(raw.text, raw.quoted);
    }

    std::string_view word() {
        const auto start = at_;
        while (at_ < text_.size() && !is_mark(text_[at_]))
            ++at_;
        const auto out = text_.substr(start, at_ - start);
        skip_spaces();
        return out;
    }

    // "or" alone, not the beginning of "origin=..." or "or=...".
    bool next_is(std::string_view keyword) const {
        if (!text_.substr(at_).starts_with(keyword))
            return false;
        const auto behind = text_.substr(at_ + keyword.size());
        return behind.empty() || is_space(behind[0]) || behind[0] == '(' || behind[0] == ')';
    }
    bool take_word(std::string_view keyword) {
        if (!next_is(keyword))
            return false;
        at_ += keyword.size();
        skip_spaces();
        return true;
    }
    bool take(char c) {
        if (at_ == text_.size() || text_[at_] != c)
            return false;
        ++at_;
        skip_spaces();
        return true;
    }
    void skip_spaces() {
        while (at_ < text_.size() && is_space(text_[at_]))
            ++at_;
    }
    static std::unexpected<QueryError> error(std::size_t at, std::string sentence) {
        return std::unexpected(QueryError{at, std::move(sentence)});
    }

    std::string_view text_;
    std::int64_t now_;
    std::size_t at_ = 0;
};

} // namespace

std::expected<Query, QueryError> parse(std::string_view text, std::int64_t now_ns) {
    if (text.size() > longest_query)
        return std::unexpected(
            QueryError{longest_query, fmt::format("a query has at most {} bytes; this one has {}",
                                                  longest_query, text.size())});
    return Parser(text, now_ns).query();
}

} // namespace ringwall::query
