// What systemd wants to hear (Type=notify, WatchdogSec). Does nothing where there is no systemd.
#pragma once

#include <chrono>
#include <string>

namespace ringwall::agent {

void notify_ready(const std::string& status);
void notify_reloading();
void notify_status(const std::string& status); // never waits; lost when nobody reads
void notify_stopping();
void notify_alive(); // likewise
// Half of WatchdogSec; zero: no watchdog.
std::chrono::microseconds watchdog_interval();

} // namespace ringwall::agent
