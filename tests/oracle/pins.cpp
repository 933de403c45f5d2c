#include "tests/oracle/pins.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

namespace ringwall::oracle {

PinDirectory::PinDirectory() : mount_("/tmp/rw-oracle-" + std::to_string(getpid())) {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0)
        throw std::runtime_error("cannot make a mount namespace; run as root");
    if (mkdir(mount_.c_str(), 0700) != 0 || mount("bpf", mount_.c_str(), "bpf", 0, nullptr) != 0)
        throw std::runtime_error("cannot mount a bpffs at " + mount_);
}

PinDirectory::~PinDirectory() {
    umount2(mount_.c_str(), MNT_DETACH);
    rmdir(mount_.c_str());
}

} // namespace ringwall::oracle
