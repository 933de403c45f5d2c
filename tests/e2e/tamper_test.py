#!/usr/bin/python3
"""Somebody else touches what the agent put into the kernel: seen, put back, reported.

    client 10.0.0.1 ── server 10.0.1.5 (agent, full: the client may reach 7001 only)
"""

import json
import os
import subprocess

from story import ANSWERED, SILENT, Agent, Story, allow, role, service, unittest

BPFTOOL = "/usr/sbin/bpftool"


class Tampering(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.policy.hosts(cls.server)
        cls.policy.workload("client", "10.0.0.1", mode="visibility")
        cls.policy.rules(allow("one", role("client"), role("server"), service("tcp/7001")))
        cls.agent = Agent(cls.server, cls.policy.save())
        for port in (7001, 7002):
            cls.server.serve("tcp", "10.0.1.5", port, unit=f"echo{port}.service")

    def bpftool(self, *arguments):
        subprocess.run([BPFTOOL, *arguments], check=True, capture_output=True)

    def pin(self, name):
        return f"{self.agent.pin_dir}/{name}"

    def setUp(self):
        self.agent.flows.records()
        self.before = len(self.agent.flows.tampering)

    def assert_put_back(self, what, where):
        """Told in the flow log within a second, as put back; enforcement is as before."""
        found = self.agent.flows.wait_tampering(self.before, seconds=1)
        self.assertEqual((what, where, True), (found["what"], found["where"], found["repaired"]))
        self.assertIn(f"Tamper   {what} {where}", self.agent.cli("status"))
        self.assert_enforced()

    def assert_enforced(self):
        self.assert_seen(ANSWERED, self.client.probe("tcp", "10.0.1.5", 7001))
        self.assert_seen(SILENT, self.client.probe("tcp", "10.0.1.5", 7002))

    def test_a_detached_link_is_attached_again(self):
        self.bpftool("link", "detach", "pinned", self.pin("link_rw_ingress"))
        self.assert_put_back("link-detached", "cgroup_skb ingress")

    def test_a_deleted_pin_of_a_link_detaches_nothing_and_comes_back(self):
        os.unlink(self.pin("link_rw_egress"))
        self.assert_put_back("link-unpinned", "cgroup_skb egress")
        self.assertTrue(os.path.exists(self.pin("link_rw_egress")))

    def test_a_deleted_pin_of_a_map_comes_back(self):
        os.unlink(self.pin("entries"))
        self.assert_put_back("map-unpinned", "entries")

    def test_a_foreign_mode_is_taken_back(self):
        key, value = self.first_row("subjects")
        value[4] = 0  # idle
        self.write_row("subjects", key, value)
        self.assert_put_back("map-written", "subjects")

    def test_a_deleted_entry_comes_back(self):
        key, _ = self.first_row("entries")
        self.bpftool("map", "delete", "pinned", self.pin("entries"), "key", *map(str, key))
        self.assert_put_back("map-written", "entries")

    def test_a_foreign_pause_ends(self):
        key, value = self.first_row("control")
        value[24:32] = [255] * 7 + [127]  # paused_until
        self.write_row("control", key, value)
        self.assert_put_back("control-written", "control")

    def first_row(self, name):
        """Key and value as numbers, one a byte."""
        dump = subprocess.run([BPFTOOL, "-j", "map", "dump", "pinned", self.pin(name)], check=True,
                              capture_output=True, text=True)
        row = json.loads(dump.stdout)[0]
        return [int(b, 16) for b in row["key"]], [int(b, 16) for b in row["value"]]

    def write_row(self, name, key, value):
        self.bpftool("map", "update", "pinned", self.pin(name), "key", *map(str, key), "value",
                     *map(str, value))


if __name__ == "__main__":
    unittest.main()
