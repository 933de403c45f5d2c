"""The step to full lists the live connections that it would cut: an operator's own SSH session first.

    admin ══ ssh ══▶ app-1     ringwall mode app-1 full, typed inside of the session
    web-1 ── tcp 8080 ──▶ app-1   allowed: not on the list
"""

import os
import re

from story import ANSWERED, Story, allow, role, service, unittest, wait_until

from harness import daemons
from harness.agent import CLI
from harness.controller import Controller, PairedAgent
from harness.policy import payments, text_of

PORT = 8080


class Cuts(Story):
    @classmethod
    def build(cls):
        cls.controller = Controller(cls.lab.host("head", "10.0.9.1"))
        cls.controller.cli("pair", "--profile", "all", "--new", "--label", "app=Payments", "--mode",
                           "visibility")
        cls.admin = cls.lab.host("admin", "198.51.100.7")
        cls.web_1 = cls.lab.host("web-1", "10.0.0.1")
        cls.app_1 = cls.lab.host("app-1", "10.0.1.5")
        cls.agents = [PairedAgent(cls.web_1, cls.controller, labels={"role": "Web"}),
                      PairedAgent(cls.app_1, cls.controller, labels={"role": "App"})]
        cls.app_1.serve("tcp", "10.0.1.5", PORT, unit="echo.service")
        cls.sshd = daemons.SshServer(cls.app_1)
        documents = payments("10.0.9.1", allow("web-to-app", role("Web"), role("App"),
                                               service(f"tcp/{PORT}")))
        cls.lab.write("git/rules.yaml", text_of(documents))
        cls.controller.cli("apply", "-f", f"{cls.lab.directory}/git")
        cls.controller.cli("provision", "--yes")
        cls.controller.settled()

    def session(self, *words):
        """An SSH session from admin's host that runs the command on app-1."""
        variables = {key: value for key, value in self.controller.environment().items()
                     if key.startswith("RINGWALL_")}
        command = " ".join([*(f"{key}={value}" for key, value in variables.items()), CLI, *words])
        return self.admin.spawn(self.sshd.client(command), "client.service")

    def test_the_operators_own_session_is_listed_first_and_nothing_is_cut_unasked(self):
        web = self.web_1.many("hold", "10.0.1.5", f"{PORT}=2")
        other = self.admin.many("hold", "10.0.1.5", f"{PORT}=3")
        session = self.session("mode", "app-1", "full")
        self.assertEqual(2, session.wait(30), session.output())
        said = session.output()
        self.assertRegex(said, r"4 of \d+ live connections would end, your own among them")
        lines = [line for line in said.splitlines() if re.search(r"← 198\.51\.100\.7", line)]
        self.assertEqual(4, len(lines), said)
        self.assertRegex(lines[0], r"^yours +app-1 +← 198\.51\.100\.7:\d+ +22/tcp +\S+ +no rule")
        self.assertTrue(all("8080/tcp" in line and "yours" not in line for line in lines[1:]), said)
        self.assertIn("--yes", said)
        workload = self.controller.json("get", "workload", "app-1")
        self.assertEqual("visibility", workload["spec"]["mode"])
        self.assertEqual({}, web.report()[str(PORT)]["ended"])
        self.assertEqual({}, other.report()[str(PORT)]["ended"])

        answer = self.controller.json("mode", "app-1", "full", "--dry-run")
        self.assertEqual(3, answer["cuts"]["total"], "the session has ended meanwhile")
        self.controller.cli("mode", "app-1", "full", "--yes")
        self.controller.settled()
        wait_until(lambda: other.report()[str(PORT)]["open"] == 0, "what was listed is cut", 20)
        self.assertEqual((2, {}), (web.report()[str(PORT)]["open"],
                                   web.report()[str(PORT)]["ended"]))
        for load in (web, other):
            load.stop()
        self.assert_seen(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT))
        self.controller.cli("mode", "app-1", "visibility")  # asks nothing


if __name__ == "__main__":
    unittest.main()
