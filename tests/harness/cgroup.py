"""A cgroup v2 subtree of the test's own, and its removal with everything that runs in it."""

import os
import signal
import time

from . import kernel


def processes(directory):
    """Every process at or below a cgroup."""
    found = []
    for place, _, _ in os.walk(directory):
        try:
            with open(f"{place}/cgroup.procs", encoding="ascii") as table:
                found += [int(pid) for pid in table]
        except (FileNotFoundError, OSError):
            continue  # removed meanwhile
    return [pid for pid in found if pid != 0]


def end_processes(directory, seconds=5):
    """SIGKILL to every process below a cgroup, by pidfd, until none is left."""
    deadline = time.monotonic() + seconds
    while pids := processes(directory):
        for pid in pids:
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            try:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
                kernel.readable([fd], deadline - time.monotonic())
                _reap(pid)
            except ProcessLookupError:
                pass
            finally:
                os.close(fd)
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes {processes(directory)} in {directory} do not end")


def _reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass  # somebody else's child


def remove(directory):
    """Ends what runs there and removes the tree, deepest first."""
    if not os.path.isdir(directory):
        return
    end_processes(directory)
    for place, _, _ in os.walk(directory, topdown=False):
        _remove_one(place)


def _remove_one(place, seconds=5):
    deadline = time.monotonic() + seconds
    while True:
        try:
            os.rmdir(place)
            return
        except FileNotFoundError:
            return
        except OSError:  # a zombie's exit is not finished; its parent reaps it
            if time.monotonic() > deadline:
                raise
            os.sched_yield()
