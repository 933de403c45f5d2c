// A program that holds sockets. It says the number of a bound socket's descriptor, then, for each
// line it is sent, of one more. Arguments are done first: chroot DIR, unshare-mounts, user UID GID.
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

int bound_socket() {
    const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bind(descriptor, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0 ? descriptor : -1;
}

bool become(unsigned uid, unsigned gid) {
    const gid_t groups[] = {gid, 4242, 17};
    return setgroups(3, groups) == 0 && setresgid(gid, gid, gid) == 0 &&
           setresuid(uid, uid, uid) == 0;
}

bool do_arguments(char** argument) {
    for (; *argument; ++argument) {
        const std::string_view what = *argument;
        if (what == "chroot" && (chroot(*++argument) != 0 || chdir("/") != 0))
            return false;
        if (what == "unshare-mounts" && unshare(CLONE_NEWNS) != 0)
            return false;
        if (what == "user") {
            const unsigned uid = std::strtoul(*++argument, nullptr, 10);
            if (!become(uid, std::strtoul(*++argument, nullptr, 10)))
                return false;
        }
    }
    return true;
}

} // namespace

int main(int, char** arguments) {
    char line[16];
    if (!do_arguments(arguments + 1))
        return 1;
    do {
        dprintf(STDOUT_FILENO, "%d\n", bound_socket());
    } while (read(STDIN_FILENO, line, sizeof line) > 0);
    return 0;
}
