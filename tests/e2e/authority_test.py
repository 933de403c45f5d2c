"""A new CA for a fleet at work: announce, switch, retire. Nobody pairs again, nobody is cut off.

    web-1 ──tcp 8080──▶ app-1        both paired with one controller, which is killed between the steps
"""

import hashlib
import pathlib
import re
import ssl

from story import ANSWERED, Story, allow, role, service, unittest, wait_until

from harness.controller import Controller, PairedAgent
from harness.policy import payments, text_of

PORT = 8080


class Authority(Story):
    @classmethod
    def build(cls):
        cls.head = cls.lab.host("head", "10.0.9.1")
        cls.controller = Controller(cls.head)
        cls.controller.cli("pair", "--profile", "all", "--new", "--label", "app=Payments", "--mode",
                           "full")
        cls.agents = {}
        for name, address, labels in (("web-1", "10.0.0.1", {"role": "Web"}),
                                      ("app-1", "10.0.1.5", {"role": "App"})):
            host = cls.lab.host(name, address)
            setattr(cls, name.replace("-", "_"), host)
            cls.agents[name] = PairedAgent(host, cls.controller, labels=labels)
        cls.app_1.serve("tcp", "10.0.1.5", PORT, unit="echo.service")
        documents = payments("10.0.9.1", allow("web-to-app", role("Web"), role("App"),
                                               service(f"tcp/{PORT}")))
        cls.controller.cli("apply", "-f", "-",
                           given=text_of(documents))
        cls.controller.cli("provision", "--yes")
        cls.controller.settled()

    def authority(self):
        return self.controller.json("authority")

    def phases(self):
        return {ca["phase"]: ca["fingerprint"] for ca in self.authority()["authorities"]}

    def step(self, name):
        return self.controller.run("authority", name, "--wait", 60)

    def all_online(self):
        agents = self.controller.agents()
        return bool(agents) and all(a["presence"] == "online" for a in agents)

    def restart_controller(self):
        self.controller.kill()
        self.controller.start()
        wait_until(self.all_online, "all agents are back", 90)

    def assert_step(self, name):
        done = self.step(name)
        self.assertEqual(0, done.returncode, done.stderr)
        authority = self.authority()
        self.assertEqual(0, authority["unacknowledged"]["total"], authority)
        self.assertEqual(0, authority["old_certificate"]["total"], authority)
        self.assertEqual(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT)["result"])

    def trusted_by_people(self):
        """Fingerprints of ca.pem, by which people's command lines know the controller."""
        text = pathlib.Path(f"{self.controller.data}/ca.pem").read_text()
        blocks = re.findall("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", text, re.S)
        return {hashlib.sha256(ssl.PEM_cert_to_DER_cert(b)).hexdigest() for b in blocks}

    def trusted_by(self, agent):
        trust = pathlib.Path(f"{self.agents[agent].directory}/state/identity/trust.pem")
        return trust.read_text().count("BEGIN CERTIFICATE")

    def test_the_ca_is_replaced_while_everybody_works(self):
        old = self.phases()["issuing"]
        early = self.step("switch")
        self.assertEqual(1, early.returncode)
        self.assertIn("announce one first", early.stderr)

        self.assert_step("announce")
        new = self.phases()["announced"]
        self.assertEqual({"issuing": old, "announced": new}, self.phases())
        self.assertEqual({old, new}, self.trusted_by_people())
        self.assertEqual([2, 2], [self.trusted_by(name) for name in self.agents])
        self.restart_controller()

        self.assert_step("switch")
        self.assertEqual({"retiring": old, "issuing": new}, self.phases())
        self.restart_controller()

        self.assert_step("retire")
        self.assertEqual({"issuing": new}, self.phases())
        self.assertEqual({new}, self.trusted_by_people())
        self.assertEqual([1, 1], [self.trusted_by(name) for name in self.agents])
        self.restart_controller()
        self.still_a_fleet()

    def still_a_fleet(self):
        """Online, current, told of changes; and a new host joins."""
        self.controller.settled()
        self.controller.cli("label", "web-1", "role=Mail")
        self.controller.settled()
        self.assertNotEqual(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT)["result"])
        self.controller.cli("label", "web-1", "role=Web")
        self.controller.settled()
        self.assertEqual(ANSWERED, self.web_1.probe("tcp", "10.0.1.5", PORT)["result"])
        extra = self.lab.host("extra", "10.0.3.1")
        PairedAgent(extra, self.controller, labels={"role": "Web"})
        wait_until(lambda: len(self.controller.agents()) == 3 and self.all_online(),
                   "the new host is there", 30)
        self.controller.settled()
        self.assertEqual(ANSWERED, extra.probe("tcp", "10.0.1.5", PORT)["result"])


if __name__ == "__main__":
    unittest.main()
