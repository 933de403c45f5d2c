"""The fleet that breaks: built, given a policy, broken, and held against the compute oracle."""

import json

from story import ANSWERED, REFUSED, Story, allow, role, service, wait_until

from harness.controller import Controller, PairedAgent
from harness.disk import SmallDisk
from harness.meaning import meaning
from harness.policy import document

from . import reading

HEAD, LEGACY = "10.0.9.1", "10.0.2.9"
ADDRESSES = {"web-1": "10.0.0.1", "web-2": "10.0.0.2", "app-1": "10.0.1.5"}
ROLES = {"web-1": "Web", "web-2": "Web", "app-1": "App"}
PROVISIONED = ("services", "address-lists", "label-groups", "rule-sets")


class SmallAgent(PairedAgent):
    """What it keeps lies on a disk that can be filled."""

    def pair(self, *arguments):
        self.disk = SmallDisk(self.host.lab, f"{self.directory}/state", 8)
        super().pair(*arguments)


def to_app(action="allow", port=8080):
    return allow("web-to-app", role("Web"), role("App"), service(f"tcp/{port}"), action=action)


def to_legacy():
    return allow("web-to-legacy", role("Web"), role("Legacy"), service("tcp/9000"),
                 service("tcp/9002"))


class Fleet(Story):
    number = 0  # of the newest draft

    @classmethod
    def build(cls):
        cls.head = cls.lab.host("head", HEAD)
        cls.controller = Controller(cls.head, start=False)
        cls.disk = SmallDisk(cls.lab, cls.controller.data, 32)
        cls.controller.start()
        cls.controller.cli("pair", "--profile", "all", "--new", "--mode", "full")
        cls.legacy = cls.lab.host("legacy", LEGACY)
        for port in (9000, 9002):  # what goes to 9000 is counted, so one story alone uses it
            cls.legacy.serve("tcp", LEGACY, port, unit="echo.service")
        cls.hosts, cls.agents, cls.cut = {}, {}, set()
        for name in ADDRESSES:
            cls.add(name, SmallAgent if name == "web-1" else PairedAgent)
        for agent in cls.agents.values():
            agent.ready()

    @classmethod
    def add(cls, name, kind):
        host = cls.hosts[name] = cls.lab.host(name, ADDRESSES[name])
        agent = cls.agents[name] = kind(host, cls.controller, "--metrics-listen", reading.METRICS,
                                        labels={"role": ROLES[name]}, start=False)
        agent.launch()
        for port in (8080, 8081):
            host.serve("tcp", ADDRESSES[name], port, unit="echo.service")

    def setUp(self):
        """Whatever the test before left: all run, nothing is cut or full, the first rules hold."""
        for disk in (self.disk, self.agents["web-1"].disk):
            disk.make_room()
        for name in list(self.cut):
            self.heal(name)
        for program in (self.controller, *self.agents.values()):
            if not program.process.alive():
                program.start()
        for name, word in ROLES.items():
            self.controller.cli("label", name, f"role={word}")
        self.mode("full", *self.agents)
        self.provision(to_app(), to_legacy())
        self.settle()

    # ---- the policy ------------------------------------------------------------------------------

    @classmethod
    def draft(cls, *rules):
        """A draft with these rules. It has a number, which a list and another rule set carry."""
        cls.number += 1
        number = cls.number
        everybody = allow("controller", {"all": True}, {"list": "controller"}, service("tcp/8443"))
        numbered = allow(f"round-{number}", {"all": True}, {"list": "round"}, service("tcp/9999"))
        round_ = f"198.18.{number >> 8}.{number & 255}"
        documents = [document("Workload", "legacy", labels={"role": "Legacy"}, addresses=[LEGACY],
                              managed=False),
                     document("AddressList", "controller", cidrs=[HEAD]),
                     document("AddressList", "round", cidrs=[round_]),
                     document("RuleSet", "payments", rules=[*rules, everybody]),
                     document("RuleSet", "rounds", rules=[numbered])]
        cls.lab.write("git/rules.yaml", "".join(f"---\n{json.dumps(d)}\n" for d in documents))
        cls.controller.cli("apply", "-f", f"{cls.lab.directory}/git")

    @classmethod
    def provision(cls, *rules):
        cls.draft(*rules)
        cls.controller.cli("provision", "--yes")

    def content(self, version):
        """The number that the objects of a version carry, which is one."""
        cidr = self.controller.get(f"address-lists/round?version={version}")["spec"]["cidrs"][0]
        rule = self.controller.get(f"rule-sets/rounds?version={version}")["spec"]["rules"][0]
        high, low = (int(part) for part in cidr.partition("/")[0].split(".")[2:])
        self.assertEqual(f"round-{high << 8 | low}", rule["name"])
        return high << 8 | low

    def active(self):
        """Number and content of the version in force, which is the newest."""
        newest = self.controller.json("versions", "--last", "1")["items"][0]
        self.assertTrue(newest["active"], newest)
        self.assertEqual(self.content(newest["number"]), self.content("active"))
        return newest["number"], self.content("active")

    def mode(self, mode, *names):
        """`ringwall mode` asks the agents first what it would end, also one that is cut off."""
        self.controller.post("workloads/mode", {"names": names, "mode": mode})

    # ---- what is to hold -------------------------------------------------------------------------

    def reach(self, name, expected, address=ADDRESSES["app-1"], port=8080):
        self.assert_seen(expected, self.hosts[name].probe("tcp", address, port))

    def still_enforced(self):
        self.reach("web-1", ANSWERED)
        self.reach("app-1", REFUSED, ADDRESSES["web-1"])

    def settle(self, seconds=120):
        """Every agent enforces what the compute oracle makes of what the controller has active."""
        try:
            wait_until(lambda: not self.unsettled(), "everybody holds the newest", seconds)
        except AssertionError as late:
            said = json.dumps(self.unsettled(), indent=1)
            raise AssertionError(f"{late}: {said}") from None
        path = self.active_documents()
        for name, agent in self.agents.items():
            self.assertEqual(meaning(reading.computed(path, name)), self.held(agent), name)

    def unsettled(self):
        """Who is not online, or behind, as the controller says; who has no session, as he says."""
        behind = [a for a in self.controller.agents()
                  if not a["current"] or a["presence"] != "online"]
        said = {name: agent.status()["controller"] for name, agent in self.agents.items()}
        return behind + [{name: it} for name, it in said.items() if it["session"] != "live"]

    @staticmethod
    def held(agent):
        return meaning(json.loads(agent.cli("snapshot")))

    def active_documents(self):
        """As a file that `ringwall` reads without a controller."""
        targets = ["workloads?limit=1000",
                   *(f"{kind}?limit=1000&version=active" for kind in PROVISIONED)]
        items = [item for target in targets for item in self.controller.get(target)["items"]]
        documents = [dict(item, metadata={"name": item["metadata"]["name"]}) for item in items]
        return self.lab.write("active/policy.json", json.dumps(documents))

    # ---- the way to the controller ---------------------------------------------------------------

    def sever(self, name):
        self.lab.network.cut(ADDRESSES[name], HEAD)
        self.cut.add(name)

    def heal(self, name):
        self.lab.network.heal(ADDRESSES[name], HEAD)
        self.cut.discard(name)
