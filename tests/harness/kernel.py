"""Kernel interfaces that Python's standard library lacks: setns, inotify, the cgroup v2 mount."""

import contextlib
import ctypes
import os
import select

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def setns(fd, kind=CLONE_NEWNET):
    _checked(_libc.setns(fd, kind), "setns")


def die_with_parent(signal_number):
    _checked(_libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")


def mount(source, target, kind, flags=0, data=""):
    result = _libc.mount(source.encode(), str(target).encode(), kind.encode(), flags, data.encode())
    _checked(result, f"mount {kind} at {target}")


def unmount(target):
    _checked(_libc.umount2(str(target).encode(), 2), f"unmount {target}")  # 2: MNT_DETACH


def mounted_below(directory):
    """Mount points at or below a directory, deepest first."""
    directory = str(directory)
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        points = [line.split()[4] for line in table]
    return sorted((p for p in points if p == directory or p.startswith(directory + "/")),
                  key=len, reverse=True)


def cgroup2_mount():
    """The cgroup v2 mount point; hybrid hosts mount it below the v1 hierarchies."""
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        for line in table:
            fields, _, tail = line.partition(" - ")
            if tail.split()[0] == "cgroup2":
                return fields.split()[4]
    raise RuntimeError("No cgroup v2 mount in /proc/self/mountinfo: mount -t cgroup2 none DIR")


@contextlib.contextmanager
def network_namespace(path):
    """The calling thread inside another network namespace, for sockets and /proc/sys/net."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(there)
        try:
            yield
        finally:
            setns(home)
    finally:
        os.close(there)
        os.close(home)


def readable(descriptors, seconds):
    """Those of the descriptors that can be read within this time; any number of them may be open,
    unlike with select()."""
    poll = select.poll()
    for fd in descriptors:
        poll.register(fd, select.POLLIN)
    return [fd for fd, _ in poll.poll(max(0, seconds) * 1000)]


class DirectoryWatch:
    """Wakes when a file in one directory grows or appears, or when one of `others` is readable."""

    def __init__(self, directory):
        self.fd_ = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), "inotify_init1")
        mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO
        _checked(_libc.inotify_add_watch(self.fd_, str(directory).encode(), mask),
                 f"inotify_add_watch {directory}")

    def wait(self, seconds, others=()):
        """Descriptors of `others` that are readable; empty after a change or the time-out."""
        ready = readable((self.fd_, *others), seconds)
        if self.fd_ in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(self.fd_, 65536):
                    pass
        return [fd for fd in ready if fd != self.fd_]

    def close(self):
        os.close(self.fd_)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
