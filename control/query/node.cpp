#include "control/query/node.h"

#include <algorithm>
#include <array>
#include <limits>

#include "common/time.h"

namespace ringwall::query {
namespace {

namespace json = boost::json;
using Kind = Field::Kind;

const json::value* member(const json::object& object, std::string_view key) {
    return object.if_contains(key);
}

std::string_view text(const json::object& object, std::string_view key) {
    const auto* found = member(object, key);
    return found && found->is_string() ? std::string_view(found->get_string()) : std::string_view{};
}

const json::object& object_in(const json::object& object, std::string_view key) {
    static const json::object nothing;
    const auto* found = member(object, key);
    return found && found->is_object() ? found->get_object() : nothing;
}

std::int64_t number(const json::object& object, std::string_view key) {
    const auto* found = member(object, key);
    boost::system::error_code error;
    const auto out = found ? found->to_number<std::int64_t>(error) : 0;
    return error ? 0 : out;
}

std::int64_t sum(const json::object& ways) {
    return number(ways, "to_destination") + number(ways, "to_source");
}

class Term final : public Node {
  public:
    Term(Field field, std::vector<Value> values)
        : field_(std::move(field)), values_(std::move(values)) {}

    bool matches(const json::object& flow) const override {
        if (field_.kind >= Kind::port)
            return of_flow(flow);
        return (field_.end != End::destination && of_end(object_in(flow, "source"))) ||
               (field_.end != End::source && of_end(object_in(flow, "destination")));
    }

    void each_label(const Label& label) const override {
        if (field_.kind != Kind::label)
            return;
        for (const auto& value : values_)
            if (const auto* wanted = std::get_if<Pattern>(&value);
                wanted && !wanted->open_front && !wanted->open_back)
                label(field_.label, wanted->text);
    }

    void each_word(const std::function<void(const std::string&)>& word) const override {
        if (field_.kind != Kind::label)
            word(field_.word);
    }

    void narrow(Span& period) const override {
        if (field_.kind != Kind::time)
            return;
        Span all{std::numeric_limits<std::int64_t>::max(), 0}; // from the first to the last value
        for (const auto& value : values_)
            if (const auto* one = std::get_if<Span>(&value))
                all = {std::min(all.first, one->first), std::max(all.last, one->last)};
        period = {std::max(period.first, all.first), std::min(period.last, all.last)};
    }

  private:
    bool is(std::string_view text) const {
        return std::ranges::any_of(values_, [&](const Value& value) {
            const auto* wanted = std::get_if<Pattern>(&value);
            return wanted && wanted->matches(text);
        });
    }
    bool is(std::int64_t number) const {
        return std::ranges::any_of(values_, [&](const Value& value) {
            const auto* wanted = std::get_if<Span>(&value);
            return wanted && wanted->contains(number);
        });
    }
    bool is(const Address& address) const {
        return std::ranges::any_of(values_, [&](const Value& value) {
            const auto* wanted = std::get_if<Prefix>(&value);
            return wanted && wanted->contains(address);
        });
    }
    bool is_in(const json::object& object, std::string_view key) const {
        const auto* found = member(object, key);
        return found && found->is_string() && is(std::string_view(found->get_string()));
    }
    bool is_one_of(const json::object& object, std::string_view key) const {
        const auto* found = member(object, key);
        return found && found->is_array() &&
               std::ranges::any_of(found->get_array(), [&](const json::value& each) {
                   return each.is_string() && is(std::string_view(each.get_string()));
               });
    }

    bool of_end(const json::object& end) const {
        const auto& process = object_in(end, "process");
        switch (field_.kind) {
        case Kind::label:
            return is_in(object_in(end, "labels"), field_.label);
        case Kind::workload:
            return is_in(end, "workload");
        case Kind::address: {
            const auto address = Address::parse(text(end, "address"));
            return address && is(*address);
        }
        case Kind::list:
            return is_one_of(end, "lists");
        case Kind::process:
            return of_process(process);
        case Kind::user:
            return is_in(process, "user");
        case Kind::unit:
            return is_in(process, "unit");
        case Kind::container:
            return is_in(process, "container");
        default:
            return false;
        }
    }

    // The path, or its last component, or what is shown for it.
    bool of_process(const json::object& process) const {
        const auto path = text(process, "path");
        return std::ranges::any_of(std::array{"shown", "path", "unit", "service", "container"},
                                   [&](const char* part) { return is_in(process, part); }) ||
               (!path.empty() && is(path.substr(path.rfind('/') + 1)));
    }

    // An edge has what each end said; a flow is what one end said.
    bool of_verdict_at_end(const json::object& flow) const {
        const bool source = field_.end == End::source;
        const auto& end = object_in(flow, source ? "source" : "destination");
        const auto direction = text(flow, "direction");
        return is_in(end, "verdict") ||
               (direction == (source ? "outbound" : "inbound") && is_in(flow, "verdict"));
    }

    bool of_flow(const json::object& flow) const {
        switch (field_.kind) {
        case Kind::port:
            return member(flow, "port") && is(number(flow, "port"));
        case Kind::protocol:
            return is_in(flow, "protocol");
        case Kind::verdict:
            return field_.end == End::either ? is_in(flow, "verdict") : of_verdict_at_end(flow);
        case Kind::draft:
            return is_in(flow, "draft");
        case Kind::direction:
            return is_in(flow, "direction");
        case Kind::rule:
            return is_one_of(flow, "rules");
        case Kind::reason:
            return is_in(flow, "reason");
        case Kind::time: {
            const auto seconds = parse_rfc3339(text(flow, "time"));
            return seconds && is(*seconds);
        }
        case Kind::fresh: {
            const auto seconds = parse_rfc3339(text(flow, "first_seen"));
            return seconds && is(*seconds);
        }
        case Kind::count:
            return is(number(flow, "count"));
        case Kind::bytes:
            return is(sum(object_in(flow, "bytes")));
        case Kind::packets:
            return is(sum(object_in(flow, "packets")));
        case Kind::retransmits:
            return is(number(flow, "retransmits"));
        case Kind::refused:
            return is(number(object_in(flow, "failed"), "refused"));
        case Kind::timed_out:
            return is(number(object_in(flow, "failed"), "timed_out"));
        case Kind::reset:
            return is(number(object_in(flow, "failed"), "reset"));
        case Kind::rtt:
            return is(number(flow, "rtt_us"));
        default:
            return false;
        }
    }

    Field field_;
    std::vector<Value> values_;
};

class Several final : public Node {
  public:
    Several(bool all, std::vector<NodeRef> parts) : all_(all), parts_(std::move(parts)) {}
    bool matches(const json::object& flow) const override {
        const auto holds = [&](const NodeRef& part) { return part->matches(flow); };
        return all_ ? std::ranges::all_of(parts_, holds) : std::ranges::any_of(parts_, holds);
    }
    void each_label(const Label& label) const override {
        for (const auto& part : parts_)
            part->each_label(label);
    }
    void each_word(const std::function<void(const std::string&)>& word) const override {
        for (const auto& part : parts_)
            part->each_word(word);
    }
    void narrow(Span& period) const override {
        for (const auto& part : parts_)
            if (all_)
                part->narrow(period);
    }

  private:
    bool all_;
    std::vector<NodeRef> parts_;
};

class None final : public Node {
  public:
    explicit None(NodeRef part) : part_(std::move(part)) {}
    bool matches(const json::object& flow) const override { return !part_->matches(flow); }
    void each_label(const Label& label) const override { part_->each_label(label); }
    void each_word(const std::function<void(const std::string&)>& word) const override {
        part_->each_word(word);
    }

  private:
    NodeRef part_;
};

} // namespace

bool Pattern::matches(std::string_view whole) const {
    if (open_front && open_back)
        return whole.find(text) != whole.npos;
    if (open_front)
        return whole.ends_with(text);
    if (open_back)
        return whole.starts_with(text);
    return whole == text;
}

NodeRef all_of(std::vector<NodeRef> parts) {
    return parts.size() == 1 ? parts.front() : std::make_shared<Several>(true, std::move(parts));
}
NodeRef any_of(std::vector<NodeRef> parts) {
    return parts.size() == 1 ? parts.front() : std::make_shared<Several>(false, std::move(parts));
}
NodeRef none_of(NodeRef part) {
    return std::make_shared<None>(std::move(part));
}
NodeRef term(Field field, std::vector<Value> values) {
    return std::make_shared<Term>(std::move(field), std::move(values));
}

Query::Query() = default;
Query::Query(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

bool Query::matches(const json::object& flow) const {
    return !root_ || root_->matches(flow);
}

void Query::each_label(
    const std::function<void(const std::string&, const std::string&)>& label) const {
    if (root_)
        root_->each_label(label);
}

std::set<std::string> Query::words() const {
    std::set<std::string> out;
    if (root_)
        root_->each_word([&](const std::string& word) { out.insert(word); });
    return out;
}

Query::Period Query::period() const {
    constexpr auto latest = std::numeric_limits<std::int64_t>::max();
    Span seconds{0, latest};
    if (root_)
        root_->narrow(seconds);
    constexpr auto most = latest / ns_per_second - 1;
    return {std::min(seconds.first, most) * ns_per_second,
            seconds.last > most ? latest : (seconds.last + 1) * ns_per_second};
}

} // namespace ringwall::query
