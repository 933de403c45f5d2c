#include "agent/notify.h"

#ifdef RINGWALL_SYSTEMD
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "agent/fd.h"
#endif

namespace ringwall::agent {

#ifdef RINGWALL_SYSTEMD
namespace {

// As sd_notify(), which waits for room: what comes often must not stop the event loop when nobody
// reads for a while. It is lost then.
void send_if_there_is_room(const std::string& text) {
    const char* const path = std::getenv("NOTIFY_SOCKET"); // NOLINT(concurrency-mt-unsafe)
    sockaddr_un address{};
    const auto length = path ? std::strlen(path) : 0;
    if (length == 0 || length >= sizeof address.sun_path)
        return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, length);
    if (path[0] == '@') // abstract
        address.sun_path[0] = '\0';
    const Fd to(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!to)
        return;
    sendto(to.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

} // namespace

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
    send_if_there_is_room("STATUS=" + status);
}
void notify_stopping() {
    sd_notify(0, "STOPPING=1");
}
void notify_alive() {
    send_if_there_is_room("WATCHDOG=1");
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
