"""One agent per test host, in the host's network namespace and in a cgroup beside its subtree."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from . import kernel, network
from .flows import FlowLog

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build/release"
AGENT = os.environ.get("RINGWALL_AGENT", str(BUILD / "agent/ringwall-agent"))
CLI = os.environ.get("RINGWALL_CLI", str(BUILD / "control/cli/ringwall"))


class Notifications:
    """What the agent tells its service manager (sd_notify). The socket of a host of a lab takes more
    than anybody reads."""

    def __init__(self, path, host=None):
        self.path = path
        where = (kernel.network_namespace(f"{network.NETNS}/{host.netns}") if host
                 else contextlib.nullcontext())
        with where:
            self.socket_ = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket_.bind(path)

    def forget(self):
        """Drops what was said until now."""
        while kernel.readable([self.socket_.fileno()], 0):
            self.socket_.recv(4096)

    def wait(self, wanted, process, seconds):
        """Waits for a line such as READY=1; AssertionError with the agent's output when it ends."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            ready = kernel.readable([self.socket_.fileno(), process.pidfd_], left)
            if self.socket_.fileno() in ready:
                if wanted in self.socket_.recv(4096).decode().splitlines():
                    return
            else:
                what = "ended" if ready else f"did not say {wanted} in {seconds} s"
                raise AssertionError(f"the agent {what}:\n{process.output()[-4000:]}")

    def close(self):
        self.socket_.close()


class Agent:
    def __init__(self, host, policy, name=None, *options, cgroup=None, tag="agent", start=True):
        self.host = host
        self.name = name or host.name
        self.directory = f"{host.directory}/{tag}"
        self.tag = tag
        self.pin_dir = f"{host.lab.bpffs}/{host.name}-{tag}"
        self.socket = f"{self.directory}/control.sock"
        self.cgroup = cgroup or host.subtree
        self.arguments = [
            "run", "--policy", policy, "--as", self.name, "--cgroup", self.cgroup,
            "--units-below-cgroup", "--pin-dir", self.pin_dir, "--state-dir",
            f"{self.directory}/state", "--socket", self.socket, "--flow-log",
            f"{self.directory}/flows.jsonl", *options]
        os.makedirs(self.directory)
        self.flows = FlowLog(f"{self.directory}/flows.jsonl")
        self.process = None
        self.notifications_ = Notifications(f"{self.directory}/notify", host)
        host.lab.ledger.add("notification socket", self.notifications_.close)
        if start:
            self.start()

    def start(self):
        """Starts it, or starts it again, and waits until it enforces."""
        self.launch()
        self.ready()
        return self

    def launch(self):
        """Without waiting: several agents may start side by side."""
        self.notifications_.forget()
        self.process = self.host.spawn([AGENT, *self.arguments], f"..{self.tag}",
                                       env=dict(os.environ, NOTIFY_SOCKET=self.notifications_.path))

    def ready(self, seconds=60):
        self.notifications_.wait("READY=1", self.process, seconds)

    def reload(self):
        """Waits until the policy is enforced as its files are now."""
        self.ask_to_reload()
        self.reloaded()

    def ask_to_reload(self):
        self.notifications_.forget()
        self.process.signal(signal.SIGHUP)

    def reloaded(self, seconds=30):
        self.notifications_.wait("RELOADING=1", self.process, seconds)
        self.notifications_.wait("READY=1", self.process, seconds)

    def command(self, *arguments):
        """The shell command that asks this agent."""
        return " ".join([CLI, *arguments, "--socket", self.socket])

    def cli(self, *arguments, check=True):
        """Runs `ringwall` against this agent; returns its standard output."""
        done = subprocess.run([CLI, *map(str, arguments), "--socket", self.socket], text=True,
                              capture_output=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"ringwall {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.cli("status", "-o", "json"))

    def stop(self):
        return self.process.stop(15)

    def kill(self):
        """kill -9."""
        return self.process.kill()
