"""The life of the packages on a clean Debian, in the order in which a host lives it.

    install ─▶ watch (default) ─▶ enforce ─▶ upgrade ─▶ remove ─▶ install ─▶ purge

The agent attaches to a cgroup that this test made. No init system runs there, as in a container;
what maintainer scripts ask of one is recorded by a stand-in for systemctl.
"""

import glob
import json
import os
import pathlib
import stat
import unittest

import yaml

from debian import Debian, run

from harness import cgroup, kernel
from harness.agent import Notifications
from harness.ledger import Ledger
from harness.process import Process

PACKAGES = os.environ["RINGWALL_PACKAGES"]
CACHE = os.environ["RINGWALL_PACKAGING_CACHE"]
NAME = f"ringwall-packaging-{os.getpid()}"
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROBE = REPOSITORY / "tests/harness/probe.py"
MANIFEST = REPOSITORY / "packaging/kubernetes/agent.yaml"

# What an operator writes: enforce, below this cgroup.
CONFIGURATION = f"""policy: /etc/ringwall/policy
as: this-host
cgroup: "/sys/fs/cgroup/{NAME}"   # of this test
refuse-connect: on
metrics-listen: 127.0.0.1:0
"""
RULES = """apiVersion: ringwall/v1
kind: RuleSet
metadata: {name: mine}
spec:
  rules:
  - {name: web, action: allow, from: [{role: Host}], to: [{any: true}],
     services: [{proto: tcp, ports: [80]}]}
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/root/systemctl.log
case $* in *is-enabled*) echo enabled ;; esac
"""


def packages(revision):
    found = sorted(glob.glob(f"{PACKAGES}/{revision}/*.deb"))
    assert len(found) == 3, f"three packages expected in {PACKAGES}/{revision}: {found}"
    return found


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ledger = Ledger()
        cls.addClassCleanup(cls.ledger.close)
        cls.debian = Debian(cls.ledger, CACHE, packages(1))
        cls.cgroup = f"{kernel.cgroup2_mount()}/{NAME}"
        os.mkdir(cls.cgroup)
        cls.ledger.add(cls.cgroup, lambda: cgroup.remove(cls.cgroup))
        cls.notifications = Notifications(str(cls.debian.path("/run/notify")))
        cls.ledger.add("notification socket", cls.notifications.close)

    def test_from_install_to_purge(self):
        for step in (self.install, self.files_and_rights, self.programs_run, self.unit_is_sound,
                     self.default_only_watches, self.configuration_of_the_daemon_set, self.enforce, self.upgrade_keeps_enforcing,
                     self.remove_detaches_and_keeps_configuration, self.install_again,
                     self.detach_that_fails_is_told, self.purge, self.under_systemd):
            print("--", step.__name__.replace("_", " "), flush=True)
            step()

    # -- steps --

    def install(self):
        self.debian.install(packages(1))
        self.assert_status("install ok installed")

    def files_and_rights(self):
        expected = {
            "/usr/sbin/ringwall-agent": 0o755, "/usr/bin/ringwall": 0o755,
            "/etc/ringwall": 0o755, "/etc/ringwall/policy": 0o755,
            "/etc/ringwall/agent.yaml": 0o644, "/etc/ringwall/policy/this-host.yaml": 0o644,
            "/etc/logrotate.d/ringwall-agent": 0o644,
            "/lib/systemd/system/ringwall-agent.service": 0o644,
            "/var/lib/ringwall": 0o700, "/var/log/ringwall": 0o750, "/run/ringwall": 0o755,
            "/usr/share/man/man1/ringwall.1.gz": 0o644,
            "/usr/share/man/man5/ringwall-policy.5.gz": 0o644,
            "/usr/share/man/man8/ringwall-agent.8.gz": 0o644,
            "/usr/sbin/ringwall-controller": 0o755, "/etc/ringwall/controller.yaml": 0o644,
            "/lib/systemd/system/ringwall-controller.service": 0o644,
            "/usr/share/man/man8/ringwall-controller.8.gz": 0o644,
            "/usr/share/bash-completion/completions/ringwall": 0o644,
            "/usr/share/zsh/vendor-completions/_ringwall": 0o644,
            "/usr/share/fish/vendor_completions.d/ringwall.fish": 0o644,
            "/usr/share/doc/ringwall/examples/starter/dns.yaml": 0o644}
        found = {}
        for path in expected:
            info = self.debian.path(path).stat()
            found[path] = stat.S_IMODE(info.st_mode)
            self.assertEqual((0, 0), (info.st_uid, info.st_gid), path)
        self.assertEqual(expected, found)
        self.debian.run("getent", "group", "ringwall")
        self.debian.run("dpkg", "--verify", "ringwall", "ringwall-agent", "ringwall-controller")
        data = self.debian.path("/var/lib/ringwall-controller").stat()
        self.assertEqual(0o700, stat.S_IMODE(data.st_mode))
        self.assertEqual(self.debian.run("id", "-u", "ringwall-controller").stdout.strip(),
                         str(data.st_uid))
        links = self.debian.exists("/etc/systemd/system/*.wants/ringwall-agent.service")
        self.assertEqual(["/etc/systemd/system/sysinit.target.wants/ringwall-agent.service"], links)

    def programs_run(self):
        self.assertIn("Usage: ringwall", self.debian.run("ringwall", "--help").stdout)
        self.assertRegex(self.debian.run("ringwall-agent", "--version").stdout,
                         r"^ringwall-agent \d+\.\d+\.\d+\n$")
        self.debian.run("ringwall", "policy", "check", "--strict",
                        "/usr/share/doc/ringwall/examples/starter")

    def unit_is_sound(self):
        self.debian.run("systemd-analyze", "verify", "--man=no", "ringwall-agent.service",
                        "ringwall-controller.service")

    def default_only_watches(self):
        agent = self.start_agent("--cgroup", f"/sys/fs/cgroup/{NAME}", "--refuse-connect", "on")
        self.assertNotEqual("refused-by-policy", self.connect(443))
        self.assert_only_watches()
        agent.stop()
        self.debian.run("ringwall", "detach", "--pin-dir", "/sys/fs/bpf/ringwall", "--cgroup",
                        f"/sys/fs/cgroup/{NAME}")
        self.assert_detached()

    def configuration_of_the_daemon_set(self):
        """From a volume as a kubelet lays it out: open to all, files behind a link it replaces."""
        objects = yaml.safe_load_all(MANIFEST.read_text("utf-8"))
        files = next(o for o in objects if o["kind"] == "ConfigMap")["data"]
        volume = self.debian.path("/volume")
        for name, text in files.items():
            self.debian.write(f"/volume/..2026/{name}", text.replace("/etc/ringwall", "/volume"))
            os.symlink(f"..data/{name}", volume / name)
        os.symlink("..2026", volume / "..data")
        os.chmod(volume, 0o777)
        agent = self.start_agent("--config", "/volume/agent.yaml", "--metrics-listen", "127.0.0.1:0",
                                 "--cgroup", f"/sys/fs/cgroup/{NAME}")
        self.assert_only_watches()
        self.debian.run("ringwall", "detach")
        self.assertEqual(0, agent.wait())
        self.assert_detached()

    def enforce(self):
        self.debian.write("/etc/ringwall/agent.yaml", CONFIGURATION)
        shipped = self.debian.path("/etc/ringwall/policy/this-host.yaml").read_text("utf-8")
        self.debian.write("/etc/ringwall/policy/this-host.yaml",
                          shipped.replace("mode: visibility", "mode: full"))
        self.debian.write("/etc/ringwall/policy/mine.yaml", RULES)
        self.agent = self.start_agent()
        self.assert_enforced()

    def upgrade_keeps_enforcing(self):
        before = self.links()
        self.debian.install(packages(2))
        self.assert_status("install ok installed")
        self.assertEqual(before, self.links())
        self.assert_enforced()  # by what is pinned, and the old agent
        self.agent.stop()
        self.assert_enforced()  # by what is pinned
        self.agent = self.start_agent()
        self.assertEqual(before, self.links())
        self.assert_enforced()
        self.assertEqual(CONFIGURATION,
                         self.debian.path("/etc/ringwall/agent.yaml").read_text("utf-8"))

    def remove_detaches_and_keeps_configuration(self):
        said = self.debian.apt("remove", "ringwall-agent")
        self.assertNotIn("STILL ENFORCED", said)
        self.assert_detached()
        self.assertEqual(0, self.agent.wait(), "the agent ends by itself when it is detached")
        self.assertEqual(CONFIGURATION,
                         self.debian.path("/etc/ringwall/agent.yaml").read_text("utf-8"))
        self.assertTrue(self.debian.exists("/var/lib/ringwall/snapshot.rw"))

    def install_again(self):
        self.debian.install(packages(2))
        self.agent = self.start_agent()
        self.assert_enforced()
        self.agent.kill()
        self.assert_enforced()

    def detach_that_fails_is_told(self):
        """Somebody else holds the lock of the pins and does not let go."""
        holder = self.debian.start("flock", "--no-fork", "/sys/fs/bpf/ringwall", "sleep", "300")
        try:
            self.wait_for_lock()
            said = self.debian.apt("remove", "ringwall-agent")
        finally:
            holder.release()
        self.assertIn("STILL ENFORCED", said)
        self.assert_enforced()
        self.debian.install(packages(2))

    def purge(self):
        said = self.debian.apt("purge", "ringwall-agent", "ringwall-controller", "ringwall")
        self.assert_detached()
        self.assertEqual([], self.debian.exists("/var/*/ringwall*") +
                         self.debian.exists("/run/ringwall"), said)
        etc = self.debian.path("/etc")
        self.assertEqual(["ringwall", "ringwall/policy", "ringwall/policy/mine.yaml"],
                         sorted(p for p in (str(f.relative_to(etc)) for f in etc.rglob("*"))
                                if "ringwall" in p))

    def under_systemd(self):
        """With an init system that runs: started once, restarted if it ran, stopped at the end."""
        self.debian.path("/run/systemd/system").mkdir(parents=True)
        self.debian.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        self.debian.write("/etc/apt/apt.conf.d/91path",
                          'DPkg::Path "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";\n')
        unit = "ringwall-agent.service"
        self.debian.install(packages(1))
        self.assertIn(f"--quiet --system start {unit}", self.asked())
        self.debian.install(packages(2))
        asked = self.asked()
        self.assertIn(f"try-restart {unit}", asked)
        self.assertIn("try-restart ringwall-controller.service", asked)
        self.assertFalse([a for a in asked if "stop" in a.split()], asked)
        self.debian.apt("purge", "ringwall-agent", "ringwall-controller", "ringwall")
        asked = self.asked()
        self.assertIn(f"stop {unit}", asked)
        self.assertIn("stop ringwall-controller.service", asked)

    # -- what they look at --

    def start_agent(self, *options):
        self.notifications.forget()
        agent = self.debian.start("/usr/sbin/ringwall-agent", "run", *options,
                                  environment={"NOTIFY_SOCKET": "/run/notify"})
        self.notifications.wait("READY=1", agent, 60)
        return agent

    def connect(self, port):
        """What a program in the cgroup sees; a network namespace without any route."""
        process = Process(["unshare", "--net", "python3", PROBE, "tcp", "192.0.2.9", port],
                          cgroup=self.cgroup, log=f"{self.debian.directory}/probe.log")
        try:
            process.wait()
            return json.loads(process.output().splitlines()[-1])["result"]
        finally:
            process.release()

    def assert_only_watches(self):
        status = json.loads(self.debian.run("ringwall", "status", "-o", "json").stdout)
        modes = [s["mode"] for s in status["subjects"]]
        self.assertEqual(["visibility"], modes)

    def assert_enforced(self):
        self.assertEqual("refused-by-policy", self.connect(443))
        self.assertNotEqual("refused-by-policy", self.connect(80))

    def assert_detached(self):
        self.assertEqual([], self.debian.exists("/sys/fs/bpf/*ringwall*"))
        self.assertEqual([], self.attached())
        self.assertNotEqual("refused-by-policy", self.connect(443))

    def attached(self):
        return json.loads(run(["bpftool", "-j", "cgroup", "show", self.cgroup]).stdout.strip() or "[]")

    def links(self):
        """Kernel ids of the pinned links; every hook of the cgroup is held by one."""
        pins = glob.glob(f"{self.debian.root}/sys/fs/bpf/ringwall/link_*")
        ids = {os.path.basename(p): json.loads(run(["bpftool", "-j", "link", "show", "pinned",
                                                    p]).stdout)["id"] for p in pins}
        self.assertEqual(len(ids), len(self.attached()))
        self.assertTrue(ids)
        return ids

    def assert_status(self, status):
        found = self.debian.run("dpkg-query", "-W", "-f", "${Status}\n", "ringwall",
                                "ringwall-agent", "ringwall-controller").stdout
        self.assertEqual([status] * 3, found.splitlines())

    def wait_for_lock(self):
        """Until somebody holds the lock: a try that would get it gives it back at once."""
        for _ in range(1000):
            if self.debian.run("flock", "--nonblock", "/sys/fs/bpf/ringwall", "true",
                               check=False).returncode:
                return
        self.fail("nobody took the lock")

    def asked(self):
        """What systemctl was called with since the last time."""
        log = self.debian.path("/root/systemctl.log")
        lines = log.read_text("utf-8").splitlines()
        log.unlink()
        return lines


if __name__ == "__main__":
    unittest.main()
