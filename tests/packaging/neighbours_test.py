"""What docs/neighbours.md says about nftables and about other owners of cgroup hooks.

    client 10.0.0.1 (agent, nftables) ── tcp 7001 allowed ─────────────────────▶ server 10.0.1.5
                                      ── tcp 7002 allowed, dropped by its nftables  (agent, nftables)
                                      ── tcp 7003 denied
"""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from story import (ANSWERED, REFUSED, SILENT, Agent, Story, allow, role, service,  # noqa: E402
                   unittest)

OPEN, FILTERED, DENIED = 7001, 7002, 7003
PASS = """
__attribute__((section("cgroup_skb/egress"), used)) int pass(void *packet) { return 1; }
__attribute__((section("license"), used)) char gpl[] = "GPL";
"""
SERVER, VIRTUAL = "10.0.1.5", "10.9.9.9"


def nft(host, rules, *arguments):
    return subprocess.run(["nsenter", f"--net=/run/netns/{host.netns}", "nft",
                           *(arguments or ["-f", "-"])], input=rules, text=True,
                          stdout=subprocess.PIPE, check=True).stdout


def counted(host, name):
    """Packets that a named counter of table `neighbour` has seen."""
    listed = json.loads(nft(host, None, "-j", "list", "counter", "inet", "neighbour", name))
    return next(o["counter"]["packets"] for o in listed["nftables"] if "counter" in o)


class Neighbours(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", SERVER)
        for port in (OPEN, FILTERED, DENIED):
            cls.server.serve("tcp", SERVER, port, unit="echo.service")
        cls.policy.hosts(cls.client, cls.server)
        cls.policy.rules(*(allow(f"tcp-{port}", role("client"), role("server"),
                                 service(f"tcp/{port}")) for port in (OPEN, FILTERED)))
        nft(cls.server, f"""table inet neighbour {{
            counter arrived {{ }}
            chain input {{ type filter hook input priority 0;
                tcp dport {FILTERED} counter name arrived drop; }}
            }}""")
        nft(cls.client, f"""table inet neighbour {{
            counter left {{ }}
            chain postrouting {{ type filter hook postrouting priority 0;
                tcp dport {DENIED} counter name left; }}
            }}""")
        directory = cls.policy.save()
        cls.refusing = Agent(cls.client, directory)
        cls.judge = Agent(cls.server, directory)

    def tcp(self, address, port):
        return self.client.probe("tcp", address, port)

    def test_1_both_let_it_pass(self):
        self.assert_seen(ANSWERED, self.tcp(SERVER, OPEN))

    def test_2_what_nftables_drops_on_its_way_in_ringwall_never_sees(self):
        self.assert_seen(SILENT, self.tcp(SERVER, FILTERED))
        self.assertGreater(counted(self.server, "arrived"), 0)
        self.assert_seen(ANSWERED, self.tcp(SERVER, OPEN))  # a later flow is there, that one is not
        self.judge.flows.wait(port=OPEN, direction="inbound")
        self.assertNotIn(FILTERED, [f.get("port") for f in self.judge.flows.records()])

    def test_3_refused_at_connect_no_packet_reaches_nftables(self):
        self.assert_seen(REFUSED, self.tcp(SERVER, DENIED))
        self.assertEqual(0, counted(self.client, "left"))

    def test_4_dropped_at_the_packet_it_has_passed_nftables(self):
        """With a NAT chain in the host, the agent stops refusing at connect."""
        self.refusing.stop()
        nft(self.client, f"""table ip translate {{
            chain output {{ type nat hook output priority -100;
                ip daddr {VIRTUAL} dnat to {SERVER}; }}
            }}""")
        self.refusing.start()
        self.assertIn("translates addresses", self.refusing.cli("status"))
        self.assertNotEqual(ANSWERED, self.tcp(SERVER, DENIED)["result"])
        self.assertGreater(counted(self.client, "left"), 0)

    def test_5_a_translated_destination_is_judged_as_what_it_really_is(self):
        self.assert_seen(ANSWERED, self.tcp(VIRTUAL, OPEN))
        flow = self.refusing.flows.wait(port=OPEN, direction="outbound", verdict="allowed",
                                        where=lambda f: f["destination"]["address"] == SERVER)
        self.assertEqual("server", flow["destination"]["workload"])
        self.assertNotEqual(ANSWERED, self.tcp(VIRTUAL, DENIED)["result"])

    def test_6_a_link_cannot_be_detached_by_program(self):
        shown = json.loads(self.bpftool("-j", "cgroup", "show", self.refusing.cgroup).stdout)
        egress = next(p for p in shown if p["name"] == "rw_egress")
        self.assertNotEqual(0, self.bpftool("cgroup", "detach", self.refusing.cgroup,
                                            egress["attach_type"], "id", str(egress["id"]),
                                            check=False).returncode)
        after = json.loads(self.bpftool("-j", "cgroup", "show", self.refusing.cgroup).stdout)
        self.assertEqual(shown, after)

    def test_7_an_exclusive_program_keeps_the_agent_out_and_is_named(self):
        """A program attached without BPF_F_ALLOW_MULTI to the same cgroup."""
        place = self.client.unit("..exclusive")
        pin = f"{self.lab.bpffs}/exclusive"
        program = self.pass_all(pin)
        self.bpftool("cgroup", "attach", place, "egress", "pinned", program)
        agent = Agent(self.client, self.policy.directory, None, cgroup=place, tag="late",
                      start=False)
        agent.launch()
        self.assertEqual(1, agent.process.wait())
        self.assertIn(f"cannot attach cgroup_skb egress to {place}", agent.process.output())
        self.assertIn("bpftool cgroup show", agent.process.output())

    def pass_all(self, pin):
        """An empty cgroup_skb program, pinned."""
        source = self.lab.write("pass.c", PASS)
        compiled = f"{self.lab.directory}/pass.o"
        subprocess.run(["clang-19", "-target", "bpf", "-O2", "-c", source, "-o", compiled],
                       check=True)
        self.bpftool("prog", "load", compiled, pin)
        return pin

    def bpftool(self, *arguments, check=True):
        return subprocess.run(["bpftool", *arguments], text=True, capture_output=True, check=check)


if __name__ == "__main__":
    unittest.main()
