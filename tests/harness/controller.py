"""The controller on a test host, its command line, and agents that are paired with it."""

import hashlib
import json
import os
import pathlib
import ssl
import subprocess
import urllib.request

from . import kernel, network
from .agent import AGENT, CLI, Agent, Notifications
from .flows import FlowStream
from .lab import wait_until
from .process import Process

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build/release"
CONTROLLER = os.environ.get("RINGWALL_CONTROLLER_PROGRAM",
                            str(BUILD / "control/app/ringwall-controller"))
PORT = 8443


class Controller:
    """`ringwall-controller` in the network namespace of a host, outside of the host's subtree."""

    def __init__(self, host, *options, start=True):
        self.host = host
        self.directory = f"{host.directory}/controller"
        self.data = f"{self.directory}/data"
        self.arguments = ["run", "--data-dir", self.data, "--listen", f"{host.address}:{PORT}",
                          "--name", host.address, *options]
        os.makedirs(self.directory)
        self.process = None
        self.notifications_ = Notifications(f"{self.directory}/notify", host)
        host.lab.ledger.add("notification socket", self.notifications_.close)
        if start:
            self.start()

    def start(self):
        """Starts it, or starts it again, and waits until it serves."""
        self.notifications_.forget()
        self.process = self.host.spawn(
            [CONTROLLER, *self.arguments], "..controller",
            env=dict(os.environ, NOTIFY_SOCKET=self.notifications_.path))
        self.notifications_.wait("READY=1", self.process, 60)
        return self

    def kill(self):
        """kill -9."""
        return self.process.kill()

    def stop(self):
        return self.process.stop(15)

    def environment(self):
        return dict(os.environ, RINGWALL_SERVER=f"https://{self.host.address}:{PORT}",
                    RINGWALL_TOKEN_FILE=f"{self.data}/admin.token",
                    RINGWALL_CA=f"{self.data}/ca.pem", HOME=self.directory)

    def run(self, *arguments, given=None):
        """`ringwall` in the controller's network; the finished process, whatever came of it."""
        with kernel.network_namespace(f"{network.NETNS}/{self.host.netns}"):
            return subprocess.run([CLI, *map(str, arguments)], text=True, capture_output=True,
                                  check=False, input=given, env=self.environment())

    def command(self, *arguments):
        """The shell command that does it."""
        said = {key: value for key, value in self.environment().items()
                if key.startswith("RINGWALL_") and key not in os.environ}
        return " ".join([f"nsenter --net={network.NETNS}/{self.host.netns} env",
                         *(f"{key}={value}" for key, value in said.items()), CLI, *arguments])

    def cli(self, *arguments, given=None):
        """The same, must succeed; its standard output."""
        done = self.run(*arguments, given=given)
        if done.returncode:
            raise AssertionError(f"ringwall {' '.join(map(str, arguments))}: exit "
                                 f"{done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "-o", "json"))

    def url(self, target):
        return f"https://{self.host.address}:{PORT}/api/v1/{target}"

    def authorization_(self):
        with open(f"{self.data}/admin.token", encoding="ascii") as file:
            return f"Bearer {file.read().strip()}"

    def get(self, target):
        """GET /api/v1/TARGET; the JSON."""
        return self.ask_(urllib.request.Request(self.url(target)))

    def post(self, target, body):
        """The same with POST."""
        return self.ask_(urllib.request.Request(self.url(target), json.dumps(body).encode(),
                                                {"Content-Type": "application/json"}))

    def metric(self, name):
        """One of the controller's metrics, summed up over those of its labels that are not named."""
        text = self.read_(urllib.request.Request(f"https://{self.host.address}:{PORT}/metrics"))
        return sum(float(line.split()[-1]) for line in text.decode().splitlines()
                   if line.startswith((name + " ", name + "{")))

    def ask_(self, request):
        return json.loads(self.read_(request))

    def read_(self, request):
        context = ssl.create_default_context(cafile=f"{self.data}/ca.pem")
        request.add_header("Authorization", self.authorization_())
        with kernel.network_namespace(f"{network.NETNS}/{self.host.netns}"), \
                urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.read()

    def follow_flows(self):
        """What the fleet reports from now on."""
        curl = self.host.spawn(
            ["curl", "--http1.1", "-sSNi", "--cacert", f"{self.data}/ca.pem", "-H", "@-",
             self.url("flows?follow=true")], "..flows", stdin="pipe")
        curl.tell(f"Authorization: {self.authorization_()}")
        curl.stdin.close()
        curl.wait_line(r"^HTTP/1.1 200")
        return FlowStream(curl.log)

    def agents(self):
        return [a for a in self.json("agents")["items"] if not a.get("revoked")]

    def settled(self, seconds=20):
        """Every agent holds the newest."""
        wait_until(lambda: all(a["current"] for a in self.agents()),
                   "every agent holds the newest", seconds)

    def pairing_line(self, profile="all"):
        return self.cli("pair", "--profile", profile, "--host", self.host.address).strip()


class PairedAgent(Agent):
    """An agent that gets its policy from the controller."""

    def __init__(self, host, controller, *options, profile="all", labels=None, mode=None,
                 tag="agent", start=True):
        super().__init__(host, "", host.name, *options, tag=tag, start=False)
        policy = self.arguments.index("--policy")
        del self.arguments[policy:policy + 4]  # --policy PATH --as NAME
        self.controller = controller
        self.pair(controller.pairing_line(profile), labels or {}, mode)
        if start:
            self.start()

    def pair(self, line, labels, mode, *options):
        machine = hashlib.md5(self.directory.encode()).hexdigest()
        words = [AGENT, "pair", "--state-dir", f"{self.directory}/state", "--name", self.name,
                 "--machine-id", machine]
        for key, value in labels.items():
            words += ["--label", f"{key}={value}"]
        if mode:
            words += ["--mode", mode]
        process = Process([*words, *options, line], log=f"{self.directory}/pair.log",
                          netns=f"{network.NETNS}/{self.host.netns}")
        try:
            status = process.wait(30)
            assert status == 0, process.output()
        finally:
            process.release()
