"""A podman container and its host: two subjects, each with its own view of paths.

    box 10.0.0.1 (agent)      ── tcp 7001: path /bin/busybox as the host sees it ──▶ server
     └ shop 10.0.0.9 container ── tcp 7002: path /bin/busybox as the container sees it
     └ loose: a container of the host's network namespace, no subject of its own
"""

from story import ANSWERED, REFUSED, Agent, Story, allow, podman, role, service, unittest

HOST_ONLY, SHOP_ONLY, NAMED = 7001, 7002, 7003


class Podman(Story):
    @classmethod
    def build(cls):
        cls.box = cls.lab.host("box", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        for port in (HOST_ONLY, SHOP_ONLY, NAMED):
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service")
        image = podman.image(cls.lab)
        netns = cls.lab.network.namespace("shop")
        cls.lab.network.attach(netns, ["10.0.0.9"])
        cls.shop = podman.Container(cls.box, "shop", image, netns)
        cls.loose = podman.Container(cls.box, "loose", image)
        cls.policy.hosts(cls.box, cls.server)
        cls.policy.workload("shop", "10.0.0.9", cgroup=cls.shop.cgroup, host="box")
        cls.policy.rules(
            cls.rule("box", HOST_ONLY, path=podman.BUSYBOX),
            cls.rule("shop", SHOP_ONLY, path="/bin/busybox"),
            cls.rule("box", NAMED, container=cls.loose.name))
        cls.agent = Agent(cls.box, cls.policy.save())

    @staticmethod
    def rule(source, port, **process):
        return allow(f"{source}-{port}", dict(role(source), process=process), role("server"),
                     service(f"tcp/{port}"))

    def busybox_on_host(self, port):
        status, output = self.box.run(
            [podman.BUSYBOX, "sh", "-c",
             f"echo hello | {podman.BUSYBOX} nc -w 2 10.0.1.5 {port} && echo; exit 0"])
        return ANSWERED if "hello" in output else REFUSED if "not permitted" in output else output

    def test_the_host_reaches_what_its_own_busybox_may(self):
        self.assertEqual(ANSWERED, self.busybox_on_host(HOST_ONLY))
        self.assertEqual(REFUSED, self.busybox_on_host(SHOP_ONLY))

    def test_a_container_with_labels_of_its_own_reaches_what_its_own_busybox_may(self):
        self.assert_seen(ANSWERED, self.shop.tcp("10.0.1.5", SHOP_ONLY))
        self.assert_seen(REFUSED, self.shop.tcp("10.0.1.5", HOST_ONLY))
        flow = self.agent.flows.wait(port=SHOP_ONLY, verdict="allowed", source="10.0.0.9")
        self.assertEqual("/bin/busybox", flow.path)
        self.assertEqual("shop", flow["source"]["workload"])

    def test_a_path_in_a_container_does_not_hold_for_the_host_around_it(self):
        self.assert_seen(REFUSED, self.loose.tcp("10.0.1.5", HOST_ONLY))
        flow = self.agent.flows.wait(port=HOST_ONLY, verdict="blocked",
                                     where=lambda f: f.process.get("container") == self.loose.name)
        self.assertTrue(flow.unresolved, flow)

    def test_a_container_without_labels_is_known_by_its_name(self):
        self.assert_seen(ANSWERED, self.loose.tcp("10.0.1.5", NAMED))
        self.assertEqual(REFUSED, self.busybox_on_host(NAMED))


if __name__ == "__main__":
    unittest.main()
