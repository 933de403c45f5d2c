"""A lab: test hosts joined by a network, and everything they made taken back at the end.

    with Lab("dns") as lab:
        web = lab.host("web", "10.0.0.1")
        dns = lab.host("dns", "192.168.0.1")
        daemons.named(dns, zone={"app.example": "10.0.1.5"})
        assert web.probe("dns", "192.168.0.1", "app.example")["result"] == "answered"

Names of namespaces, cgroups and directories come from the lab's name and the process id, so labs
run side by side. A lab that was killed before it could clean up is swept by the next one.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from . import cgroup, kernel, network
from .ledger import Ledger
from .process import Process

PREFIX = "rw-e2e"
PROGRAMS = ("probe.py", "many.py")
PYTHON = os.path.realpath("/usr/bin/python3")


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


class Host:
    """A network namespace with addresses, and a cgroup subtree whose children are its units."""

    def __init__(self, lab, name, addresses):
        self.lab = lab
        self.name = name
        self.addresses = addresses
        self.netns = lab.network.namespace(name)
        lab.network.attach(self.netns, addresses)
        self.subtree = f"{lab.cgroup}/{name}"
        self.directory = f"{lab.directory}/{name}"
        os.mkdir(self.subtree)
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o755)
        self.count_ = 0

    @property
    def address(self):
        return self.addresses[0]

    def unit(self, name):
        """The cgroup of a unit, made when needed. `..name` is outside the host's subtree."""
        place = f"{self.subtree}.{name[2:]}" if name.startswith("..") else f"{self.subtree}/{name}"
        os.makedirs(place, exist_ok=True)
        return place

    def spawn(self, argv, unit, **options):
        """Starts a program as part of a unit; see Process for the options."""
        self.count_ += 1
        log = f"{self.directory}/{self.count_:03}-{re.sub(r'[^a-z0-9.-]', '_', unit)}.log"
        options.setdefault("cwd", self.directory)
        options.setdefault("outlives_parent", self.lab.ledger.keep)
        process = Process(argv, log=log, netns=f"{network.NETNS}/{self.netns}",
                          cgroup=self.unit(unit), **options)
        self.lab.ledger.add(f"process {process.pid}", process.release)
        return process

    def end(self, unit):
        """Kills every process of a unit."""
        cgroup.end_processes(self.unit(unit))

    def run(self, argv, unit="client.service", seconds=30, **options):
        """Runs a program to its end; returns (exit status, output)."""
        process = self.spawn(argv, unit, **options)
        return process.wait(seconds), process.output()

    def python(self, code, *args, unit="client.service", exe=PYTHON, **options):
        """Starts Python code as a program; `exe` may be any copy of the interpreter."""
        return self.interpret_(exe, ["-c", code, *map(str, args)], unit, **options)

    def interpret_(self, exe, argv, unit, **options):
        return self.spawn([exe, "-S", "-s", *argv], unit, env=self.environment(), **options)

    def environment(self):
        """In which any copy of the interpreter finds its library and the test programs."""
        return dict(os.environ, PYTHONHOME=sys.base_prefix, PYTHONDONTWRITEBYTECODE="1",
                    PYTHONUNBUFFERED="1", PYTHONPATH=self.lab.directory)

    def probe(self, *args, **options):
        """One connection attempt of a real program; what it saw, as probe.py describes it."""
        return self.probed(self.start_probe(*args, **options))

    def start_probe(self, *args, unit="client.service", exe=PYTHON, **options):
        return self.interpret_(exe, [f"{self.lab.directory}/probe.py", *map(str, args)], unit,
                               **options)

    def probed(self, process, seconds=30):
        """What a started probe saw, once it has ended."""
        process.wait(seconds)
        lines = process.output().strip().splitlines()
        try:
            return dict(json.loads(lines[-1]), pid=process.pid)
        except (IndexError, ValueError):
            raise AssertionError(f"{process.argv} said:\n{process.output()}") from None

    def serve(self, *args, unit, **options):
        """Starts `probe.py serve …` and waits until it listens."""
        process = self.start_probe("serve", *args, unit=unit, **options)
        process.wait_line("^ready")
        return process

    def many(self, *args, unit="load.service"):
        """Starts many.py and waits until its connections are open."""
        argv = [f"{self.lab.directory}/many.py", *map(str, args)]
        return Load(self.interpret_(PYTHON, argv, unit, stdin="pipe"))

    def sockets(self, *protocols):
        """Rows of /proc/net/PROTOCOL (tcp, tcp6, udp, udp6)."""
        rows = []
        with kernel.network_namespace(f"{network.NETNS}/{self.netns}"):
            for protocol in protocols:
                with open(f"/proc/thread-self/net/{protocol}", encoding="ascii") as table:
                    rows += [Socket.parse(protocol, line) for line in table.readlines()[1:]]
        return rows

    def listening(self, protocol, port):
        return any(s.listening and s.local == port for s in self.sockets(protocol))

    def listener(self, protocol, port):
        """The unit that serves a port, from the host's inventory of listening sockets."""
        sockets = self.sockets(protocol, f"{protocol}6")
        inodes = {f"socket:[{s.inode}]" for s in sockets if s.listening and s.local == port}
        for pid in cgroup.processes(self.subtree):
            if inodes & set(open_files(pid)):
                with open(f"/proc/{pid}/cgroup", encoding="utf-8") as text:
                    unified = next(line for line in text if line.startswith("0::"))
                return os.path.basename(unified.strip())
        return ""

    def established(self, port):
        """Established TCP connections with this port at either end."""
        return sum(s.state == ESTABLISHED and port in (s.local, s.peer)
                   for s in self.sockets("tcp", "tcp6"))


ESTABLISHED, UNCONNECTED, LISTEN = "01", "07", "0A"


@dataclass(frozen=True)
class Socket:
    """One row of /proc/net/tcp or its like; ports only."""
    protocol: str
    local: int
    peer: int
    state: str
    inode: str

    @staticmethod
    def parse(protocol, line):
        row = line.split()
        ports = (int(end.rpartition(":")[2], 16) for end in row[1:3])
        return Socket(protocol, *ports, row[3], row[9])

    @property
    def listening(self):
        return self.state == (LISTEN if self.protocol.startswith("tcp") else UNCONNECTED)


def open_files(pid):
    try:
        return [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
    except OSError:
        return []  # it ended meanwhile


class Load:
    """A running many.py."""

    def __init__(self, process):
        self.process_ = process
        self.answers_ = 0
        process.wait_line("^open$")

    def report(self, command="report"):
        """Its tallies by port, as they are now."""
        self.answers_ += 1
        self.process_.tell(command)
        lines = self.process_.wait_line(r"(?:^\{.*\}$\s*){%d}" % self.answers_)[0]
        return json.loads(lines.splitlines()[-1])

    def stop(self):
        return self.report("stop")


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
    cgroup.remove(f"{kernel.cgroup2_mount()}/{base}")
    for place in glob.glob(f"{network.NETNS}/{base}-*"):
        subprocess.run(["ip", "netns", "delete", os.path.basename(place)], check=False)
    for directory in directories:
        for point in kernel.mounted_below(directory):
            kernel.unmount(point)
        shutil.rmtree(directory, ignore_errors=True)
