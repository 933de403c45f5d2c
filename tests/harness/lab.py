"""A lab: test hosts joined by a network, and everything they made taken back at the end.

    with Lab("dns") as lab:
        web = lab.host("web", "10.0.0.1")
        dns = lab.host("dns", "192.168.0.1")
        daemons.named(dns, {"app": "10.0.1.5"})
        assert web.probe("dns", "192.168.0.1", "app.payments.example")["result"] == "answered"

Names of namespaces, cgroups and directories come from the lab's name and the process id, so labs
run side by side. A lab that was killed before it could clean up is swept by the next one.
"""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile
import time

from . import cgroup, kernel, network, podman
from .host import Host
from .ledger import Ledger

PREFIX = "rw-e2e"
PROGRAMS = ("probe.py", "many.py")


class Lab:
    def __init__(self, name, keep=False):
        """keep: everything stays when this process ends; `sweep(kept=True)` removes it."""
        sweep()
        self.base = f"{PREFIX}-{name}-{os.getpid()}"
        self.ledger = Ledger()
        self.ledger.keep = keep
        self.hosts = {}
        self.directory = tempfile.mkdtemp(prefix=f"{self.base}-")
        os.chmod(self.directory, 0o755)
        if keep:
            open(f"{self.directory}/kept", "w", encoding="ascii").close()
        for program in PROGRAMS:  # readable for every user of a test host
            shutil.copy(os.path.join(os.path.dirname(__file__), program), self.directory)
        self.ledger.add("directory", lambda: shutil.rmtree(self.directory, ignore_errors=True))
        self.bpffs = self.make_bpffs_()
        self.cgroup = f"{kernel.cgroup2_mount()}/{self.base}"
        os.mkdir(self.cgroup)
        self.ledger.add("cgroup", lambda: cgroup.remove(self.cgroup))
        self.network = network.Network(self.base, self.ledger)

    def make_bpffs_(self):
        """A bpffs of its own: unmounting it takes every pin, map and link with it."""
        place = f"{self.directory}/bpf"
        os.mkdir(place)
        kernel.mount("bpf", place, "bpf", data="mode=0700")
        self.ledger.add("bpffs", lambda: kernel.unmount(place))
        return place

    def host(self, name, *addresses):
        self.hosts[name] = Host(self, name, addresses)
        return self.hosts[name]

    def write(self, name, text):
        """A file in the lab's directory, replaced in one step; returns its path."""
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def close(self):
        self.ledger.close()
        if not self.ledger.keep:
            left = self.ledger.failures + leaks(self.base)
            assert not left, "left behind: " + "; ".join(left)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_until(condition, what, seconds=10):
    """For the few facts no descriptor announces: asks every 10 ms, with a bound."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.01)
    return value


def leaks(base):
    """What still carries the lab's name."""
    found = glob.glob(f"{network.NETNS}/{base}-*") + glob.glob(f"{kernel.cgroup2_mount()}/{base}*")
    directories = glob.glob(f"{tempfile.gettempdir()}/{base}-*")
    return found + directories + [m for d in directories for m in kernel.mounted_below(d)]


def sweep(kept=False):
    """Removes labs whose process is gone (killed before it could clean up)."""
    pattern = re.compile(rf"({PREFIX}-[a-z0-9-]+?-(\d+))(?:-|$)")
    places = (network.NETNS, kernel.cgroup2_mount(), tempfile.gettempdir())
    names = {m for place in places if os.path.isdir(place)
             for name in os.listdir(place) if (m := pattern.match(name))}
    for base, pid in {(m[1], m[2]) for m in names}:
        directories = glob.glob(f"{tempfile.gettempdir()}/{base}-*")
        is_kept = any(os.path.exists(f"{d}/kept") for d in directories)
        if not os.path.exists(f"/proc/{pid}") and (kept or not is_kept):
            sweep_one_(base, directories)


def sweep_one_(base, directories):
    if any(os.path.exists(f"{d}/{podman.IMAGE}") for d in directories):
        podman.forget(base)
    cgroup.remove(f"{kernel.cgroup2_mount()}/{base}")
    for place in glob.glob(f"{network.NETNS}/{base}-*"):
        subprocess.run(["ip", "netns", "delete", os.path.basename(place)], check=False)
    for directory in directories:
        for point in kernel.mounted_below(directory):
            with contextlib.suppress(OSError):  # another lab sweeps, too
                kernel.unmount(point)
        shutil.rmtree(directory, ignore_errors=True)
