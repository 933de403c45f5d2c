"""kill -9 of the agent and its restart under load: nothing lost, nothing wrongly allowed.

    client ══ 100 × tcp 7001 held ══▶ server (agent killed and started again)
           ── tcp 7001 again and again: always answered
           ── tcp 7002 again and again: never answered
"""

from story import Agent, Story, allow, role, service, unittest

ALLOWED, DENIED = "7001", "7002"


class Restart(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.policy.hosts(cls.client, cls.server)
        cls.policy.rules(allow("serve", role("client"), role("server"), service("tcp/7001")))
        policy = cls.policy.save()
        cls.client_agent, cls.server_agent = (Agent(h, policy) for h in (cls.client, cls.server))
        for port in (ALLOWED, DENIED):
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service")

    def under_load(self, agent):
        """Kills and restarts the agent while all kinds of traffic run; their tallies."""
        held = self.client.many("hold", "10.0.1.5", f"{ALLOWED}=100")
        dialled = self.client.many("dial", "10.0.1.5", ALLOWED)
        denied = self.client.many("dial", "10.0.1.5", DENIED)
        for _ in range(2):
            agent.kill()
            before = dialled.report()
            self.client.probe("tcp", "10.0.1.5", ALLOWED)
            agent.start()
            self.client.probe("tcp", "10.0.1.5", ALLOWED)
            self.assertGreater(dialled.report()[ALLOWED]["answered"], before[ALLOWED]["answered"])
        return held.stop()[ALLOWED], dialled.stop()[ALLOWED], denied.stop()[DENIED]

    def assert_nothing_changed(self, held, dialled, denied):
        self.assertEqual((100, {}), (held["open"], held["ended"]))
        self.assertEqual(held["asked"], held["answered"])
        self.assertEqual({}, dialled["ended"])
        self.assertEqual(dialled["asked"], dialled["answered"])
        self.assertEqual(0, denied["answered"])
        self.assertGreater(denied["asked"], 0)

    def test_the_agent_of_the_client_is_killed(self):
        held, dialled, denied = self.under_load(self.client_agent)
        self.assert_nothing_changed(held, dialled, denied)
        self.assertEqual({"EPERM"}, set(denied["ended"]))

    def test_the_agent_of_the_server_is_killed(self):
        self.policy.mode("visibility", "client")
        self.policy.save()
        self.client_agent.reload()
        held, dialled, denied = self.under_load(self.server_agent)
        self.assert_nothing_changed(held, dialled, denied)
        self.assertEqual({"ETIMEDOUT"}, set(denied["ended"]))

    def test_a_stopped_agent_leaves_its_verdicts(self):
        self.policy.mode("full", "client")
        self.policy.save()
        self.client_agent.reload()
        self.assertEqual(0, self.client_agent.stop())
        self.assert_seen("answered", self.client.probe("tcp", "10.0.1.5", ALLOWED))
        self.assert_seen("refused-by-policy", self.client.probe("tcp", "10.0.1.5", DENIED))
        self.client_agent.start()


if __name__ == "__main__":
    unittest.main()
