#include "agent/notify.h"

#ifdef RINGWALL_SYSTEMD
#include <systemd/sd-daemon.h>

#include <fmt/format.h>
#endif

namespace ringwall::agent {

#ifdef RINGWALL_SYSTEMD
void notify_ready(const std::string& status) {
    sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str());
}
void notify_reloading() {
    // libstdc++'s steady clock is CLOCK_MONOTONIC, which is what systemd compares with.
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", us).c_str());
}
void notify_status(const std::string& status) {
    sd_notify(0, ("STATUS=" + status).c_str());
}
void notify_stopping() {
    sd_notify(0, "STOPPING=1");
}
void notify_alive() {
    sd_notify(0, "WATCHDOG=1");
}

std::chrono::microseconds watchdog_interval() {
    std::uint64_t microseconds = 0;
    return sd_watchdog_enabled(0, &microseconds) > 0 ? std::chrono::microseconds(microseconds / 2)
                                                     : std::chrono::microseconds(0);
}
#else
void notify_ready(const std::string&) {}
void notify_reloading() {}
void notify_status(const std::string&) {}
void notify_stopping() {}
void notify_alive() {}
std::chrono::microseconds watchdog_interval() {
    return {};
}
#endif

} // namespace ringwall::agent
