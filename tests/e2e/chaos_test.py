"""Everything that can break does, with real processes: the fleet goes on enforcing and comes back.

    web-1, web-2 ──tcp 8080──▶ app-1
                 ──tcp 9000, 9002──▶ legacy (no agent)
    head: the controller; its data, and the state of web-1, lie on small disks of their own

By hand: ./dev chaos, or chaos_test.py --steps N --seconds S --flood N --seed X
(RINGWALL_CHAOS_STEPS, RINGWALL_CHAOS_CUT_SECONDS, RINGWALL_CHAOS_FLOOD, RINGWALL_CHAOS_SEED).
"""

import argparse
import json
import os
import random
import sys
import time

from chaos.fleet import ADDRESSES, HEAD, LEGACY, Fleet, to_app, to_legacy
from chaos.reading import losses, policies_applied, predicted
from story import ANSWERED, REFUSED, unittest, wait_until

import harness
from harness.agent import CLI
from harness.controller import CONTROLLER
from harness.policy import document

STEPS = int(os.environ.get("RINGWALL_CHAOS_STEPS", "12"))
CUT_SECONDS = float(os.environ.get("RINGWALL_CHAOS_CUT_SECONDS", "8"))
FLOOD = int(os.environ.get("RINGWALL_CHAOS_FLOOD", "3000"))
SEED = int(os.environ.get("RINGWALL_CHAOS_SEED", time.time_ns() % 1_000_000))
KILLS = 8    # of the controller, during a provision
CHANGES = 5  # during a cut
PAGE = 4096


class Chaos(Fleet):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(f"{SEED} {self.id().rpartition('.')[2]}")

    # ---- 1: the controller is killed while it provisions -----------------------------------------

    def test_a_provision_that_is_killed_is_there_wholly_or_not_at_all(self):
        length = self.length_of_a_provision()
        made = sum(self.provision_and_kill(length * 1.2 * (i + self.dice.random()) / KILLS)
                   for i in range(KILLS))
        say(f"{made} of {KILLS} provisions were done when the controller was killed "
            f"(one takes {length * 1000:.0f} ms)")
        self.settle()
        self.still_enforced()

    def length_of_a_provision(self):
        self.draft(to_app())
        began = time.monotonic()
        self.assertEqual(0, self.begin_to_provision().wait())
        return time.monotonic() - began

    def begin_to_provision(self):
        return self.head.spawn([CLI, "provision", "--yes"], "..provision",
                               env=self.controller.environment())

    def provision_and_kill(self, moment):
        """Whether the version is there afterwards."""
        version, content = self.active()
        self.draft(to_app())
        command = self.begin_to_provision()
        time.sleep(moment)
        self.controller.kill()
        self.still_enforced()
        self.controller.start()
        confirmed = command.wait(60) == 0
        now = self.active()
        self.assertIn(now, [(version, content), (version + 1, self.number)])
        made = now != (version, content)
        self.assertTrue(made or not confirmed, "what was said to be done is gone")
        self.assertEqual(0 if made else 1, self.controller.run("diff").returncode)
        return made

    # ---- 2: a host loses the controller ----------------------------------------------------------

    def test_a_host_without_its_controller_enforces_and_catches_up_at_once(self):
        web_1 = self.agents["web-1"]
        lost, applied = losses(web_1), policies_applied(web_1)
        self.sever("web-1")
        attempts = self.attempts_while_all_changes()
        say(f"{attempts} attempts each of what is allowed and denied in {CUT_SECONDS:.0f} s")
        self.assertEqual(applied, policies_applied(web_1))
        self.heal("web-1")
        self.settle()
        self.assertLessEqual(policies_applied(web_1) - applied, 2)
        for port, verdict in ((9000, "allowed"), (9001, "blocked")):
            wait_until(lambda: self.counted("web-1", port, verdict) >= attempts,
                       f"the flows to port {port} are told", 30)
        wait_until(lambda: web_1.status()["controller"]["spool"]["held"] == 0, "all is told", 30)
        self.assertEqual(attempts, self.counted("web-1", 9000, "allowed"))
        self.assertEqual(attempts, self.counted("web-1", 9001, "blocked"))
        self.assertEqual(lost, losses(web_1))
        self.reach("web-1", REFUSED, LEGACY, 9000)

    def attempts_while_all_changes(self):
        """Tries on at the cut host; how often."""
        attempts, changes = 0, 0
        began = time.monotonic()
        while (passed := time.monotonic() - began) < CUT_SECONDS or changes < CHANGES:
            if passed >= changes * CUT_SECONDS / CHANGES and changes < CHANGES:
                self.change(changes)
                changes += 1
            self.reach("web-1", ANSWERED, LEGACY, 9000)
            self.reach("web-1", REFUSED, LEGACY, 9001)
            attempts += 1
        self.reach("web-2", REFUSED, LEGACY, 9000)
        return attempts

    def change(self, number):
        self.provision(to_app())
        self.controller.cli("label", "web-2", f"role={('Web', 'Mail')[number % 2]}")
        self.controller.cli("label", "app-1", f"env=E{number}")

    def counted(self, name, port, verdict):
        """How many connections the controller knows of, as their source told it."""
        total, after = 0, ""
        while after is not None:
            page = self.controller.get(f"flows?port={port}&verdict={verdict}&limit=1000{after}")
            total += sum(flow["count"] for flow in page["items"]
                         if flow["subject"] == name and flow["direction"] == "outbound")
            after = f"&after={page['next']}" if page.get("next") else None
        return total

    # ---- 3: anything, in any order ---------------------------------------------------------------

    def test_after_any_steps_everybody_enforces_what_is_active(self):
        for number in range(STEPS):
            step = self.dice.choice(self.possible_steps())
            say(f"step {number + 1}: {step()}")
        for name in list(self.cut):
            self.heal(name)
        self.settle()
        path = self.active_documents()
        for source, destination in (("web-1", "app-1"), ("web-2", "app-1"), ("app-1", "web-1")):
            for port in (8080, 8081):
                with self.subTest(source=source, destination=destination, port=port):
                    expected = predicted(path, source, destination, port)
                    self.reach(source, expected, ADDRESSES[destination], port)

    def possible_steps(self):
        steps = [self.restart_controller, self.restart_agent, self.relabel, self.change_mode,
                 self.change_rules]
        if len(self.cut) < len(self.agents):
            steps.append(self.sever_one)
        if self.cut:
            steps.append(self.heal_one)
        return steps

    def restart_controller(self):
        self.controller.kill()
        self.controller.start()
        return "the controller is killed and started"

    def restart_agent(self):
        name = self.dice.choice(list(self.agents))
        self.agents[name].kill()
        self.agents[name].start()
        return f"the agent of {name} is killed and started"

    def sever_one(self):
        name = self.dice.choice(sorted(set(self.agents) - self.cut))
        self.sever(name)
        return f"{name} is cut from the controller"

    def heal_one(self):
        name = self.dice.choice(sorted(self.cut))
        self.heal(name)
        return f"{name} reaches the controller again"

    def relabel(self):
        name, word = self.dice.choice(list(self.agents)), self.dice.choice(["Web", "App", "Mail"])
        self.controller.cli("label", name, f"role={word}")
        return f"{name} is {word}"

    def change_mode(self):
        name = self.dice.choice(list(self.agents))
        mode = self.dice.choice(["visibility", "selective", "full"])
        self.mode(mode, name)
        return f"{name} is in {mode}"

    def change_rules(self):
        action, port = self.dice.choice(["allow", "deny"]), self.dice.choice([8080, 8081])
        self.provision(to_app(action, port), to_legacy())
        return f"Web to App on {port}: {action}"

    # ---- 4: no room ------------------------------------------------------------------------------

    def test_a_full_disk_of_the_controller_refuses_changes_and_nothing_else(self):
        self.disk.fill()
        refused, name, change = self.first_refused_change()
        self.assertEqual(1, refused.returncode)
        self.assertRegex(refused.stderr, r"policy\.db: no space left on the disk; nothing was "
                                         r"changed; make room and repeat")
        self.assertEqual(3, self.controller.run("get", "addresslist", name).returncode)
        for command in (["get", "workloads"], ["versions"], ["agents"]):
            self.controller.cli(*command)
        self.still_enforced()
        self.disk.make_room()
        self.controller.cli("apply", "-f", change)
        self.controller.cli("provision", "--yes")
        self.settle()

    def first_refused_change(self):
        """The database may have some room of its own left, so it is not always the first one."""
        for number in range(40):
            name = f"large-{number}"
            cidrs = [f"10.{64 + number}.{i >> 8}.{i & 255}" for i in range(0, 1 << 15, 2)]
            path = self.lab.write(f"large/{number}.yaml",
                                  json.dumps(document("AddressList", name, cidrs=cidrs)))
            done = self.controller.run("apply", "-f", path)
            if done.returncode:
                return done, name, path
        raise AssertionError("a full disk took 40 large lists")

    def test_a_full_disk_of_an_agent_leaves_it_enforcing_and_is_told(self):
        web_1 = self.agents["web-1"]
        before = self.held(web_1)
        web_1.disk.fill()
        self.provision(to_app())
        wait_until(lambda: "No space left on device" in self.refused_by("web-1"),
                   "the controller knows that web-1 cannot keep it", 20)
        self.assertIn("could not be kept on the disk", self.refused_by("web-1"))
        web_1.process.wait_line("what the controller sent is refused: .*No space left on device")
        self.assertIn("No space left on device", web_1.status()["controller"]["refused"])
        self.assertIn("refused: it could not be kept on the disk", web_1.cli("status"))
        self.assertEqual(before, self.held(web_1))
        web_1.kill()
        web_1.start()
        web_1.process.wait_line("No space left on device; the host is enforced on")
        self.assertEqual(before, self.held(web_1))
        self.still_enforced()
        self.reach("web-1", ANSWERED, LEGACY, 9002)
        self.reach("web-2", REFUSED, LEGACY, 9002)
        web_1.disk.make_room()
        self.settle(30)
        self.reach("web-1", REFUSED, LEGACY, 9002)

    def refused_by(self, name):
        return next(a.get("refused", "") for a in self.controller.agents() if a["name"] == name)

    # ---- 5: a flood of clients that never come to an end of their handshake ----------------------

    def test_half_open_handshakes_leave_the_service_to_others(self):
        before = self.controller.process.resident_kib()
        program = os.path.join(os.path.dirname(harness.__file__), "flood.py")
        flood = self.head.spawn([sys.executable, program, HEAD, "8443", str(FLOOD)], "..flood",
                                stdin="pipe")
        flood.wait_line(f"^open {FLOOD}$", 120)
        began = time.monotonic()
        self.controller.cli("whoami")
        answered = time.monotonic() - began
        self.provision(to_app("deny"))
        self.settle(30)
        self.reach("web-1", REFUSED, ADDRESSES["app-1"])
        grown = (self.controller.process.resident_kib() - before) / 1024
        self.assertLess(grown, 128, "MiB")
        self.assertTrue(all(a["presence"] == "online" for a in self.controller.agents()))
        say(f"{FLOOD} half-open handshakes: a command is answered after {answered:.1f} s, "
            f"{grown:.0f} MiB more")
        flood.stdin.close()
        self.assertEqual(0, flood.wait())
        self.provision(to_app())
        self.settle()
        self.still_enforced()

    # ---- 6: a damaged database -------------------------------------------------------------------

    def test_the_database_is_damaged_and_a_backup_brings_all_back(self):
        backup = f"{self.lab.directory}/policy-{self.number}.db"
        self.controller.cli("backup", backup)
        at_backup = self.active()
        self.provision(to_app("deny"))  # the agents are ahead of the backup
        self.controller.cli("label", "web-2", "role=Mail")
        self.settle()
        self.assertEqual(0, self.controller.stop())
        database = f"{self.controller.data}/policy.db"
        overwrite_the_middle(database, self.dice.randbytes(PAGE))
        self.assert_it_does_not_start(database)
        self.reach("app-1", REFUSED, ADDRESSES["web-1"])
        self.assertEqual((0, ""), self.restore(backup, database))
        self.controller.start()
        self.assertEqual(at_backup, self.active())
        self.settle()
        self.still_enforced()

    def assert_it_does_not_start(self, database):
        status, said = self.head.run([CONTROLLER, *self.controller.arguments], "..controller")
        self.assertEqual(1, status, said)
        self.assertIn(f"{database}: the database is damaged", said)
        self.assertIn("restore a backup with 'ringwall-controller restore FILE'", said)

    def restore(self, backup, database):
        """Exit status, and what it said beyond what it should."""
        status, said = self.head.run(
            [CONTROLLER, "restore", backup, "--data-dir", self.controller.data], "..controller")
        return status, said.replace(f"{database} is in place; what was there before is "
                                    f"{database}.before-restore", "").strip()


def overwrite_the_middle(path, page):
    assert not os.path.exists(f"{path}-wal"), "what is damaged would be read from the WAL"
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2 // PAGE * PAGE)
        file.write(page)


def say(sentence):
    print(f"chaos: {sentence}", file=sys.stderr, flush=True)


def main():
    global STEPS, CUT_SECONDS, FLOOD, SEED
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], add_help=False)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seconds", type=float, default=CUT_SECONDS)
    parser.add_argument("--flood", type=int, default=FLOOD)
    parser.add_argument("--seed", type=int, default=SEED)
    options, rest = parser.parse_known_args()
    STEPS, CUT_SECONDS, FLOOD, SEED = (options.steps, options.seconds, options.flood,
                                       options.seed)
    say(f"seed {SEED}, {STEPS} steps, a cut of {CUT_SECONDS:.0f} s")
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
