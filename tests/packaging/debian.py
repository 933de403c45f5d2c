"""A clean Debian 12 to install into: made once by debootstrap, then a fresh overlay for every use.

The cache also keeps the package lists and what our packages depend on, so only the first use asks
a mirror. A package that gains a dependency makes it ask again.
"""

import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import kernel  # noqa: E402
from harness.process import Process  # noqa: E402

SUITE = "bookworm"
IMAGE_ONLY = ["systemd-standalone-sysusers"]  # packaging/oci/Containerfile, in place of systemd
MIRROR = "http://deb.debian.org/debian"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}


def run(argv, check=True, **options):
    """Runs a command to its end; AssertionError with its output when it fails."""
    done = subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}")
    return done


def cached_root(cache, packages):
    """The directory of a root that has everything `packages` need but themselves."""
    root = f"{cache}/{SUITE}"
    os.makedirs(cache, exist_ok=True)
    if not os.path.isdir(root):
        shutil.rmtree(f"{root}.new", ignore_errors=True)
        run(["debootstrap", "--variant=minbase", SUITE, f"{root}.new", MIRROR])
        configure_apt(f"{root}.new")
        os.rename(f"{root}.new", root)
    wanted = "".join(run(["dpkg-deb", "-f", p, "Depends", "Recommends"]).stdout
                     for p in sorted(packages))
    stamp = f"{cache}/{SUITE}.depends"
    if not os.path.exists(stamp) or pathlib.Path(stamp).read_text(encoding="utf-8") != wanted:
        fill_archive(root, packages)
        pathlib.Path(stamp).write_text(wanted, encoding="utf-8")
    return root


def configure_apt(root):
    """Debian's sources and this machine's way to a mirror; downloads are kept."""
    pathlib.Path(f"{root}/etc/apt/sources.list").write_text(
        f"deb {MIRROR} {SUITE} main\n"
        f"deb {MIRROR} {SUITE}-updates main\n"
        f"deb {MIRROR}-security {SUITE}-security main\n", encoding="utf-8")
    way = run(["apt-config", "dump"]).stdout.splitlines()
    pathlib.Path(f"{root}/etc/apt/apt.conf.d/90test").write_text("".join(
        f"{line}\n" for line in [*(w for w in way if w.startswith("Acquire::http")),
                                 'APT::Keep-Downloaded-Packages "true";',
                                 'Acquire::Languages "none";']), encoding="utf-8")
    pathlib.Path(f"{root}/etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n",
                                                                   encoding="utf-8")
    shutil.copy("/etc/resolv.conf", f"{root}/etc/resolv.conf")


def fill_archive(root, packages):
    for package in packages:
        shutil.copy(package, f"{root}/tmp")
    names = [f"/tmp/{os.path.basename(p)}" for p in packages]
    enter = ["chroot", root, "apt-get", "-qq"]
    try:
        run([*enter, "update"], env=ENVIRONMENT)
        for wanted in (names, IMAGE_ONLY):
            run([*enter, "install", "--download-only", "-y", *wanted], env=ENVIRONMENT)
    finally:
        for name in names:
            os.remove(root + name)


class Debian:
    """An overlay of the cached root with /proc, /sys, the cgroup v2 tree and a bpffs of its own."""

    def __init__(self, ledger, cache, packages):
        self.ledger_ = ledger
        self.directory = tempfile.mkdtemp(prefix="ringwall-packaging-")
        ledger.add(self.directory, self.remove_)
        self.root = f"{self.directory}/root"
        for name in ("root", "upper", "work"):
            os.mkdir(f"{self.directory}/{name}")
        lower = cached_root(cache, packages)
        kernel.mount("overlay", self.root, "overlay", data=f"lowerdir={lower},upperdir="
                     f"{self.directory}/upper,workdir={self.directory}/work")
        kernel.mount("proc", f"{self.root}/proc", "proc")
        kernel.mount("sysfs", f"{self.root}/sys", "sysfs")
        kernel.mount("cgroup2", f"{self.root}/sys/fs/cgroup", "cgroup2")
        kernel.mount("bpf", f"{self.root}/sys/fs/bpf", "bpf")
        kernel.mount("devices", f"{self.root}/dev", "tmpfs")
        for device, number in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
            os.mknod(f"{self.root}/dev/{device}", 0o666 | 0o020000, os.makedev(1, number))
            os.chmod(f"{self.root}/dev/{device}", 0o666)

    def path(self, inside):
        return pathlib.Path(self.root + str(inside))

    def exists(self, pattern):
        """What matches, as seen from inside."""
        return sorted(p.removeprefix(self.root) for p in glob.glob(self.root + pattern))

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def run(self, *argv, check=True, environment=()):
        return run(["chroot", self.root, *argv], check=check,
                   env=dict(ENVIRONMENT, **dict(environment)))

    def apt(self, *arguments):
        """apt, without asking a mirror; its output."""
        return self.run("apt-get", "-y", "-o", "Dpkg::Use-Pty=0", *arguments).stdout

    def install(self, packages):
        """apt install ./*.deb of copies in the root's home."""
        shutil.rmtree(self.path("/root/packages"), ignore_errors=True)
        self.path("/root/packages").mkdir()
        for package in packages:
            shutil.copy(package, self.path("/root/packages"))
        return self.run("sh", "-c", "cd /root/packages && apt-get -y -o Dpkg::Use-Pty=0 "
                                    "install ./*.deb").stdout

    def start(self, *argv, cgroup=None, environment=()):
        """A program inside, a child of this process."""
        process = Process(["chroot", self.root, *argv], cgroup=cgroup,
                          log=f"{self.directory}/{os.path.basename(argv[0])}.log",
                          env=dict(ENVIRONMENT, **dict(environment)))
        self.ledger_.add(f"process {process.pid}", process.release)
        return process

    def remove_(self):
        for point in kernel.mounted_below(self.directory):
            kernel.unmount(point)
        shutil.rmtree(self.directory)
