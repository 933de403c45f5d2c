#include "control/alerts/folder.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringwall::alerts {
namespace {

Alert alert_of(const Event& event) {
    return {.kind = event.kind,
            .sentence = event.sentence,
            .fields = event.fields,
            .first_ns = event.at_ns,
            .last_ns = event.at_ns};
}

} // namespace

bool Memory::knows(std::string_view text) {
    const std::string key(text);
    if (young_.contains(key))
        return true;
    if (!old_.contains(key))
        return false;
    add(text);
    return true;
}

void Memory::add(std::string_view text) {
    if (young_.size() >= half_) {
        old_ = std::move(young_);
        young_.clear();
    }
    young_.emplace(text);
}

bool TokenBucket::take(Time now, double leave) {
    const std::chrono::duration<double> passed = now - filled_;
    tokens_ = std::min(burst_, tokens_ + passed.count() * rate_);
    filled_ = now;
    if (tokens_ < leave + 1)
        return false;
    tokens_ -= 1;
    return true;
}

Folder::Folder(FolderOptions options)
    : options_(std::move(options)), bucket_(options_.rate, options_.burst),
      memory_(options_.max_known) {}

std::vector<Alert> Folder::tell(const Event& event, Time now) {
    auto out = tick(now);
    ++counters_.events;
    if (!options_.kinds.empty() && !options_.kinds.contains(event.kind))
        ++counters_.unwanted;
    else if (event.kind == Kind::would_block_new)
        tell_new(event, now, out);
    else
        fold(event, now, out);
    return out;
}

// Remembered only when somebody was told: what the rate limit held back is new the next time, too.
void Folder::tell_new(const Event& event, Time now, std::vector<Alert>& out) {
    if (memory_.knows(event.key))
        ++counters_.known;
    else if (pass(alert_of(event), now, out))
        memory_.add(event.key);
}

void Folder::fold(const Event& event, Time now, std::vector<Alert>& out) {
    const auto known = windows_.find({event.kind, event.key});
    if (known != windows_.end()) {
        auto& window = known->second;
        if (window.folded++ == 0)
            window.first_ns = event.at_ns;
        window.newest = event;
        return;
    }
    if (windows_.size() >= options_.max_windows)
        return hold_back(event.kind, 1, event.at_ns, now);
    if (!pass(alert_of(event), now, out))
        return;
    const auto ends = now + options_.window;
    ends_.push_back(windows_.emplace(Key{event.kind, event.key}, Window{.ends = ends}).first);
}

std::vector<Alert> Folder::tick(Time now) {
    std::vector<Alert> out;
    while (!ends_.empty() && ends_.front()->second.ends <= now) {
        const auto window = ends_.front();
        ends_.pop_front();
        close(window, now, out);
    }
    if (held_back_.tell_at && *held_back_.tell_at <= now)
        tell_suppressed(out);
    return out;
}

void Folder::close(Windows::iterator window, Time now, std::vector<Alert>& out) {
    auto& content = window->second;
    if (content.folded == 0) {
        windows_.erase(window);
        return;
    }
    auto alert = alert_of(content.newest);
    alert.count = content.folded;
    alert.first_ns = content.first_ns;
    alert.sentence =
        fmt::format("{} ({} more in {} s)", content.newest.sentence, content.folded,
                    std::chrono::duration_cast<std::chrono::seconds>(options_.window).count());
    pass(std::move(alert), now, out);
    content = {.ends = now + options_.window};
    ends_.push_back(window);
}

std::vector<Alert> Folder::flush(Time now) {
    auto out = tick(now);
    for (const auto& window : std::exchange(ends_, {}))
        close(window, now, out);
    if (held_back_.tell_at)
        tell_suppressed(out);
    windows_.clear();
    ends_.clear();
    return out;
}

std::optional<Time> Folder::next_deadline() const {
    if (ends_.empty())
        return held_back_.tell_at;
    const auto ends = ends_.front()->second.ends;
    return held_back_.tell_at ? std::min(ends, *held_back_.tell_at) : ends;
}

bool Folder::pass(Alert alert, Time now, std::vector<Alert>& out) {
    if (!bucket_.take(now, info(alert.kind).flood ? options_.burst / 4 : 0)) {
        hold_back(alert.kind, alert.count, alert.last_ns, now);
        return false;
    }
    counters_.folded += alert.count - 1;
    send(std::move(alert), out);
    return true;
}

void Folder::send(Alert alert, std::vector<Alert>& out) {
    alert.number = ++number_;
    ++counters_.alerts;
    ++counters_.by_kind[alert.kind];
    out.push_back(std::move(alert));
}

void Folder::hold_back(Kind kind, std::uint64_t events, std::int64_t at_ns, Time now) {
    counters_.suppressed += events;
    held_back_.events.at(static_cast<std::size_t>(kind)) += events;
    held_back_.last_ns = at_ns;
    if (held_back_.tell_at)
        return;
    held_back_.first_ns = at_ns;
    held_back_.tell_at = now + options_.window;
}

// Once in a window at most, so it needs no token.
void Folder::tell_suppressed(std::vector<Alert>& out) {
    Alert alert{.kind = Kind::suppressed,
                .count = 0,
                .first_ns = held_back_.first_ns,
                .last_ns = held_back_.last_ns};
    std::string parts;
    for (const auto& kind : kinds()) {
        const auto events = held_back_.events.at(static_cast<std::size_t>(kind.kind));
        if (events == 0)
            continue;
        alert.count += events;
        alert.fields[std::string(kind.name)] = std::to_string(events);
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", events, kind.name);
    }
    alert.sentence = fmt::format("{} events were not sent as alerts because there were too many: "
                                 "{}; see the flows and the state of the agents for all of them",
                                 alert.count, parts);
    held_back_ = {};
    send(std::move(alert), out);
}

} // namespace ringwall::alerts
