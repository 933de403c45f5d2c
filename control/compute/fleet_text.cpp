#include "control/compute/fleet_text.h"

#include <concepts>
#include <optional>

namespace ringwall::compute {
namespace {

// Every part has a length or an end, so no two meanings share a text.
class Writer {
  public:
    template <std::integral T>
    void add(T number) {
        out += std::to_string(+number);
        out += ' ';
    }
    template <typename T>
        requires std::is_enum_v<T>
    void add(T value) {
        add(static_cast<int>(value));
    }
    void add(const std::string& word) {
        add(word.size());
        out += word;
    }
    template <typename First, typename Second>
    void add(const std::pair<First, Second>& both) {
        add(both.first);
        add(both.second);
    }
    template <typename T>
    void add(const std::optional<T>& maybe) {
        add(maybe.has_value());
        if (maybe)
            add(*maybe);
    }
    template <typename Range>
        requires requires(const Range& range) {
            range.begin();
            range.size();
        }
    void add(const Range& range) {
        add(range.size());
        for (const auto& element : range)
            add(element);
    }
    void add(const model::LabelSelector& selector) {
        add(selector.labels);
        add(selector.groups);
        add(selector.none_of);
    }
    void add(const model::ProcessSelector& process) {
        for (const auto* part : {&process.path, &process.name, &process.unit, &process.container,
                                 &process.user, &process.group, &process.sha256})
            add(*part);
    }
    void add_end(const model::Selector& selector) {
        add(selector.form);
        add(selector.labels);
        add(selector.name);
    }
    void add(const model::Selector& selector) {
        add_end(selector);
        add(selector.process);
    }
    void add(const model::PortRange& range) {
        add(range.first);
        add(range.last);
    }
    void add(const model::IcmpType& icmp) {
        add(icmp.type);
        add(icmp.code);
    }
    void add(const model::Port& port) {
        add(port.protocol);
        add(port.ports);
        add(port.icmp);
    }
    void add(const model::ServiceUse& use) {
        add(use.service);
        add(use.port);
        add(use.process);
    }
    void add(const model::Rule& rule) {
        add(rule.name);
        add(rule.action);
        add(rule.scope);
        add(rule.from);
        add(rule.to);
        add(rule.services);
        add(rule.expires_ns);
    }
    void add(const model::AddressRange& range) {
        add(range.first.bytes);
        add(range.last.bytes);
    }

    std::string out;
};

} // namespace

std::string text(const model::Selector& selector, const model::Scope* scope) {
    Writer writer;
    writer.add_end(selector);
    writer.add(scope ? std::optional(*scope) : std::nullopt);
    return std::move(writer.out);
}

std::string text(const std::vector<model::Scope>& scopes) {
    Writer writer;
    writer.add(scopes);
    return std::move(writer.out);
}

std::string text(const model::Rule& rule) {
    Writer writer;
    writer.add(rule);
    return std::move(writer.out);
}

std::string text(const model::Service& service) {
    Writer writer;
    writer.add(service.ports);
    writer.add(service.process);
    return std::move(writer.out);
}

std::string text(const model::LabelGroup& group) {
    Writer writer;
    writer.add(group.members);
    return std::move(writer.out);
}

std::string text(const model::AddressList& list) {
    Writer writer;
    writer.add(list.ranges);
    writer.add(list.exclude);
    return std::move(writer.out);
}

} // namespace ringwall::compute
