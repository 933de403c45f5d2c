"""docs/tutorial.md, command by command: it says what works, and goes on saying it.

    web-1 ──tcp 8080──▶ app-1 ──tcp 5432──▶ db-1        head: the controller
"""

import os
import pathlib
import re
import shlex
import stat

from story import ANSWERED, REFUSED, Story, unittest, wait_until

from harness.agent import AGENT, CLI
from harness.controller import Controller, PairedAgent

TUTORIAL = pathlib.Path(__file__).resolve().parents[2] / "docs/tutorial.md"
ADDRESSES = {"web-1": "10.0.0.1", "app-1": "10.0.1.5", "db-1": "10.0.2.9"}
SERVED = {"app-1": (8080, "shop.service"), "db-1": (5432, "postgresql.service")}
STEP = re.compile(r"^```sh\n# on ([^\n]+)\n(.*?)^```$|^<!-- (traffic|attack) -->$", re.M | re.S)

# What is not the same on a test host: where the agent keeps its files, and who starts it.
PAIR = """#!/bin/sh
[ "$1" = pair ] || exit 2
shift
exec {agent} pair --state-dir {directory}/state --name {name} --machine-id {machine} "$@"
"""
SYSTEMCTL = """#!/bin/sh
[ "$*" = "restart ringwall-agent" ] && touch {directory}/start
"""


class WaitingAgent(PairedAgent):
    """An agent that the tutorial pairs and starts."""

    def pair(self, line, labels, mode, *options):
        pass


class Tutorial(Story):
    @classmethod
    def build(cls):
        cls.head = cls.lab.host("head", "10.0.9.1")
        cls.controller = Controller(cls.head)
        cls.hosts = {name: cls.lab.host(name, address) for name, address in ADDRESSES.items()}
        for name, (port, unit) in SERVED.items():
            cls.hosts[name].serve("tcp", ADDRESSES[name], port, unit=unit)
        cls.agents = {}
        cls.line = None
        cls.folder = f"{cls.lab.directory}/tutorial"
        os.makedirs(f"{cls.folder}/bin")
        os.symlink(CLI, f"{cls.folder}/bin/ringwall")

    def shell(self, host, commands, environment):
        """What a block printed; it must succeed, each command of it."""
        process = host.spawn(["bash", "-euo", "pipefail", "-c", commands], "..tutorial",
                             cwd=self.folder, env=environment)
        self.assertEqual(0, process.wait(120), f"{commands}\n{process.output()}")
        return process.output()

    def on_controller(self, commands):
        environment = dict(self.controller.environment(), CONTROLLER=self.head.address,
                           PATH=f"{self.folder}/bin:{os.environ['PATH']}")
        said = self.shell(self.head, commands, environment)
        if found := re.search(r"^.*\brwpair1,.*$", said, re.M):
            Tutorial.line = shlex.split(found[0])[-1]
        return said

    def on_host(self, name, commands):
        host = self.hosts[name]
        agent = self.agents[name] = WaitingAgent(host, self.controller, profile="shop",
                                                       start=False)
        machine = f"{len(self.agents):032x}"
        tools = f"{agent.directory}/bin"
        os.makedirs(tools)
        for tool, text in (("ringwall-agent", PAIR), ("systemctl", SYSTEMCTL)):
            path = pathlib.Path(tools) / tool
            path.write_text(text.format(agent=AGENT, directory=agent.directory, name=name,
                                        machine=machine), encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        said = self.shell(host, commands, dict(os.environ, LINE=self.line,
                                               PATH=f"{tools}:{os.environ['PATH']}"))
        self.assertTrue(os.path.exists(f"{agent.directory}/start"), "the agent is not started")
        agent.start()
        self.controller.settled()
        return said

    def traffic(self):
        """The application's own: each connection is answered, and both ends report it."""
        before = self.counted()
        for source, destination in (("web-1", "app-1"), ("app-1", "db-1")):
            self.assert_seen(ANSWERED, self.hosts[source].probe(
                "tcp", ADDRESSES[destination], SERVED[destination][0], unit="shop.service"))
        wait_until(lambda: self.counted() >= before + 2, "the map has it", 20)
        return ""

    def counted(self):
        edges = self.controller.json("top", "from.app=Shop to.app=Shop", "--since", "1h")["items"]
        return sum(e["count"] for e in edges
                   if "source_verdict" in e and "destination_verdict" in e)

    def attack(self):
        self.assert_seen(REFUSED, self.hosts["web-1"].probe("tcp", ADDRESSES["db-1"], 5432))
        wait_until(lambda: self.controller.json("top", "verdict=blocked", "--since", "1h")["items"],
                   "the map has it", 20)
        return ""

    def test_every_command_does_what_the_text_says(self):
        said = []
        for place, commands, event in STEP.findall(TUTORIAL.read_text(encoding="utf-8")):
            if event:
                said.append(getattr(self, event)())
            elif place == "the controller":
                self.controller_ready()
                said.append(self.on_controller(commands))
            else:
                said.append(self.on_host(place.removeprefix("on "), commands))
        text = "\n".join(said)
        self.assertIn("proposed-shop-production/web-to-app-tcp-8080-shop", text)
        self.assertIn("proposed-shop-production/app-to-database-tcp-5432-postgresql", text)
        self.assertRegex(text, r"0 connections newly blocked, [1-9]\d* newly allowed")
        self.assertIn("version 1", text.lower())
        for name in ADDRESSES:
            self.assertEqual("full", self.controller.get(f"workloads/{name}")["spec"]["mode"])

    def controller_ready(self):
        """Between two blocks a person reads; what was changed has reached the agents."""
        if self.agents:
            self.controller.settled()


if __name__ == "__main__":
    unittest.main(verbosity=2)
