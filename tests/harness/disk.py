"""A disk of a few MiB in a lab's directory, full when a test says so."""

import contextlib
import errno
import os

from . import kernel

PAGE = bytes(4096)


class SmallDisk:
    def __init__(self, lab, place, mebibytes):
        self.place = place
        self.ballast_ = f"{place}/ballast"
        os.makedirs(place, exist_ok=True)
        kernel.mount(lab.base, place, "tmpfs", data=f"size={mebibytes}m,mode=0700")
        lab.ledger.add(f"disk {place}", lambda: kernel.unmount(place))

    def fill(self):
        """Not one page is left."""
        with open(self.ballast_, "ab", buffering=0) as file:
            try:
                while file.write(PAGE):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def is_full(self):
        return os.statvfs(self.place).f_bavail == 0

    def make_room(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.ballast_)
