"""A podman container on a test host: the real runtime, cgroups below the host's subtree."""

import glob
import os
import shutil
import subprocess

from . import cgroup, network

PODMAN = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
# Explicit limits: podman's defaults are above what some hosts may grant.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--pids-limit=-1"]
IMAGE = "image"  # directory in a lab that has one
BUSYBOX = os.path.realpath("/bin/busybox")


def image(lab):
    """An image with nothing but /bin/busybox, imported under the lab's name."""
    name = f"localhost/{lab.base}:latest"
    root = f"{lab.directory}/{IMAGE}"
    os.makedirs(f"{root}/bin")
    shutil.copy(BUSYBOX, f"{root}/bin/busybox")
    subprocess.run(["tar", "-C", root, "-cf", f"{root}.tar", "."], check=True)
    subprocess.run([*PODMAN, "import", "-q", f"{root}.tar", name], check=True, capture_output=True)
    lab.ledger.add(f"image {name}", lambda: subprocess.run(
        [*PODMAN, "rmi", "-f", name], check=True, capture_output=True))
    return name


class Container:
    """Sleeps until it is removed; `run` executes busybox applets in it."""

    def __init__(self, host, name, image_name, netns=None):
        self.host = host
        self.name = f"{host.lab.base}-{name}"
        self.cgroup_parent_ = f"/{host.lab.base}/{host.name}/pods"
        host.lab.ledger.add(f"container {self.name}", self.remove_)
        wire = f"ns:{network.NETNS}/{netns}" if netns else "host"
        status, output = host.run(
            [*PODMAN, "run", "-d", "--name", self.name, *LIMITS, "--network", wire,
             "--cgroup-parent", self.cgroup_parent_, image_name, "/bin/busybox", "sleep", "3600"],
            "..podman", outlives_parent=True)
        assert status == 0, output
        self.id = output.strip().splitlines()[-1]

    @property
    def cgroup(self):
        """Its cgroup, from its host's subtree on."""
        return f"/pods/libpod-{self.id}"

    def run(self, *applet):
        """Runs a busybox applet in the container; (status, output)."""
        return self.host.run([*PODMAN, "exec", self.name, "/bin/busybox", *map(str, applet)],
                             "..podman", outlives_parent=True)

    def tcp(self, address, port):
        """What a busybox nc in the container sees, in the words of probe.py."""
        status, output = self.run("sh", "-c", f"echo hello | /bin/busybox nc -w 2 {address} {port}")
        if "hello" in output:
            return {"result": "answered", "output": output}
        words = {"Operation not permitted": "refused-by-policy", "refused": "refused",
                 "timed out": "timeout"}
        result = next((r for word, r in words.items() if word in output), f"exit {status}")
        return {"result": result, "output": output}

    def remove_(self):
        # podman gives a killed container little time to end; on a busy machine it asks for a second
        # call.
        remove = [*PODMAN, "rm", "-f", "-t", "0", self.name]
        for _ in range(5):
            done = subprocess.run(remove, check=False, capture_output=True, text=True)
            if done.returncode == 0 or "no such container" in done.stderr:
                return remove_v1_cgroups(self.host.lab.base)
        raise RuntimeError(done.stderr)


def remove_v1_cgroups(base):
    """runc makes the same path in every v1 hierarchy of a hybrid host."""
    for directory in glob.glob(f"/sys/fs/cgroup/*/{base}"):
        cgroup.remove(directory)


def forget(base):
    """Removes the containers and the image of a lab that was killed."""
    listed = subprocess.run([*PODMAN, "ps", "-aq", "--filter", f"name={base}-"], text=True,
                            capture_output=True, check=False).stdout.split()
    for command in (["rm", "-f", "-t", "0", *listed], ["rmi", "-f", f"localhost/{base}:latest"]):
        subprocess.run([*PODMAN, *command], check=False, capture_output=True)
    remove_v1_cgroups(base)
