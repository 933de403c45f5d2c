"""What the end-to-end stories share: one lab per class, taken back and checked for leaks."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import daemons, lab as labs, podman  # noqa: E402
from harness.agent import Agent  # noqa: E402
from harness.lab import Lab, wait_until  # noqa: E402
from harness.policy import Policy, allow, role, service  # noqa: E402

__all__ = ["Agent", "Policy", "Story", "allow", "daemons", "labs", "podman", "role", "service",
           "unittest", "wait_until"]

ANSWERED = "answered"
REFUSED = "refused-by-policy"  # EPERM at connect or send: cut at the source
SILENT = "timeout"             # cut at the destination


class Story(unittest.TestCase):
    """`build` makes hosts, policy and agents once; tests tell what then happens."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(cls.__name__.lower())
        cls.addClassCleanup(cls.lab.close)
        cls.policy = Policy(cls.lab)
        cls.build()

    @classmethod
    def build(cls):
        raise NotImplementedError

    def assert_seen(self, expected, outcome):
        """The client saw this result."""
        self.assertEqual(expected, outcome["result"], outcome)
