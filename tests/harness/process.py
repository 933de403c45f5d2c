"""One program on a test host: in its network namespace and cgroup before it is executed."""

import os
import pwd
import re
import signal
import subprocess
import time

from . import kernel


class Died(AssertionError):
    """A program ended before it did what the test waits for."""


class Process:
    """stdout and stderr go to a file; waiting is by inotify on it and by pidfd."""

    def __init__(self, argv, *, log, netns=None, cgroup=None, user=None, cwd=None, env=None,
                 stdin=None, outlives_parent=False, pass_fds=(), executable=None):
        self.argv = [str(a) for a in argv]
        self.log = log
        account = pwd.getpwnam(user) if user else None
        netns_fd = os.open(netns, os.O_RDONLY | os.O_CLOEXEC) if netns else None
        procs = f"{cgroup}/cgroup.procs"
        cgroup_fd = os.open(procs, os.O_WRONLY | os.O_CLOEXEC) if cgroup else None

        def enter():
            if cgroup_fd is not None:
                os.write(cgroup_fd, b"0")
            if netns_fd is not None:
                kernel.setns(netns_fd)
            if account:
                os.initgroups(account.pw_name, account.pw_gid)
                os.setgid(account.pw_gid)
                os.setuid(account.pw_uid)
            if not outlives_parent:
                kernel.die_with_parent(signal.SIGKILL)

        try:
            with open(log, "ab") as out:
                self.popen_ = subprocess.Popen(
                    self.argv, stdin=subprocess.PIPE if stdin == "pipe" else subprocess.DEVNULL,
                    stdout=out, stderr=subprocess.STDOUT, cwd=cwd, env=env, preexec_fn=enter,
                    start_new_session=True, pass_fds=pass_fds, executable=executable)
        finally:
            for fd in (netns_fd, cgroup_fd):
                if fd is not None:
                    os.close(fd)
        self.pid = self.popen_.pid
        self.pidfd_ = os.pidfd_open(self.pid)
        self.stdin = self.popen_.stdin

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return text.read()

    def wait_line(self, pattern, seconds=30):
        """The first match in the output, awaited; Died with the output when the program ends."""
        deadline = time.monotonic() + seconds
        with kernel.DirectoryWatch(os.path.dirname(self.log)) as watch:
            while True:
                ended = not self.alive()
                if match := re.search(pattern, self.output(), re.MULTILINE):
                    return match
                left = deadline - time.monotonic()
                if ended or left <= 0:
                    what = "ended" if ended else f"did not do so in {seconds} s"
                    raise Died(f"waiting for /{pattern}/: {self.argv[0]} {what}; its output:\n"
                               + self.output()[-4000:])
                watch.wait(left, [self.pidfd_])

    def tell(self, line):
        """One line to the program's standard input."""
        self.stdin.write(line.encode() + b"\n")
        self.stdin.flush()

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def alive(self):
        return self.popen_.poll() is None

    def signal(self, number):
        if self.alive():
            signal.pidfd_send_signal(self.pidfd_, number)

    def wait(self, seconds=30):
        """Exit status, awaited on the pidfd."""
        if not kernel.readable([self.pidfd_], seconds):
            raise Died(f"{self.argv[0]} (pid {self.pid}) runs after {seconds} s; its output:\n"
                       + self.output()[-4000:])
        return self.popen_.wait()

    def stop(self, seconds=5):
        """SIGTERM, then SIGKILL."""
        self.signal(signal.SIGTERM)
        if not kernel.readable([self.pidfd_], seconds):
            self.signal(signal.SIGKILL)
        return self.popen_.wait()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.popen_.wait()

    def release(self):
        """Kills it when it runs and closes the descriptors."""
        if self.pidfd_ is None:
            return
        self.kill()
        if self.stdin:
            self.stdin.close()
        os.close(self.pidfd_)
        self.pidfd_ = None
