"""The fleet that the browser looks at.

    web-1 ──tcp 8080──▶ app-1      allowed, as echo.service
    batch-1 ──tcp 8080──▶ app-1    batch-1 is in visibility: would be blocked here, is blocked there
    app-1 ──tcp 9999──▶ web-1      blocked at its source

The browser runs on the controller's host.
"""

import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from story import allow, role, service, wait_until  # noqa: E402

from harness.controller import Controller, PairedAgent  # noqa: E402
from harness.host import PYTHON  # noqa: E402
from harness.policy import document  # noqa: E402

DIST = pathlib.Path(__file__).resolve().parents[2] / "control/ui/dist"
PORT = 8080
NASTY_LABEL = "<img src=x onerror=alert(1)>\u202egnp.exe\u202c"
NASTY_DIRECTORY = "<script>alert(2)<!--\u202e\x07" + "x" * 150


class Fleet:
    def __init__(self, lab):
        self.lab = lab
        self.head = lab.host("head", "10.0.9.1")
        self.controller = Controller(self.head, "--ui-dir", str(DIST))
        self.controller.cli("pair", "--profile", "all", "--new", "--label", "env=Production", "--mode",
                            "full")
        self.hosts = {}
        for name, address, mode, labels in (
                ("web-1", "10.0.0.1", "full", {"role": "Web", "app": "Payments"}),
                ("app-1", "10.0.1.5", "full", {"role": "App", "app": "Payments"}),
                ("batch-1", "10.0.2.7", "visibility", {"role": "Batch", "app": "Reports"})):
            self.hosts[name] = lab.host(name, address)
            if name == "app-1":  # before its agent, whose first report then names it
                self.hosts[name].serve("tcp", address, PORT, unit="echo.service")
            PairedAgent(self.hosts[name], self.controller, labels=labels, mode=mode)
        self.apply(self.rules())
        self.controller.cli("provision", "--yes", "-m", "the first one")
        self.controller.settled()

    @staticmethod
    def rules(*more):
        own = service(f"tcp/{PORT}", unit="echo.service")
        return [allow("web-to-app", role("Web"), role("App"), own),
                allow("controller", {"all": True}, {"list": "controller"}, service("tcp/8443")), *more]

    def apply(self, rules):
        documents = [document("AddressList", "controller", cidrs=["10.0.9.1"]),
                     document("RuleSet", "payments", rules=rules)]
        self.lab.write("git/rules.yaml", "".join(f"---\n{json.dumps(d)}\n" for d in documents))
        self.controller.cli("apply", "-f", f"{self.lab.directory}/git")

    # ---- What a scenario may ask for

    def connect(self, source, address, port):
        """One connection attempt; what the client saw."""
        return self.hosts[source].probe("tcp", address, port)["result"]

    def connect_as_something_nasty(self):
        """From a program whose path is markup, a bidi override and a bell; long, too."""
        place = f"{self.hosts['web-1'].directory}/{NASTY_DIRECTORY}"
        os.makedirs(place, exist_ok=True)
        program = f"{place}/curl"
        if not os.path.exists(program):
            shutil.copy(PYTHON, program)
        return self.hosts["web-1"].probe("tcp", "10.0.1.5", PORT, exe=program)["result"]

    def connect_as(self, name):
        """From a fresh copy of the interpreter of this name, so that the connection's edge is new."""
        program = f"{self.hosts['web-1'].directory}/{name}"
        shutil.copy(PYTHON, program)
        return self.hosts["web-1"].probe("tcp", "10.0.1.5", PORT, exe=program)["result"]

    def nasty_label(self):
        self.controller.cli("label", "batch-1", f"role={NASTY_LABEL}")
        return NASTY_LABEL

    def plain_label(self):
        self.controller.cli("label", "batch-1", "role=Batch")

    def draft(self):
        """A change that waits to be provisioned."""
        self.apply(self.rules(allow("batch-to-app", role("Batch"), role("App"), service(f"tcp/{PORT}"))))

    def no_draft(self):
        self.apply(self.rules())

    def check_rule(self, text):
        """What a dry run of a rule set of this one rule says."""
        rules = "".join(f"  {line}\n" for line in text.splitlines())
        given = ("apiVersion: ringwall/v1\nkind: RuleSet\nmetadata: {name: offered}\n"
                 f"spec:\n  rules:\n{rules}")
        return self.check_policy(given)

    def check_policy(self, given):
        """What a dry run of these documents says."""
        self.lab.write("offered/rules.yaml", given)
        return self.controller.cli("apply", "--dry-run", "-f", f"{self.lab.directory}/offered")

    def kill_controller(self):
        self.controller.kill()

    def start_controller(self):
        self.controller.start()

    def agents_are_back(self):
        wait_until(lambda: all(a["presence"] == "online" for a in self.controller.agents()),
                   "all agents are back", 90)

    def flows(self, query):
        return len(self.controller.get(f"flows?q={query}&limit=1000")["items"])

    def on_the_map(self):
        return {edge["verdict"] for edge in self.controller.get("map?group_by=role")["edges"]}

    def asks(self):
        names = ("connect", "connect_as", "connect_as_something_nasty", "nasty_label", "plain_label",
                 "draft", "no_draft", "check_rule", "check_policy", "kill_controller",
                 "start_controller", "agents_are_back")
        return {name: getattr(self, name) for name in names}

    def seed(self):
        """Flows of every kind are in the controller."""
        for _ in range(3):
            self.connect("web-1", "10.0.1.5", PORT)
        self.connect("batch-1", "10.0.1.5", PORT)
        self.connect("app-1", "10.0.0.1", 9999)
        self.connect("batch-1", "10.0.9.1", 7777)
        for query in ("verdict%3Dallowed%20port%3D8080", "verdict%3Dwould-block", "verdict%3Dblocked"):
            wait_until(lambda query=query: self.flows(query), f"flows with {query}", 30)
        wait_until(lambda: {"allowed", "would-block", "blocked"} <= self.on_the_map(),
                   "the map has edges of every kind", 60)
