#include "agent/notify.h"

#ifdef RINGWALL_SYSTEMD
#include <systemd/sd-daemon.h>

#include <fmt/format.h>

#include "agent/host.h"
#endif

namespace ringwall::agent {

#ifdef RINGWALL_SYSTEMD
void notify_ready(const std::string& status) {
    sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str());
}
void notify_reloading() {
    sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_ns() / 1000).c_str());
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
