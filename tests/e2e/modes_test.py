"""The four modes, and what bad policy does to a running agent.

    client (visibility) ──▶ server   tcp 7001 allowed, 7002 no rule, 7003 denied, 7004 overridden
"""

from story import ANSWERED, SILENT, Agent, Story, allow, role, service, unittest, wait_until

ALLOWED, NO_RULE, DENIED, OVERRIDDEN = 7001, 7002, 7003, 7004
PORTS = (ALLOWED, NO_RULE, DENIED, OVERRIDDEN)


class Modes(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.policy.hosts(cls.client, cls.server)
        cls.policy.mode("visibility", "client")
        parties = (role("client"), role("server"))
        cls.policy.rules(
            allow("yes", *parties, *(service(f"tcp/{p}") for p in (ALLOWED, OVERRIDDEN))),
            allow("no", *parties, service(f"tcp/{DENIED}"), action="deny"),
            allow("never", *parties, service(f"tcp/{OVERRIDDEN}"), action="override-deny"))
        cls.agent = Agent(cls.server, cls.policy.save())
        for port in PORTS:
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service")

    def assert_mode(self, mode, *expected):
        """`expected`: (what the client sees, verdict, reason) for each of PORTS."""
        self.policy.mode(mode, "server")
        self.policy.save()
        self.agent.reload()
        for port, (seen, verdict, reason) in zip(PORTS, expected):
            with self.subTest(mode=mode, port=port):
                mark = self.agent.flows.mark()
                outcome = self.client.probe("tcp", "10.0.1.5", port)
                self.assert_seen(seen, outcome)
                if verdict:
                    flow = self.agent.flows.attempt(outcome, mark, "inbound", port=port)
                    self.assertEqual((verdict, reason), (flow.verdict, flow["reason"]))
                else:
                    self.assertEqual([], self.agent.flows.find(mark, port=port))

    def test_idle_looks_away(self):
        self.assert_mode("idle", *[(ANSWERED, None, None)] * 4)

    def test_visibility_reports_and_passes(self):
        self.assert_mode("visibility", (ANSWERED, "allowed", "allow"),
                         (ANSWERED, "would-block", "no-rule"), (ANSWERED, "would-block", "deny"),
                         (ANSWERED, "would-block", "override-deny"))

    def test_following_shows_every_short_connection_once(self):
        self.policy.mode("visibility", "server")
        self.policy.save()
        self.agent.reload()
        follower = self.server.spawn(self.agent.command("flows", "-f").split(), "cli.service")

        def shown(port):
            self.client.probe("tcp", "10.0.1.5", port)
            return f"{port}/tcp" in follower.output()
        wait_until(lambda: shown(OVERRIDDEN), "the agent has taken the follower")
        for _ in range(5):
            self.client.probe("tcp", "10.0.1.5", ALLOWED)
        wait_until(lambda: shown(NO_RULE), "a later connection is shown")
        lines = [line for line in follower.output().splitlines() if f"{ALLOWED}/tcp" in line]
        self.assertEqual(5, len(lines), follower.output())
        follower.stop(15)

    def test_selective_blocks_only_what_is_denied(self):
        self.assert_mode("selective", (ANSWERED, "allowed", "allow"),
                         (ANSWERED, "unmatched", "no-rule"), (SILENT, "blocked", "deny"),
                         (SILENT, "blocked", "override-deny"))

    def test_full_blocks_all_that_is_not_allowed(self):
        self.assert_mode("full", (ANSWERED, "allowed", "allow"), (SILENT, "blocked", "no-rule"),
                         (SILENT, "blocked", "deny"), (SILENT, "blocked", "override-deny"))

    def test_a_broken_policy_file_leaves_the_last_good_version_in_force(self):
        self.policy.mode("full", "server")
        self.policy.save()
        self.agent.reload()
        self.lab.write("policy/policy.yaml", "---\nkind: Nonsense\n")
        self.agent.reload()
        self.assert_seen(ANSWERED, self.client.probe("tcp", "10.0.1.5", ALLOWED))
        self.assert_seen(SILENT, self.client.probe("tcp", "10.0.1.5", NO_RULE))
        self.assertIn("policy.yaml", self.agent.cli("status"))
        self.policy.save()
        self.agent.reload()

    def test_a_pause_lets_all_pass_and_ends_by_itself(self):
        self.policy.mode("full", "server")
        self.policy.save()
        self.agent.reload()
        self.agent.cli("pause", "--for", "1m")
        self.assert_seen(ANSWERED, self.client.probe("tcp", "10.0.1.5", NO_RULE))
        self.agent.cli("resume")
        self.assert_seen(SILENT, self.client.probe("tcp", "10.0.1.5", NO_RULE))


if __name__ == "__main__":
    unittest.main()
