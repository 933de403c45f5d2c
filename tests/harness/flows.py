"""Flows as they are told: the log of one agent, the stream of a controller. Awaited by inotify."""

import json
import os
import time

from . import kernel


class Flow(dict):
    """One record of the flow log (docs/agent.md), with short words for what tests ask."""

    @property
    def verdict(self):
        return self["verdict"]

    @property
    def process(self):
        """The process at the end that the reporting host knows."""
        end = "source" if self["direction"] == "outbound" else "destination"
        return self[end].get("process", {})

    @property
    def path(self):
        return self.process.get("path", "")

    @property
    def unresolved(self):
        return self.process.get("unresolved", "")

    def brief(self):
        return (f"{self['direction']} {self['verdict']} {self['protocol']} "
                f"{self['source']['address']} -> {self['destination']['address']}:"
                f"{self.get('port', '')} {self['reason']} {','.join(self['rules'])} "
                f"{self.process.get('shown', '')} pid {self.process.get('pid')}")


class FlowLog:
    def __init__(self, path):
        self.path = path
        self.records_ = []
        self.tampering = []  # "tamper" lines, oldest first
        self.offset_ = 0
        self.partial_ = b""

    def records(self):
        """Every flow logged so far, oldest first."""
        if os.path.exists(self.path):
            with open(self.path, "rb") as file:
                file.seek(self.offset_)
                text = file.read()
            self.offset_ += len(text)
            *lines, self.partial_ = (self.partial_ + text).split(b"\n")
            parsed = [json.loads(text) for line in lines if (text := self.text_of_(line))]
            self.tampering += [r["tamper"] for r in parsed if "tamper" in r]
            self.records_ += [Flow(r) for r in parsed if "verdict" in r]
        return self.records_

    @staticmethod
    def text_of_(line):
        return line

    def mark(self):
        """A position: `wait(since=mark)` looks at what is logged from here on."""
        return len(self.records())

    def find(self, since=0, where=None, **wanted):
        return [r for r in self.records()[since:]
                if matches(r, wanted) and (where is None or where(r))]

    def wait(self, seconds=5, since=0, where=None, **wanted):
        """The first flow that matches: port=8080, verdict="blocked", pid=…, source="10.0.0.1"."""
        deadline = time.monotonic() + seconds
        with kernel.DirectoryWatch(os.path.dirname(self.path)) as watch:
            while not (found := self.find(since, where, **wanted)):
                left = deadline - time.monotonic()
                assert left > 0, (f"no flow {wanted} in {self.path} in {seconds} s; there are:\n"
                                  + "\n".join(r.brief() for r in self.records()[since:][-20:]))
                watch.wait(left)
        return found[0]

    def wait_tampering(self, since, seconds):
        """The first report of tampering after the first `since` ones."""
        deadline = time.monotonic() + seconds
        with kernel.DirectoryWatch(os.path.dirname(self.path)) as watch:
            while self.records() is not None and len(self.tampering) <= since:
                left = deadline - time.monotonic()
                assert left > 0, f"no tampering reported in {self.path} in {seconds} s"
                watch.wait(left)
        return self.tampering[since]

    def attempt(self, outcome, since=0, direction="outbound", **wanted):
        """The record of one probe's attempt. A deny that repeats an earlier one of the same program
        and peer is only counted there: for a blocked probe that record is the answer."""
        blocked = outcome["result"] in ("refused-by-policy", "timeout")

        def is_it(record):
            # A socket refused at connect may have no port yet; ICMP has none.
            ports = {outcome["local"][1]} | ({0, None} if direction == "outbound" else set())
            own = record["source"].get("port") in ports
            if direction == "outbound":
                own = own and record.process.get("pid") == outcome["pid"]
            return own or (blocked and record["kind"] == "deny" and record["total"] > 1)

        return self.wait(since=since, where=is_it, direction=direction, **wanted)


class FlowStream(FlowLog):
    """Server-sent events of GET /api/v1/flows?follow=true, as curl wrote them into a file."""

    EVENT = b"data: "

    @staticmethod
    def text_of_(line):
        event = FlowStream.EVENT
        return line[len(event):] if line.startswith(event) else b""


def matches(record, wanted):
    facts = {"source": record["source"]["address"], "pid": record.process.get("pid"),
             "destination": record["destination"]["address"], "path": record.path,
             "source_port": record["source"].get("port")}
    return all(facts.get(key, record.get(key)) == value for key, value in wanted.items())
