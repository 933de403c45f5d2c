#include "control/alerts/config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/policy/fields.h"

namespace ringwall::alerts {
namespace {

using policy::Context;
using policy::Node;
using Section = policy::Fields;

constexpr unsigned longest_window_s = 24 * 3600, highest_rate = 100'000, longest_queue = 1'000'000;

// Any text that is not empty: URLs are longer than policy::text() takes.
std::string word(Context& context, const Node& node, const std::string& what, const char* example) {
    if (node.kind == Node::Kind::text && !node.text.empty())
        return node.text;
    if (node.kind != Node::Kind::broken)
        context.error(node, fmt::format("{} must be text; write {}", what, example));
    return {};
}

std::string file(Context& context, const Section& fields, const char* key) {
    const auto* node = fields.find(key);
    if (!node)
        return {};
    auto path = word(context, *node, key, "the path of a file");
    if (!path.empty() && path.front() != '/')
        context.error(*node, fmt::format("{} is {}; write the whole path, from / on", key,
                                         policy::in_quotes(path)));
    return path;
}

template <typename Parse>
Endpoint endpoint(Context& context, const Section& fields, const char* key, Parse parse,
                  const char* example) {
    const auto* node = fields.require(key, example);
    if (!node)
        return {};
    const auto text = word(context, *node, key, example);
    if (text.empty())
        return {};
    if (auto good = parse(text))
        return *good;
    context.error(*node, fmt::format("{} {} is not understood; write {}", key,
                                     policy::in_quotes(text), example));
    return {};
}

int facility(Context& context, const Node& node) {
    const auto index = policy::one_of(
        context, node, "facility",
        {"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
         "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
         "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"});
    return index ? static_cast<int>(*index) : SyslogConfig{}.facility;
}

SyslogConfig syslog(Context& context, const Node& node) {
    const Section fields(context, node, "a syslog collector",
                         "{address: \"tls://collector.example:6514\"}",
                         {"address", "ca", "facility"});
    SyslogConfig out;
    out.endpoint = endpoint(context, fields, "address", parse_collector,
                            "\"tls://HOST:6514\" or \"tcp://HOST:514\"");
    out.ca = file(context, fields, "ca");
    if (const auto* given = fields.find("facility"))
        out.facility = facility(context, *given);
    return out;
}

WebhookConfig webhook(Context& context, const Node& node) {
    const Section fields(context, node, "a webhook", "{url: \"https://hooks.example/ringwall\"}",
                         {"url", "ca", "secret_file"});
    WebhookConfig out;
    out.endpoint = endpoint(context, fields, "url", parse_url,
                            "\"https://HOST/PATH\", without user and fragment");
    out.ca = file(context, fields, "ca");
    out.secret_file = file(context, fields, "secret_file");
    return out;
}

template <typename T>
std::vector<T> list(Context& context, const Node& node, const std::string& what,
                    const char* example, T (*read)(Context&, const Node&)) {
    std::vector<T> out;
    if (const auto* each = policy::items(context, node, what, example))
        for (const auto& item : *each)
            out.push_back(read(context, item));
    return out;
}

std::chrono::milliseconds window(Context& context, const Node& node) {
    const auto text = word(context, node, "window", "60s or 5m");
    const auto seconds = text.ends_with('s') ? 1U : text.ends_with('m') ? 60U : 0U;
    const auto count =
        seconds ? policy::decimal(std::string_view(text).substr(0, text.size() - 1)) : std::nullopt;
    if (count && *count > 0 && *count <= longest_window_s / seconds)
        return std::chrono::seconds(*count * seconds);
    if (!text.empty())
        context.error(node, fmt::format("window {} is no time; write 1s to 1440m, for example 60s",
                                        policy::in_quotes(text)));
    return Config{}.window;
}

unsigned number(Context& context, const Node& node, const char* what, unsigned otherwise,
                unsigned most) {
    const auto text = word(context, node, what, "a number");
    const auto value = policy::decimal(text);
    if (value && *value > 0 && *value <= most)
        return *value;
    if (!text.empty())
        context.error(node, fmt::format("{} {} is out of range; write a number from 1 to {}", what,
                                        policy::in_quotes(text), most));
    return otherwise;
}

std::set<Kind> kinds_of(Context& context, const Node& node) {
    std::string known;
    for (const auto& kind : kinds())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
    std::set<Kind> out;
    const auto* names = policy::items(context, node, "kinds", "[blocked, tamper]");
    if (!names)
        return out;
    for (const auto& item : *names) {
        const auto text = word(context, item, "a kind of alert", "blocked");
        if (const auto kind = kind_of(text))
            out.insert(*kind);
        else if (!text.empty())
            context.error(item, fmt::format("there is no kind of alert {}; write some of {}",
                                            policy::in_quotes(text), known));
    }
    return out;
}

Result<Config> done(Config config, const std::vector<policy::Problem>& problems) {
    std::string sentence;
    for (const auto& problem : problems)
        sentence += fmt::format("{}{}: {}", sentence.empty() ? "" : "\n", problem.place.text(),
                                problem.message);
    if (!problems.empty())
        return std::unexpected(Error{Errc::invalid, sentence});
    return config;
}

} // namespace

Config read_config(Context& context, const Node& section) {
    const Section fields(context, section, "alerts", "syslog: or webhook: below it",
                         {"syslog", "webhook", "window", "rate", "queue", "kinds"});
    Config out;
    if (const auto* node = fields.find("syslog"))
        out.syslog = list(context, *node, "syslog", "- {address: \"tls://HOST:6514\"}", syslog);
    if (const auto* node = fields.find("webhook"))
        out.webhook = list(context, *node, "webhook", "- {url: \"https://HOST/PATH\"}", webhook);
    if (const auto* node = fields.find("window"))
        out.window = window(context, *node);
    if (const auto* node = fields.find("rate"))
        out.rate = number(context, *node, "rate", out.rate, highest_rate);
    if (const auto* node = fields.find("queue"))
        out.queue = number(context, *node, "queue", 10'000, longest_queue);
    if (const auto* node = fields.find("kinds"))
        out.kinds = kinds_of(context, *node);
    return out;
}

Result<Config> parse_config(std::string_view yaml, const std::string& filename) {
    std::vector<policy::Problem> problems;
    Context context(filename, problems);
    Config config;
    const auto documents = policy::parse(yaml, filename, problems);
    if (documents.size() == 1) {
        const Section fields(context, documents[0], "the configuration", "alerts: below it",
                             {"alerts"});
        if (const auto* section = fields.require("alerts", "alerts: {syslog: [...]}"))
            config = read_config(context, *section);
    } else if (problems.empty()) {
        context.error(Place{filename, 0, 0}, "write one document with alerts: in it");
    }
    return done(std::move(config), problems);
}

} // namespace ringwall::alerts
