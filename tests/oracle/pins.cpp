#include "tests/oracle/pins.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

namespace ringwall::oracle {

PinDirectory::PinDirectory() : x_mount("/tmp/rw-oracle-" + std::to_string(getpid())) {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0)
        throw std::runtime_error("cannot make a mount namespace; run as root");
    if (mkdir(x_mount.c_str(), 0700) != 0 || mount("bpf", x_mount.c_str(), "bpf", 0, nullptr) != 0)
        throw std::runtime_error("cannot mount a bpffs at " + x_mount);
}

PinDirectory::~PinDirectory() {
    umount2(x_mount.c_str(), MNT_DETACH);
    rmdir(x_mount.c_str());
}

} // namespace ringwall::oracle
