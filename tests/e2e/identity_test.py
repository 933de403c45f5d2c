"""Which process is it? A client host in `full` whose rules name the source process.

    client ── tcp 7001: path …/bin/tool ──▶ server
              tcp 7002: its sha256
              tcp 7003: unit tool.service
              tcp 7004: name tool
"""

import hashlib
import os
import shutil

from story import ANSWERED, REFUSED, Agent, Story, allow, role, service, unittest, wait_until

PATH, DIGEST, UNIT, NAME = 7001, 7002, 7003, 7004
CONNECT = """
import json, sys, probe
print(json.dumps(probe.tcp(sys.argv[1], sys.argv[2])), flush=True)
"""


class Identity(Story):
    @classmethod
    def build(cls):
        cls.client = cls.lab.host("client", "10.0.0.1")
        cls.server = cls.lab.host("server", "10.0.1.5")
        cls.tool = cls.program("tool")
        for port in (PATH, DIGEST, UNIT, NAME):
            cls.server.serve("tcp", "10.0.1.5", port, unit="echo.service")
        cls.policy.hosts(cls.client, cls.server)
        cls.policy.mode("visibility", "server")
        with open(cls.tool, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        cls.policy.rules(
            cls.rule(PATH, path=cls.tool), cls.rule(DIGEST, sha256=digest),
            cls.rule(UNIT, unit="tool.service"), cls.rule(NAME, name="tool"))
        cls.agent = Agent(cls.client, cls.policy.save())

    @staticmethod
    def rule(port, **process):
        return allow(f"to-{port}", dict(role("client"), process=process), role("server"),
                     service(f"tcp/{port}"))

    @classmethod
    def program(cls, name):
        """A copy of the interpreter: a program of its own."""
        path = f"{cls.client.directory}/bin/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy("/usr/bin/python3", path)
        return path

    def setUp(self):
        self.mark = self.agent.flows.mark()

    def connect(self, port, exe=None, **options):
        """What the program saw, and what the agent logged about it."""
        outcome = self.client.probe("tcp", "10.0.1.5", port, exe=exe or self.tool, **options)
        return outcome, self.agent.flows.attempt(outcome, self.mark, port=port)

    def outcome_of(self, process, port):
        outcome = self.client.probed(process)
        return outcome, self.agent.flows.attempt(outcome, self.mark, port=port)

    def test_the_tool_itself_is_known_by_its_path(self):
        outcome, flow = self.connect(PATH)
        self.assert_seen(ANSWERED, outcome)
        self.assertEqual(self.tool, flow.path)

    def test_a_renamed_comm_changes_nothing(self):
        rename = "import ctypes; ctypes.CDLL(None).prctl(15, b'tool', 0, 0, 0)\n" + CONNECT
        stranger = self.client.python(rename, "10.0.1.5", PATH, exe=self.program("stranger"))
        outcome, flow = self.outcome_of(stranger, PATH)
        self.assert_seen(REFUSED, outcome)
        self.assertTrue(flow.path.endswith("/bin/stranger"), flow)
        renamed = self.client.python(rename.replace("b'tool'", "b'named'"), "10.0.1.5", PATH,
                                     exe=self.tool)
        self.assert_seen(ANSWERED, self.outcome_of(renamed, PATH)[0])

    def test_a_copy_has_another_path_but_the_same_digest(self):
        copy = self.program("copy")
        outcome, flow = self.connect(PATH, copy)
        self.assert_seen(REFUSED, outcome)
        self.assertEqual(copy, flow.path)
        wait_until(lambda: self.connect(DIGEST, copy)[0]["result"] == ANSWERED,
                   "the digest of the copy is known")

    def test_another_file_has_another_digest(self):
        other = self.program("other")
        with open(other, "ab") as file:
            file.write(b"x")
        wait_until(lambda: self.connect(DIGEST)[0]["result"] == ANSWERED, "digests are known")
        for _ in range(3):
            self.assert_seen(REFUSED, self.connect(DIGEST, other)[0])

    def test_a_program_does_not_get_the_digest_of_what_it_executes_next(self):
        other = self.program("borrower")
        with open(other, "ab") as file:
            file.write(b"y")
        wait_until(lambda: self.connect(DIGEST)[0]["result"] == ANSWERED, "digests are known")
        code = CONNECT + """
import os
os.execv(sys.argv[3], [sys.argv[3], "-S", "-s", "-c", "print('up', flush=True); input()"])
"""
        borrower = self.client.python(code, "10.0.1.5", DIGEST, self.tool, exe=other, stdin="pipe")
        borrower.wait_line("^up")
        self.agent.flows.wait(pid=borrower.pid, path=other)  # the question came before this record
        borrower.tell("go")
        borrower.wait()
        for _ in range(3):
            self.assert_seen(REFUSED, self.connect(DIGEST, other)[0])

    def test_a_symbolic_link_is_its_target(self):
        link = f"{self.client.directory}/bin/symlink"
        os.symlink(self.tool, link)
        outcome, flow = self.connect(PATH, link)
        self.assert_seen(ANSWERED, outcome)
        self.assertEqual(self.tool, flow.path)

    def test_a_hard_link_is_its_own_name(self):
        link = f"{self.client.directory}/bin/hardlink"
        os.link(self.tool, link)
        outcome, flow = self.connect(PATH, link)
        self.assert_seen(REFUSED, outcome)
        self.assertEqual(link, flow.path)

    def test_a_program_deleted_or_replaced_after_its_start_keeps_its_path(self):
        for what, change in (("deleted", os.unlink), ("replaced", self.replace)):
            with self.subTest(what):
                code = "print('up', flush=True); input()" + CONNECT
                waiting = self.client.python(code, "10.0.1.5", NAME, stdin="pipe",
                                             exe=self.program("sub/tool"))
                waiting.wait_line("^up")
                change(f"{self.client.directory}/bin/sub/tool")
                waiting.tell("go")
                outcome, flow = self.outcome_of(waiting, NAME)
                self.assert_seen(ANSWERED, outcome)
                self.assertTrue(flow.path.endswith("/bin/sub/tool"), flow)
                self.assertTrue(flow.process.get("deleted"), flow)
        successor, flow = self.connect(NAME, f"{self.client.directory}/bin/sub/tool")
        self.assert_seen(ANSWERED, successor)
        self.assertFalse(flow.process.get("deleted"), flow)

    def replace(self, path):
        shutil.copy("/usr/bin/python3", path + ".new")
        os.rename(path + ".new", path)

    def test_a_memfd_is_unresolved(self):
        code = f"""
import os, sys
memory = os.memfd_create("tool", 0)
with open({self.tool!r}, "rb") as file:
    os.write(memory, file.read())
os.execve(memory, [{self.tool!r}, "-S", "-s", "-c", {CONNECT!r}, *sys.argv[1:]], os.environ)
"""
        for port, expected in ((PATH, REFUSED), (NAME, REFUSED), (UNIT, ANSWERED)):
            process = self.client.python(code, "10.0.1.5", port, unit="tool.service")
            outcome, flow = self.outcome_of(process, port)
            self.assert_seen(expected, outcome)
            self.assertEqual("", flow.path)
            self.assertTrue(flow.unresolved, flow)

    def test_a_script_is_its_interpreter_so_a_unit_tells_scripts_apart(self):
        script = f"{self.client.directory}/bin/script"
        with open(script, "w", encoding="ascii") as file:
            file.write(f"#!{self.tool} -Ss\n{CONNECT}")
        os.chmod(script, 0o755)
        environment = dict(os.environ, PYTHONHOME="/usr", PYTHONPATH=self.lab.directory)
        for unit, expected in (("tool.service", ANSWERED), ("other.service", REFUSED)):
            process = self.client.spawn([script, "10.0.1.5", str(UNIT)], unit, env=environment)
            outcome, flow = self.outcome_of(process, UNIT)
            self.assert_seen(expected, outcome)
            self.assertEqual(self.tool, flow.path)

    def test_a_path_mounted_over_in_a_user_namespace_is_unresolved(self):
        evil = self.program("evil")
        over = (f"mount --bind {evil} {self.tool} && "
                f"exec {self.tool} -S -s -c \"$0\" 10.0.1.5 {PATH}")
        environment = dict(os.environ, PYTHONHOME="/usr", PYTHONPATH=self.lab.directory)
        process = self.client.spawn(["unshare", "-U", "-r", "-m", "sh", "-c", over, CONNECT],
                                    "forger.service", user="nobody", env=environment)
        outcome, flow = self.outcome_of(process, PATH)
        self.assert_seen(REFUSED, outcome)
        self.assertTrue(flow.unresolved, flow)

    def test_five_programs_executed_in_a_row_by_one_pid_are_each_seen_as_themselves(self):
        programs = [self.program(f"chain{i}") for i in range(1, 6)]
        code = """
import os, sys, probe
address, port, code, *rest = sys.argv[1:]
probe.tcp(address, port)
if rest:
    os.execv(rest[0], [rest[0], "-S", "-s", "-c", code, address, port, code, *rest[1:]])
print('{"result": "done"}', flush=True)
"""
        process = self.client.python(code, "10.0.1.5", PATH, code, *programs[1:], exe=programs[0])
        pid = self.client.probed(process)["pid"]
        self.agent.flows.wait(pid=pid, path=programs[-1])
        seen = [flow.path for flow in self.agent.flows.find(pid=pid)]
        self.assertEqual(programs, list(dict.fromkeys(seen)))


if __name__ == "__main__":
    unittest.main()
