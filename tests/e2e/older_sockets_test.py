"""Sockets older than the agent: connections and listeners are judged by their real process.

    client ══ older: tcp 7001 (allowed), 7002 (no rule), 7003 (another program) ══▶ server
           ── udp 53: named, older than the agent
"""

import shutil

from story import SILENT, Agent, Story, allow, daemons, role, service, unittest, wait_until

ALLOWED, DENIED, OTHER_PROGRAM = 7001, 7002, 7003


class OlderSockets(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.policy.hosts(cls.client, cls.server)
        wanted = f"{cls.server.directory}/wanted"
        shutil.copy("/usr/bin/python3", wanted)
        for port in (ALLOWED, DENIED):
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service", exe=wanted)
        cls.server.serve("tcp", "10.0.1.5", OTHER_PROGRAM, unit="echo.service")
        cls.policy.rules(allow("serve", role("client"), role("server"),
                               service(f"tcp/{ALLOWED}", path=wanted),
                               service(f"tcp/{OTHER_PROGRAM}", path=wanted),
                               service("udp/53", path="/usr/sbin/named")))
        daemons.named(cls.server, {"app": "10.0.1.5"})
        cls.wanted = wanted
        cls.load = cls.client.many("hold", "10.0.1.5", f"{ALLOWED}=20", f"{DENIED}=20",
                                   f"{OTHER_PROGRAM}=20")
        cls.agent = Agent(cls.server, cls.policy.save())

    def test_old_connections_are_judged_by_port_and_process(self):
        def ended():
            report = self.load.report()
            return all(report[str(p)]["open"] == 0 for p in (DENIED, OTHER_PROGRAM))
        wait_until(ended, "denied old connections end")
        report = self.load.report()[str(ALLOWED)]
        self.assertEqual((20, {}), (report["open"], report["ended"]))
        wait_until(lambda: self.load.report()[str(ALLOWED)]["answered"] > report["answered"],
                   "allowed old connections go on")

    def test_an_old_udp_server_is_known_by_its_program(self):
        outcome = self.client.probe("dns", "10.0.1.5", "app.payments.example")
        self.assert_seen("answered", outcome)
        flow = self.agent.flows.attempt(outcome, 0, "inbound", port=53)
        self.assertEqual(("allowed", "/usr/sbin/named"), (flow.verdict, flow.path))

    def test_an_old_listener_is_known_by_its_program(self):
        outcome = self.client.probe("tcp", "10.0.1.5", ALLOWED)
        self.assert_seen("answered", outcome)
        flow = self.agent.flows.wait(direction="inbound", port=ALLOWED,
                                     source_port=outcome["local"][1])
        self.assertEqual(self.wanted, flow.path)
        self.assert_seen(SILENT, self.client.probe("tcp", "10.0.1.5", OTHER_PROGRAM))


if __name__ == "__main__":
    unittest.main()
