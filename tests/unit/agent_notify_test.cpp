#include "agent/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "agent/fd.h"
#include "tests/unit/scratch.h"

namespace ringwall::agent {
namespace {

// What systemd has, when it reads nothing for a while.
class Notify : public ::testing::Test {
  protected:
    void listen(const std::string& path) {
        const auto length = offsetof(sockaddr_un, sun_path) + path.size();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        if (path[0] == '@')
            address.sun_path[0] = '\0';
        ASSERT_EQ(bind(reader.get(), reinterpret_cast<const sockaddr*>(&address),
                       static_cast<socklen_t>(length)),
                  0);
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    std::string heard() const {
        std::string text(1000, '\0');
        const auto size = recv(reader.get(), text.data(), text.size(), MSG_DONTWAIT);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return text;
    }
    void TearDown() override { unsetenv("NOTIFY_SOCKET"); }

    testing::Scratch scratch;
    Fd reader{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(Notify, WhatComesOftenNeverWaitsForAReader) {
    listen(scratch.path("notify"));
    for (int i = 0; i < 10'000; ++i) { // more than the kernel queues
        notify_status("version 7");
        notify_alive();
    }
    EXPECT_EQ(heard(), "STATUS=version 7");
    EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(Notify, AnAbstractSocketWillDo) {
    listen("@ringwall-notify-test-" + std::to_string(getpid()));
    notify_status("ready");
    EXPECT_EQ(heard(), "STATUS=ready");
}

TEST_F(Notify, WithoutSystemdNothingHappens) {
    unsetenv("NOTIFY_SOCKET");
    notify_status("ready");
    EXPECT_EQ(heard(), "");
}

} // namespace
} // namespace ringwall::agent
