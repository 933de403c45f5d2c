"""Two agents on two subtrees of one machine: each enforces its own policy on its own processes.

    box 10.0.0.1 ┬ cgroup left  (agent left:  may reach tcp 7001) ──▶ server
                 └ cgroup right (agent right: may reach tcp 7002) ──▶
"""

import os

from story import ANSWERED, REFUSED, Agent, Policy, Story, allow, role, service, unittest


class TwoAgents(Story):
    @classmethod
    def build(cls):
        cls.box = cls.lab.host("box", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        for port in (7001, 7002):
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service")
        cls.agents = {}
        for side, port in (("left", 7001), ("right", 7002)):
            policy = Policy(cls.lab, side)
            policy.workload(side, "10.0.0.1")
            policy.workload("server", "10.0.1.5")
            policy.rules(allow("out", role(side), role("server"), service(f"tcp/{port}")))
            os.makedirs(f"{cls.box.subtree}/{side}")
            cls.agents[side] = Agent(cls.box, policy.save(), side,
                                     cgroup=f"{cls.box.subtree}/{side}", tag=side)

    def assert_reach(self, side, *expected):
        for port, result in zip((7001, 7002), expected):
            outcome = self.box.probe("tcp", "10.0.1.5", port, unit=f"{side}/client.service")
            self.assert_seen(result, outcome)

    def test_each_agent_judges_its_own_subtree(self):
        self.assert_reach("left", ANSWERED, REFUSED)
        self.assert_reach("right", REFUSED, ANSWERED)
        self.assert_reach("outside", ANSWERED, ANSWERED)

    def test_each_agent_logs_its_own_flows(self):
        mark = {side: agent.flows.mark() for side, agent in self.agents.items()}
        outcome = self.box.probe("tcp", "10.0.1.5", 7001, unit="left/client.service")
        self.agents["left"].flows.wait(since=mark["left"], pid=outcome["pid"])
        self.assertEqual([], self.agents["right"].flows.find(mark["right"], pid=outcome["pid"]))

    def test_one_agent_detached_leaves_the_other(self):
        self.agents["left"].cli("detach")
        self.assert_reach("left", ANSWERED, ANSWERED)
        self.assert_reach("right", REFUSED, ANSWERED)


if __name__ == "__main__":
    unittest.main()
