"""One test host: its programs by unit, its sockets, its end."""

import json
import os
import re
from dataclasses import dataclass

from . import cgroup, kernel, network
from .process import Process

PYTHON = os.path.realpath("/usr/bin/python3")
ESTABLISHED, UNCONNECTED, LISTEN = "01", "07", "0A"


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
        return dict(os.environ, PYTHONHOME="/usr", PYTHONDONTWRITEBYTECODE="1",
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
        process.release()  # thousands of probes are made in a long test
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
