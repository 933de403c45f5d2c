#include "control/server/reserve.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace ringwall::server {

void Reserve::turn_away(int listener) {
    give();
    if (const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); client >= 0)
        close(client);
    take();
}

void Reserve::take() {
    fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Reserve::give() {
    if (const int fd = std::exchange(fd_, -1); fd >= 0)
        close(fd);
}

} // namespace ringwall::server
