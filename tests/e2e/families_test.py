"""IPv4, IPv6 and dual-stack servers, connected and unconnected UDP, ping; all hosts in `full`.

    friend   10.0.0.1 fd00:0:0:1::1 ──▶ server 10.0.1.5 fd00:0:0:2::5
    stranger 10.0.0.2 fd00:0:0:1::2 ──╳     (its own host does not filter: the server must)
"""

from story import ANSWERED, REFUSED, SILENT, Agent, Story, allow, role, service, unittest

V4, V6 = "10.0.1.5", "fd00:0:0:2::5"


class Families(Story):
    @classmethod
    def build(cls):
        cls.friend = cls.lab.host("friend", "10.0.0.1", "fd00:0:0:1::1")
        cls.stranger = cls.lab.host("stranger", "10.0.0.2", "fd00:0:0:1::2")
        cls.server = cls.lab.host("server", V4, V6)
        cls.policy.hosts(cls.friend, cls.stranger, cls.server)
        cls.policy.rules(
            allow("serve", role("friend"), role("server"), service("tcp/7001"), service("tcp/7002"),
                  service("udp/7001"), service("udp/7002")),
            allow("ping", role("friend"), role("server"), service("icmp"), service("icmpv6")))
        policy = cls.policy.save()
        cls.agents = {host.name: Agent(host, policy) for host in (cls.friend, cls.server)}
        for protocol in ("tcp", "udp"):
            cls.server.serve(protocol, "::", 7001, "v6only", unit="v6.service")
            cls.server.serve(protocol, "::", 7002, "dual", unit="dual.service")

    def assert_only_friend(self, *probe, refused=SILENT):
        self.assert_seen(ANSWERED, self.friend.probe(*probe))
        self.assert_seen(refused, self.stranger.probe(*probe))

    def test_an_ipv6_only_server_answers_its_friend_over_ipv6(self):
        self.assert_only_friend("tcp", V6, 7001)
        self.assert_seen("refused", self.friend.probe("tcp", V4, 7001))

    def test_a_dual_stack_server_answers_its_friend_over_both(self):
        self.assert_only_friend("tcp", V6, 7002)
        self.assert_only_friend("tcp", V4, 7002)
        flow = self.agents["server"].flows.wait(port=7002, destination=V4, verdict="allowed")
        self.assertEqual("10.0.0.1", flow["source"]["address"])

    def test_an_ipv4_mapped_client_socket_is_judged_as_ipv4(self):
        self.assert_seen(ANSWERED, self.friend.probe("tcp", f"::ffff:{V4}", 7002))
        self.assert_seen(REFUSED, self.friend.probe("tcp", f"::ffff:{V4}", 7003))

    def test_unconnected_udp(self):
        self.assert_only_friend("udp", V6, 7001)
        self.assert_only_friend("udp", V4, 7002)

    def test_connected_udp(self):
        self.assert_only_friend("udp-connected", V6, 7002)
        self.assert_only_friend("udp-connected", V4, 7002)

    def test_a_denied_connect_or_send_fails_at_once(self):
        for kind in ("tcp", "udp", "udp-connected"):
            for address in (V4, V6):
                outcome = self.friend.probe(kind, address, 7003)
                self.assert_seen(REFUSED, outcome)
                self.assertLess(outcome["ms"], 200)
        self.agents["friend"].flows.wait(verdict="blocked", port=7003, destination=V6,
                                         protocol="udp", reason="no-rule")

    def test_ping(self):
        for address in (V4, V6):
            self.assert_seen(ANSWERED, self.friend.probe("ping", address))
        # The kernel tells a sender that its ICMPv6 was cut as little as that it was lost.
        for address, seen, protocol in (("10.0.0.2", REFUSED, "icmp"),
                                        ("fd00:0:0:1::2", SILENT, "icmpv6")):
            self.assert_seen(seen, self.friend.probe("ping", address))
            self.agents["friend"].flows.wait(protocol=protocol, destination=address,
                                             direction="outbound", verdict="blocked")
        flow = self.agents["friend"].flows.wait(protocol="icmp", destination=V4)
        self.assertEqual("allowed", flow.verdict)


if __name__ == "__main__":
    unittest.main()
