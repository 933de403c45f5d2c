#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

const json::array& list(const json::object& object, std::string_view path) {
    static const json::array none;
    const auto* found = at(object, path);
    return found && found->is_array() ? found->get_array() : none;
}

// Every line of a sentence below the first one's column.
std::string indented(std::string text) {
    constexpr std::string_view margin = "\n         ";
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += margin.size())
        text.replace(at, 1, margin);
    return text;
}

std::string policy_lines(const json::object& status, const Painter& paint, std::int64_t now) {
    std::string out = fmt::format(
        "Policy   version {} from {}, applied {}\n", number_at(status, "policy.version"),
        text_at(status, "policy.source"), age(text_at(status, "policy.applied"), now));
    if (const auto* last_good = at(status, "policy.from_last_good");
        last_good && last_good->is_bool() && last_good->get_bool())
        out += paint(Color::yellow, "         the last good policy: the source could not be used") +
               "\n";
    if (auto error = text_at(status, "policy.error"); !error.empty())
        out += paint(Color::red,
                     fmt::format("         newest policy refused {}: {}",
                                 age(text_at(status, "policy.error_time"), now), indented(error))) +
               "\n";
    if (const auto warnings = list(status, "policy.warnings").size())
        out += fmt::format("         {} warnings: 'ringwall policy check' shows them\n", warnings);
    return out;
}

// Nothing where the policy comes from files.
std::string controller_lines(const json::object& status, const Painter& paint) {
    const auto* controller = at(status, "controller");
    if (!controller || !controller->is_object())
        return {};
    const auto session = text_at(*controller, "session");
    auto out = fmt::format("Fleet    {} with {} as {} since {}; certificate until {}\n",
                           paint(session == "live" ? Color::green : Color::yellow, session),
                           text_at(*controller, "endpoint"), text_at(*controller, "agent"),
                           time_of_day(text_at(*controller, "since")),
                           text_at(*controller, "certificate.expires").substr(0, 10));
    for (const char* path : {"trouble", "certificate.trouble"})
        if (const auto trouble = text_at(*controller, path); !trouble.empty())
            out += paint(Color::red, "         " + indented(trouble)) + "\n";
    if (const auto refused = text_at(*controller, "refused"); !refused.empty())
        out += paint(Color::red,
                     "         what the controller sent last is refused: " + indented(refused)) +
               "\n";
    if (const auto by = text_at(*controller, "policy.confirm_by"); !by.empty())
        out += paint(Color::yellow,
                     fmt::format("         version {} is left again at {} unless it "
                                 "is confirmed",
                                 number_at(*controller, "policy.version"), time_of_day(by))) +
               "\n";
    if (const auto held = number_at(*controller, "spool.held"))
        out += fmt::format(
            "         {} flow summaries wait ({})\n", held,
            bytes_text(static_cast<std::uint64_t>(number_at(*controller, "spool.bytes"))));
    if (const auto lost = number_at(*controller, "spool.lost"))
        out += paint(Color::red, fmt::format("         {} flow summaries were lost", lost)) + "\n";
    return out;
}

std::string mode_text(const std::string& mode, const Painter& paint) {
    return paint(mode == "full" || mode == "selective" ? Color::green : Color::yellow, mode);
}

std::string subject_lines(const json::object& status, const Painter& paint) {
    std::string out;
    for (const auto& subject : list(status, "subjects")) {
        const auto cgroup = text_at(subject, "cgroup");
        const auto* missing = at(subject, "missing");
        out += fmt::format("  {}  {}  {} rules{}{}{}\n", text_at(subject, "workload"),
                           mode_text(text_at(subject, "mode"), paint), number_at(subject, "rules"),
                           text_at(subject, "context").empty() ? ""
                                                               : "  " + text_at(subject, "context"),
                           cgroup.empty() ? "" : "  cgroup " + cgroup,
                           missing && missing->is_bool() && missing->get_bool()
                               ? paint(Color::yellow, "  (not running)")
                               : "");
    }
    return "Enforced\n" + out;
}

std::string hook_line(const json::object& status, const Painter& paint) {
    std::size_t attached = 0;
    std::string out;
    const auto& hooks = list(status, "hooks");
    for (const auto& hook : hooks) {
        const auto* on = at(hook, "attached");
        if (on && on->is_bool() && on->get_bool())
            ++attached;
        else
            out += paint(Color::red, fmt::format("  {} is not attached: {}", text_at(hook, "hook"),
                                                 text_at(hook, "note"))) +
                   "\n";
    }
    return fmt::format("Hooks    {} of {} attached to {}\n", attached, hooks.size(),
                       text_at(status, "agent.cgroup")) +
           out;
}

std::string loss_line(const json::object& status, const Painter& paint) {
    const std::array<std::pair<const char*, const char*>, 4> kinds{
        {{"losses.kernel_events", "kernel events"},
         {"losses.socket_lines", "socket lines"},
         {"losses.flow_log_lines", "flow log lines"},
         {"losses.helper_faults", "helper faults"}}};
    std::string out;
    for (const auto& [path, name] : kinds)
        if (const auto lost = number_at(status, path))
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", lost, name);
    return "Losses   " + (out.empty() ? "none" : paint(Color::red, out)) + "\n";
}

// Nothing when nobody ever touched anything.
std::string tamper_lines(const json::object& status, const Painter& paint) {
    std::string out;
    for (const auto& seen : list(status, "tampering.last")) {
        const auto* repaired = at(seen, "repaired");
        const bool back = repaired && repaired->is_bool() && repaired->get_bool();
        out += paint(Color::red,
                     fmt::format("Tamper   {} {} at {}, {}", text_at(seen, "what"),
                                 text_at(seen, "where"), time_of_day(text_at(seen, "time")),
                                 back ? "put back" : text_at(seen, "error"))) +
               "\n";
    }
    return out;
}

std::string verdict_line(const json::object& status) {
    const auto* verdicts = at(status, "counters.verdicts");
    std::string out;
    if (verdicts && verdicts->is_object())
        for (const auto& [name, count] : verdicts->get_object())
            if (name != "none")
                out += fmt::format("{}{} {}", out.empty() ? "" : ", ",
                                   number_at(*verdicts, std::string_view(name.data(), name.size())),
                                   std::string_view(name.data(), name.size()));
    return fmt::format("Verdicts {}; {} unresolved processes\n", out.empty() ? "none yet" : out,
                       number_at(status, "counters.unresolved"));
}

} // namespace

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1024)
        return fmt::format("{} B", bytes);
    double value = double(bytes) / 1024;
    for (const char* unit : {"KiB", "MiB", "GiB"}) {
        if (value < 1024)
            return fmt::format("{:.1f} {}", value, unit);
        value /= 1024;
    }
    return fmt::format("{:.1f} TiB", value);
}

std::string status_text(const json::object& status, const Painter& paint, std::int64_t now) {
    std::string out = fmt::format(
        "Agent    {}, pid {}, started {}, {} resident\n", text_at(status, "agent.version"),
        number_at(status, "agent.pid"), age(text_at(status, "agent.started"), now),
        bytes_text(static_cast<std::uint64_t>(number_at(status, "agent.resident_bytes"))));
    out += policy_lines(status, paint, now) + controller_lines(status, paint);
    if (auto until = text_at(status, "paused_until"); !until.empty())
        out +=
            paint(Color::yellow, "Paused   nothing is blocked until " + time_of_day(until)) + "\n";
    out += hook_line(status, paint) + verdict_line(status) + loss_line(status, paint) +
           tamper_lines(status, paint) + subject_lines(status, paint);
    for (const auto& note : list(status, "notes"))
        if (note.is_string())
            out += fmt::format("Note     {}\n", std::string_view(note.get_string()));
    return out;
}

} // namespace ringwall::cli
