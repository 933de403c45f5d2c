"""Whose server is it? A server host in `full` whose rules name the destination's process.

    client ──▶ server   tcp 7001: path …/bin/wanted
                        tcp 7002: unit nginx.service
                        tcp 30000-60999: path …/bin/wanted
"""

import os
import shutil

from story import ANSWERED, SILENT, Agent, Story, allow, daemons, role, service, unittest

WANTED, UNIT = 7001, 7002
BIND_AND_HAND_OVER = """
import os, socket, sys
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("10.0.1.5", int(sys.argv[1])))
os.set_inheritable(sock.fileno(), True)
os.execv(sys.argv[2], [sys.argv[2], "-S", "-s", "-c", sys.argv[3], str(sock.fileno())])
"""
LISTEN = """
import socket, sys, probe
sock = socket.socket(fileno=int(sys.argv[1]))
sock.listen()
print("ready", flush=True)
probe.echo(sock)
"""
FORK_AFTER_BIND = """
import os, sys, probe
sock = probe.listener("tcp", "10.0.1.5", sys.argv[1])
if os.fork():
    sock.close()
    os.wait()
print("ready", flush=True)
probe.echo(sock)
"""
REUSEPORT = """
import socket, sys
sock = socket.socket()
for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
    sock.setsockopt(socket.SOL_SOCKET, option, 1)
sock.bind(("10.0.1.5", int(sys.argv[1])))
sock.listen()
print("ready", flush=True)
while True:
    connection, _ = sock.accept()
    connection.recv(100)
    connection.sendall(sys.executable.encode())
    connection.close()
"""
LISTEN_WITHOUT_BIND = """
import socket, probe
sock = socket.socket()
sock.listen()
print("ready", sock.getsockname()[1], flush=True)
probe.echo(sock)
"""


class Listeners(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.wanted, cls.other = (cls.program(name) for name in ("wanted", "other"))
        cls.policy.hosts(cls.client, cls.server)
        cls.policy.mode("visibility", "client")
        ephemeral = {"proto": "tcp", "ports": ["30000-60999"], "process": {"path": cls.wanted}}
        cls.policy.rules(allow("by-program", role("client"), role("server"),
                               service(f"tcp/{WANTED}", path=cls.wanted),
                               service(f"tcp/{UNIT}", unit="nginx.service"), ephemeral))
        cls.agent = Agent(cls.server, cls.policy.save())

    @classmethod
    def program(cls, name):
        path = f"{cls.server.directory}/bin/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy("/usr/bin/python3", path)
        return path

    def tearDown(self):
        for unit in ("app.service", "nginx.service"):
            self.server.end(unit)

    def start(self, code, *args, exe):
        process = self.server.python(code, *args, exe=exe, unit="app.service")
        process.wait_line("^ready")
        return process

    def connect(self, port=WANTED):
        """What the client saw, and the inbound flow."""
        mark = self.agent.flows.mark()
        outcome = self.client.probe("tcp", "10.0.1.5", port)
        return outcome, self.agent.flows.attempt(outcome, mark, "inbound", port=port)

    def test_the_wanted_program_is_reached_and_another_is_not(self):
        for exe, expected in ((self.wanted, ANSWERED), (self.other, SILENT)):
            server = self.server.serve("tcp", "10.0.1.5", WANTED, unit="app.service", exe=exe)
            outcome, flow = self.connect()
            server.kill()
            self.assert_seen(expected, outcome)
            self.assertEqual(exe, flow.path)

    def test_a_listener_belongs_to_the_program_that_listened_not_to_the_one_that_bound(self):
        for first, last, expected in ((self.other, self.wanted, ANSWERED),
                                      (self.wanted, self.other, SILENT)):
            server = self.start(BIND_AND_HAND_OVER, WANTED, last, LISTEN, exe=first)
            outcome, flow = self.connect()
            server.kill()
            self.assert_seen(expected, outcome)
            self.assertEqual(last, flow.path)

    def test_a_child_forked_after_bind_serves_as_the_same_program(self):
        self.start(FORK_AFTER_BIND, WANTED, exe=self.wanted)
        outcome, flow = self.connect()
        self.assert_seen(ANSWERED, outcome)
        self.assertEqual(self.wanted, flow.path)

    def test_reuseport_workers_are_judged_one_by_one(self):
        for exe in (self.wanted, self.other):
            self.start(REUSEPORT, WANTED, exe=exe)
        mark = self.agent.flows.mark()
        clients = [self.client.start_probe("tcp", "10.0.1.5", WANTED) for _ in range(24)]
        seen = [self.client.probed(client) for client in clients]
        answers = [o["answer"] for o in seen if o["result"] == ANSWERED]
        self.assertEqual({self.wanted}, set(answers))
        self.assertEqual({ANSWERED, SILENT}, {o["result"] for o in seen})
        self.agent.flows.wait(since=mark, port=WANTED, verdict="blocked", path=self.other)
        allowed = self.agent.flows.find(since=mark, port=WANTED, verdict="allowed")
        self.assertEqual({self.wanted}, {flow.path for flow in allowed})

    def test_a_server_that_listens_without_bind_is_known(self):
        for exe, expected in ((self.wanted, ANSWERED), (self.other, SILENT)):
            process = self.start(LISTEN_WITHOUT_BIND, exe=exe)
            port = int(process.wait_line(r"^ready (\d+)")[1])
            outcome, flow = self.connect(port)
            self.assert_seen(expected, outcome)
            self.assertEqual(exe, flow.path)

    def test_nginx_with_reuseport_workers_is_its_unit(self):
        daemons.nginx(self.server, UNIT, workers=2, listen_options="reuseport")
        for _ in range(4):
            outcome = self.client.probe("http", "10.0.1.5", UNIT)
            self.assert_seen(ANSWERED, outcome)
            self.assertIn("nginx on server", outcome["answer"])
        flow = self.agent.flows.wait(port=UNIT, direction="inbound")
        self.assertEqual("nginx.service", flow.process["shown"])
        self.assertEqual(os.path.realpath("/usr/sbin/nginx"), flow.path)


if __name__ == "__main__":
    unittest.main()
