"""What a test made and must take back: on success, on failure, on a signal, at exit.

Entries are undone in reverse order and every undo runs even when another fails. The process that
made the ledger is the only one that undoes it, so forked children may exit as they like.
"""

import atexit
import os
import signal
import sys
import traceback


class Ledger:
    def __init__(self):
        self.entries_ = []
        self.owner_ = os.getpid()
        self.keep = False
        self.failures = []
        atexit.register(self.undo)
        self.former_ = {s: signal.signal(s, self.on_signal_)
                        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}

    def add(self, what, undo):
        self.entries_.append((what, undo))

    def undo(self):
        if os.getpid() != self.owner_ or self.keep:
            return
        while self.entries_:
            what, undo = self.entries_.pop()
            try:
                undo()
            except Exception as error:  # the rest must still be undone
                self.failures.append(f"{what}: {error}")
                traceback.print_exc()

    def close(self):
        """Undoes everything and gives the signals back."""
        self.undo()
        atexit.unregister(self.undo)
        for number, former in self.former_.items():
            signal.signal(number, former)

    def on_signal_(self, number, _frame):
        if os.getpid() == self.owner_:
            print(f"signal {number}: cleaning up", file=sys.stderr)
            self.undo()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
