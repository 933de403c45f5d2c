"""The harness itself: what it makes is taken back, whatever happens to the test."""

import os
import signal
import subprocess
import sys
import time

from story import labs, unittest

CHILD = """
import signal, sys
sys.path.insert(0, sys.argv[1])
from harness.lab import Lab
lab = Lab("harness")
host = lab.host("host", "10.0.0.1", "fd00:0:0:1::1")
host.serve("tcp", "10.0.0.1", 7001, unit="echo.service")
print(lab.base, flush=True)
signal.pause()
"""
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(labs.__file__)))


class Harness(unittest.TestCase):
    def start(self):
        child = subprocess.Popen([sys.executable, "-c", CHILD, TESTS], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(child.stdout.close)
        base = child.stdout.readline().strip()
        self.assertTrue(labs.leaks(base), "the lab is there")
        return child, base

    def test_a_terminated_test_leaves_nothing(self):
        child, base = self.start()
        child.terminate()
        self.assertEqual(-signal.SIGTERM, child.wait(10))
        self.assertEqual([], labs.leaks(base))

    def test_what_a_killed_test_left_is_swept_by_the_next(self):
        child, base = self.start()
        child.kill()
        child.wait(10)
        labs.sweep()
        self.assertEqual([], labs.leaks(base))

    def test_labs_side_by_side_do_not_meet(self):
        (one, first), (two, second) = self.start(), self.start()
        self.assertNotEqual(first, second)
        labs.sweep()  # leaves the living alone
        self.assertTrue(labs.leaks(first) and labs.leaks(second))
        for child in (one, two):
            child.terminate()
            child.wait(10)

    def test_a_lab_routes_between_subnets_in_both_families(self):
        start = time.monotonic()
        with labs.Lab("routes") as lab:
            left, right = (lab.host("left", "10.0.0.1", "fd00:0:0:1::1"),
                           lab.host("right", "192.168.0.1", "fd00:0:0:2::1"))
            right.serve("tcp", "::", 7001, "dual", unit="echo.service")
            for address in right.addresses:
                self.assertEqual("answered", left.probe("tcp", address, 7001)["result"])
            self.assertTrue(right.listening("tcp6", 7001))
        self.assertLess(time.monotonic() - start, 10)


if __name__ == "__main__":
    unittest.main()
