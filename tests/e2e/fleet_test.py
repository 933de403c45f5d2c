"""A controller and its agents: paired, one policy for all, changed while it runs, and what goes wrong.

    web-1, web-2 ──tcp 8080──▶ app-1        all in one network with the controller
"""

import datetime
import json
import os
import time

from story import ANSWERED, REFUSED, Story, allow, role, service, unittest, wait_until

from harness.agent import CLI
from harness.controller import Controller, PairedAgent
from harness.policy import payments, text_of

PORT = 8080


class Fleet(Story):
    @classmethod
    def build(cls):
        cls.head = cls.lab.host("head", "10.0.9.1")
        cls.controller = Controller(cls.head)
        cls.controller.cli("pair", "--profile", "all", "--new", "--label", "app=Payments", "--mode",
                           "full")
        cls.agents = {}
        for name, address, labels in (("web-1", "10.0.0.1", {"role": "Web"}),
                                      ("web-2", "10.0.0.2", {"role": "Web"}),
                                      ("app-1", "10.0.1.5", {"role": "App"})):
            host = cls.lab.host(name, address)
            setattr(cls, name.replace("-", "_"), host)
            cls.agents[name] = PairedAgent(host, cls.controller, labels=labels)
        cls.app_1.serve("tcp", "10.0.1.5", PORT, unit="echo.service")
        cls.write_rules("web-to-app", "allow")
        cls.controller.cli("apply", "-f", cls.directory())
        cls.provision()

    @classmethod
    def directory(cls):
        return f"{cls.lab.directory}/git"

    @classmethod
    def write_rules(cls, name, action, **more):
        # The controller itself is a host of the fleet's network that everybody may reach.
        rule = allow(name, role("Web"), role("App"), service(f"tcp/{PORT}"), action=action)
        cls.lab.write("git/rules.yaml", text_of(payments("10.0.9.1", dict(rule, **more))))

    @classmethod
    def provision(cls, *options):
        cls.controller.cli("provision", "--yes", *options)
        cls.settled()

    @classmethod
    def settled(cls):
        cls.controller.settled()

    def reach(self, host, expected):
        self.assert_seen(expected, host.probe("tcp", "10.0.1.5", PORT))

    def test_what_is_allowed_by_label_passes_and_nothing_else(self):
        self.reach(self.web_1, ANSWERED)
        self.assert_seen(REFUSED, self.app_1.probe("tcp", "10.0.0.1", PORT))

    def test_a_label_acts_at_once(self):
        self.controller.cli("label", "web-2", "role=Mail")
        self.settled()
        self.assertNotEqual(ANSWERED, self.web_2.probe("tcp", "10.0.1.5", PORT)["result"])
        self.controller.cli("label", "web-2", "role=Web")
        self.settled()
        self.reach(self.web_2, ANSWERED)

    def test_the_controller_dies_and_comes_back(self):
        self.controller.kill()
        self.reach(self.web_1, ANSWERED)
        self.controller.start()
        wait_until(lambda: all(a["presence"] == "online" for a in self.controller.agents()),
                   "all agents are back", 90)
        self.reach(self.web_1, ANSWERED)

    def test_an_agent_dies_and_comes_back_on_what_it_kept(self):
        self.controller.kill()
        self.agents["app-1"].kill()
        self.agents["app-1"].start()
        self.reach(self.web_1, ANSWERED)
        self.assert_seen(REFUSED, self.app_1.probe("tcp", "10.0.0.1", PORT))
        self.controller.start()

    def test_a_version_that_nobody_confirms_is_taken_back(self):
        self.write_rules("nobody", "deny")
        self.controller.cli("apply", "-f", self.directory())
        self.provision("--confirm-within", "3s")
        self.assertNotEqual(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT)["result"])
        wait_until(lambda: self.controller.json("rollout")["phase"] == "taken_back",
                   "the version is taken back", 20)
        self.settled()
        self.reach(self.web_1, ANSWERED)
        self.write_rules("web-to-app", "allow")
        self.controller.cli("apply", "-f", self.directory())

    def test_a_staged_draft_is_judged_on_real_connections_and_enforces_nothing(self):
        self.write_rules("nobody", "deny")
        self.controller.cli("apply", "-f", self.directory())
        self.controller.cli("stage")
        self.settled()
        self.reach(self.web_1, ANSWERED)

        def blocked():
            rows = self.controller.json("impact", "--change", "newly-blocked")["items"]
            return {row["direction"]: row for row in rows if row.get("port") == PORT}
        wait_until(lambda: set(blocked()) == {"inbound", "outbound"},
                   "both ends say what the draft would block", 20)
        inbound = blocked()["inbound"]
        self.assertEqual("app-1", inbound["subject"]["workload"])
        self.assertEqual("echo.service", inbound["process"]["unit"])
        self.assertEqual(["payments/nobody"], inbound["draft"]["rules"])
        self.assertEqual(["payments/web-to-app"], inbound["active"]["rules"])
        self.reach(self.web_1, ANSWERED)
        self.controller.cli("unstage")
        self.settled()
        self.assertNotEqual(0, self.controller.run("impact").returncode)
        self.back_to_normal()

    def test_a_rule_ends_in_the_kernel_with_nobody_left(self):
        end = time.time() + 12
        stamp = datetime.datetime.fromtimestamp(end, datetime.timezone.utc)
        self.write_rules("web-to-app", "allow", expires=stamp.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.controller.cli("apply", "-f", self.directory())
        self.provision()
        self.reach(self.web_1, ANSWERED)
        self.controller.kill()
        for agent in self.agents.values():
            agent.kill()
        self.reach(self.web_1, ANSWERED)
        self.assertLess(time.time(), end, "the machine was too slow for this test")
        wait_until(lambda: time.time() > end, "the rule's time has come", 20)
        self.assertNotEqual(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT)["result"])
        self.controller.start()
        for agent in self.agents.values():
            agent.start()
        self.back_to_normal()

    def back_to_normal(self):
        self.write_rules("web-to-app", "allow")
        self.controller.cli("apply", "-f", self.directory())
        if self.controller.run("provision", "--yes").returncode == 0:
            wait_until(lambda: all(a["presence"] == "online" for a in self.controller.agents()),
                       "all agents are there", 90)
        self.settled()
        self.reach(self.web_1, ANSWERED)

    def test_flows_of_the_fleet_have_both_ends(self):
        self.reach(self.web_1, ANSWERED)

        def ends():
            flows = self.controller.get(f"flows?port={PORT}&limit=1000")["items"]
            return {f["direction"] for f in flows if f["source"].get("workload") == "web-1"
                    and f["destination"].get("workload") == "app-1" and f["verdict"] == "allowed"}
        wait_until(lambda: ends() == {"inbound", "outbound"},
                   "both ends of the connection are in the controller's flows", 20)
        query = f"from.role=Web to.workload=app-1 (port={PORT} or port=1) not verdict=blocked"
        shown = self.controller.json("flows", query, "--last", "3")
        self.assertEqual({"app-1"}, {f["destination"]["workload"] for f in shown})
        self.assertLessEqual(len(shown), 3)
        self.assertIn(f"{PORT}/tcp", self.controller.cli("flows", query, "--since", "1h"))
        self.assertEqual([], self.controller.json("flows", "port=1"))

    def test_flows_that_match_a_query_are_followed(self):
        follow = self.head.spawn([CLI, "flows", "-f", "-o", "json", f"port={PORT} to.role=App"],
                                 "..flows", env=self.controller.environment())
        def seen():
            self.reach(self.web_2, ANSWERED)
            return follow.output()
        wait_until(seen, "a flow comes", 20)
        self.assertEqual("app-1", json.loads(follow.output().splitlines()[0])["destination"]["workload"])
        follow.stop()

    def test_a_wrong_query_is_told_where(self):
        wrong = self.controller.run("flows", "app=Payments", "port=http")
        self.assertNotEqual(0, wrong.returncode)
        self.assertIn("the parameter q is wrong at byte 18: a number or a range", wrong.stderr)
        mixed = self.controller.run("flows", "app=Payments", "--port", "80")
        self.assertEqual(2, mixed.returncode)
        self.assertIn("write it into the QUERY", mixed.stderr)

    def test_a_would_block_is_told_once_whenever_the_controller_started(self):
        def told(metric):
            self.web_1.probe("tcp", "10.0.1.5", PORT + 1)
            return self.controller.metric(f"ringwall_controller_{metric}")
        alerts, known = 'alerts_total{kind="would_block_new"}', "alert_events_known_total"
        self.controller.cli("mode", "web-1", "app-1", "visibility")
        self.settled()
        wait_until(lambda: told(alerts), "it is told")
        self.controller.kill()
        self.controller.start()
        wait_until(lambda: told(known), "it is known", 30)
        self.assertEqual(0, told(alerts))
        self.controller.cli("mode", "web-1", "app-1", "full", "--yes")
        self.settled()

    def test_a_revoked_agent_is_out(self):
        extra = self.lab.host("extra", "10.0.3.1")
        agent = PairedAgent(extra, self.controller, labels={"role": "Web"})
        self.settled()
        self.controller.cli("agents", "revoke", "extra", "-m", "test", "--yes")
        wait_until(lambda: agent.status()["controller"]["session"] != "live" and
                   agent.status()["controller"]["trouble"], "the agent's session is over", 30)
        self.assertIn("revoked", self.controller.cli("agents"))
        agent.stop()

    def test_secrets_are_for_their_owner_only(self):
        for name in ("admin.token", "authority.json", "signing.key", "policy.db"):
            mode = os.stat(f"{self.controller.data}/{name}").st_mode & 0o777
            self.assertEqual(0o600, mode, name)


if __name__ == "__main__":
    unittest.main()
