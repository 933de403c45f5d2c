"""A policy change while 1,000 connections are open: the revoked half ends at both ends at once,
the other half loses nothing.

    client ══ 500 × tcp 7001 (revoked) ══▶ server
           ══ 500 × tcp 7002 (kept)    ══▶
"""

import time

from story import Agent, Story, allow, role, service, unittest, wait_until

REVOKED, KEPT, EACH = 7001, 7002, 500


class Revoke(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.policy.hosts(cls.client, cls.server)
        cls.allow_ports(REVOKED, KEPT)
        policy = cls.policy.save()
        cls.agents = [Agent(host, policy) for host in (cls.client, cls.server)]
        for port in (REVOKED, KEPT):
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service")

    @classmethod
    def allow_ports(cls, *ports):
        cls.policy.rules(allow("serve", role("client"), role("server"),
                               *(service(f"tcp/{port}") for port in ports)))

    def apply(self):
        self.policy.save()
        for agent in self.agents:
            agent.reload()

    def test_revoked_connections_end_and_the_others_lose_nothing(self):
        load = self.client.many("hold", "10.0.1.5", f"{REVOKED}={EACH}", f"{KEPT}={EACH}")
        before = load.report()
        self.assertEqual([EACH, EACH], [before[str(p)]["open"] for p in (REVOKED, KEPT)])

        self.allow_ports(KEPT)
        changed = time.monotonic()
        self.apply()
        wait_until(lambda: load.report()[str(REVOKED)]["open"] == 0, "revoked connections end")
        self.assertLess(time.monotonic() - changed, 5)
        for host in (self.client, self.server):
            wait_until(lambda h=host: h.established(REVOKED) == 0, f"they ended on {host.name}")

        middle = load.report()
        after = load.stop()
        kept, revoked = after[str(KEPT)], after[str(REVOKED)]
        self.assertEqual({}, kept["ended"])
        self.assertEqual(kept["asked"], kept["answered"])
        self.assertGreater(kept["answered"], middle[str(KEPT)]["answered"] - 1)
        self.assertGreater(middle[str(KEPT)]["answered"], before[str(KEPT)]["answered"])
        self.assertEqual(EACH, sum(revoked["ended"].values()))
        self.assertLessEqual(set(revoked["ended"]),
                             {"ECONNRESET", "ECONNABORTED", "EPIPE", "EPERM"})


if __name__ == "__main__":
    unittest.main()
