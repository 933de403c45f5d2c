"""The application map: what two real agents say of the same connections is one edge, at once and
after the controller died.

    web-1 ──tcp 8080──▶ app-1        allowed; anything else is not
"""

import json
import time
import xml.etree.ElementTree

from story import ANSWERED, Story, allow, role, service, unittest, wait_until

from harness.controller import Controller, PairedAgent
from harness.policy import document, payments, text_of

PORT = 8080
CLOSED = 8090  # allowed, and nobody listens there


class Map(Story):
    @classmethod
    def build(cls):
        cls.head = cls.lab.host("head", "10.0.9.1")
        cls.controller = Controller(cls.head)
        cls.controller.cli("pair", "--profile", "all", "--new", "--label", "app=Payments",
                           "--label", "env=Test", "--mode", "full")
        for name, address, label in (("web-1", "10.0.0.1", "Web"), ("app-1", "10.0.1.5", "App")):
            host = cls.lab.host(name, address)
            setattr(cls, name.replace("-", "_"), host)
            PairedAgent(host, cls.controller, labels={"role": label})
        cls.app_1.serve("tcp", "10.0.1.5", PORT, unit="echo.service")
        documents = payments("10.0.9.1", allow("web-to-app", role("Web"), role("App"),
                                               service(f"tcp/{PORT}")),
                             allow("web-to-closed", role("Web"), role("App"),
                                   service(f"tcp/{CLOSED}")))
        cls.lab.write("git/rules.yaml", text_of(documents))
        cls.controller.cli("apply", "-f", f"{cls.lab.directory}/git")
        cls.controller.cli("provision", "--yes")
        cls.controller.settled()

    def edges(self, query):
        return self.controller.json("top", query, "--since", "1h")["items"]

    def both_ends_are_there(self):
        edges = self.edges(f"port={PORT} verdict=allowed")
        return edges and all("source_verdict" in e and "destination_verdict" in e for e in edges)

    def connect(self):
        self.assert_seen(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT))

    def test_a_new_connection_is_an_edge_with_both_processes(self):
        began = time.monotonic()
        # A program that made no connection before, so the edge is new.
        self.web_1.spawn(["busybox", "nc", "10.0.1.5", str(PORT)], "shop.service").wait(10)

        def edge():
            found = [e for e in self.edges(f"from.process=busybox port={PORT}")
                     if "destination_verdict" in e and "source_verdict" in e]
            return found[0] if found else None
        edge = wait_until(edge, "both ends are one edge", 20)
        print(f"on the map after {time.monotonic() - began:.2f} s")
        self.assertEqual("shop.service", edge["source"]["shown"])
        self.assertEqual("echo.service", edge["destination"]["shown"])
        self.assertEqual({"app": "Payments", "env": "Test", "role": "Web"}, edge["source"]["labels"])
        self.assertEqual(["payments/web-to-app"], edge["source_rules"])
        self.assertEqual(["payments/web-to-app"], edge["destination_rules"])
        self.assertEqual("allowed", edge["verdict"])
        self.assertEqual(1, edge["count"])

    def test_a_blocked_attempt_is_an_edge_of_its_own(self):
        self.app_1.probe("tcp", "10.0.0.1", PORT + 1)
        edge = wait_until(lambda: self.edges(f"port={PORT + 1}"), "it is on the map", 20)[0]
        self.assertEqual("blocked", edge["verdict"])
        self.assertNotIn("destination_verdict", edge)  # it never arrived there
        self.assertIn("SERVICE", self.controller.cli("top", "verdict=blocked", "--by", "last"))

    def test_an_edge_tells_how_connections_failed(self):
        self.web_1.probe("tcp", "10.0.1.5", CLOSED)
        edge = wait_until(lambda: self.edges(f"port={CLOSED} refused>0"), "it is on the map", 20)[0]
        self.assertEqual({"refused": 1, "timed_out": 0, "reset": 0}, edge["failed"])
        self.assertEqual("allowed", edge["verdict"])

    def test_the_map_groups_by_labels_and_draws(self):
        self.connect()

        def picture():
            answer = self.controller.json("map", f"port={PORT}", "--group", "role")
            return {(e["source"], e["destination"], e["verdict"]) for e in answer["edges"]}
        wait_until(lambda: ("role=Web", "role=App", "allowed") in picture(), "it is on the map", 20)
        by_app = self.controller.json("map", f"port={PORT}")
        self.assertEqual({"app=Payments,env=Test"}, {n["id"] for n in by_app["nodes"]})
        self.assertEqual([2], [n["workloads"] for n in by_app["nodes"]])
        dot = self.controller.cli("map", "--group", "role", "-o", "dot")
        self.assertIn('"role=Web" -> "role=App"', dot)
        svg = xml.etree.ElementTree.fromstring(
            self.controller.cli("map", "--group", "role", "-o", "svg"))
        self.assertIn("Web", [each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")])
        self.assertIn("8080/tcp", self.controller.cli("map", "--group", "role"))

    def test_nothing_is_lost_or_counted_twice_when_the_controller_dies(self):
        query = f"from.role=Web port={PORT} verdict=allowed"

        def counted():
            return sum(e["count"] for e in self.edges(query))
        before = counted()
        for _ in range(5):
            self.connect()
        wait_until(lambda: counted() == before + 5, "the connections are on the map", 20)
        self.controller.kill()
        self.connect()
        self.controller.start()
        wait_until(lambda: counted() == before + 6, "and the one from meanwhile", 60)
        self.assertEqual(before + 6, sum(e["count"] for e in self.edges(f"({query}) to.role=App")))

    def test_who_follows_flows_misses_none_when_the_controller_dies(self):
        query = f"from.role=Web port={PORT} direction=outbound"
        seen = len(self.controller.json("flows", query, "--last", "1000"))
        follower = self.head.spawn(
            ["sh", "-c", "exec " + self.controller.command("flows", "-f", "-o", "jsonl",
                                                           f"'{query}'")], "..follow")

        def told():
            return [json.loads(line) for line in follower.output().splitlines()
                    if line.startswith("{")]

        def stored():
            return self.controller.json("flows", query, "--last", "1000")

        self.connect()
        wait_until(told, "the first is told", 20)
        self.controller.kill()
        for _ in range(3):
            self.connect()
        self.controller.start()
        wait_until(lambda: sum(f["count"] for f in stored()[seen:]) >= 4, "all are stored", 60)
        wait_until(lambda: len(told()) >= len(stored()) - seen, "and told", 30)
        self.assertEqual([flow["id"] for flow in stored()[seen:]],
                         [flow["id"] for flow in told()], "each once, in order")
        follower.release()

    def test_a_draft_is_judged_by_what_was_recorded(self):
        self.connect()
        wait_until(self.both_ends_are_there, "both ends are on the map", 20)
        wrong_process = [allow("web-to-app", role("Web"), role("App"),
                               service(f"tcp/{PORT}", unit="other.service"))]
        self.controller.cli("apply", "-f", "-",
                            given=json.dumps(document("RuleSet", "payments", rules=wrong_process)))
        impact = self.controller.json("impact", "--recorded", f"port={PORT}", "--since", "1h")
        for row in impact["items"]:
            self.assertEqual("newly-blocked", row["change"])
            self.assertEqual("echo.service", row["edge"]["destination"]["shown"])
            self.assertEqual("payments/web-to-app", row["active"]["rule"])
            self.assertEqual(("destination", "blocked"),
                             (row["draft"]["end"], row["draft"]["verdict"]))
        self.assertTrue(impact["items"])
        self.assertEqual(impact["totals"]["newly_blocked"],
                         sum(row["edge"]["count"] for row in impact["items"]))
        self.assertIn("newly-blocked", self.controller.cli("impact", "--recorded", f"port={PORT}"))
        self.controller.cli("apply", "-f", f"{self.lab.directory}/git")
        impact = self.controller.json("impact", "--recorded", f"port={PORT}")
        self.assertEqual([], impact["items"])
        self.assertEqual(2, self.controller.run("impact", f"port={PORT}").returncode)

    def test_rules_are_counted_and_what_is_too_wide_is_told(self):
        self.connect()
        wait_until(self.both_ends_are_there, "both ends are on the map", 20)

        def rule():
            found = self.controller.json("findings")["rules"]
            return next((r for r in found if r["rule"] == "payments/web-to-app" and r["hits"]), None)
        rule = wait_until(rule, "the rule is counted", 20)
        self.assertIn("served by echo.service only; name it as the process", rule["findings"])
        self.assertIn("name it as the process", self.controller.cli("findings", "--since", "1h"))

    def test_what_edges_do_not_have_is_told(self):
        for word in ("address=10.0.0.1", "workload=web-1"):
            wrong = self.controller.run("map", word)
            self.assertNotEqual(0, wrong.returncode)
            self.assertIn(f"asks for {word.split('=')[0]}, which edges of the map do not have",
                          wrong.stderr)
        wrong = self.controller.run("top", "port=http")
        self.assertIn("the parameter q is wrong at byte", wrong.stderr)
        wrong = self.controller.run("map", "--group", "app,,env")
        self.assertIn("group_by is 1 to 6 keys", wrong.stderr)
        self.assertEqual([], self.controller.json("map", "port=1")["edges"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
