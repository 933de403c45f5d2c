"""Drives connections and says what was seen: by the client, by the agents at both ends, and by the
controller to which both ends report.

Web servers connect as nginx, which proxies to the app servers; DNS questions and the database
servers' attempts are made by the small client of the harness.
"""

import datetime
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Connection:
    """One of the seed's five: from every source host to every destination host."""
    number: int
    sources: str
    destinations: str
    protocol: str
    port: int

    @property
    def wanted(self):
        return self.number <= 3

    def pairs(self, world):
        return [(s, d) for s in world.named(self.sources) for d in world.named(self.destinations)]


CONNECTIONS = (
    Connection(1, "web-uk-", "dns-uk-1", "udp", 53),
    Connection(2, "web-uk-", "app-uk-", "tcp", 8080),
    Connection(3, "app-uk-", "dns-uk-1", "udp", 53),
    Connection(4, "web-de-", "app-uk-", "tcp", 80),
    Connection(5, "db-de-", "app-uk-", "tcp", 80),
)


@dataclass
class Attempt:
    """One connection attempt and every view of it."""
    source: str
    destination: str
    protocol: str
    port: int
    client: dict = field(default_factory=dict)
    outbound: dict = None  # the source agent's record
    inbound: dict = None   # the destination agent's record; None when cut at the source
    listener: str = ""
    began: float = 0       # Unix time
    ended: float = 0
    ends: dict = field(default_factory=dict)  # end -> verdict, as the controller has it
    missing: str = ""      # the record that never came

    @property
    def verdict(self):
        seen = {end["verdict"] for end in (self.outbound, self.inbound) if end}
        order = ("blocked", "would-block", "unmatched", "allowed")
        return next((v for v in order if v in seen), "not logged")

    @property
    def blocked_at(self):
        if self.outbound and self.outbound["verdict"] == "blocked":
            return "source"
        return "destination" if self.verdict == "blocked" else ""

    def deciding(self):
        """The record whose verdict is the attempt's; empty when nothing was logged."""
        ends = [end for end in (self.outbound, self.inbound) if end]
        return next((end for end in ends if end["verdict"] == self.verdict), {})

    def disagreements(self):
        """What the client saw must be what the agents say."""
        expected = {"source": "refused-by-policy", "destination": "timeout"}.get(
            self.blocked_at, "answered")
        problems = [self.missing] if self.missing else []
        if self.client["result"] != expected:
            problems.append(f"{self.source} -> {self.destination}:{self.port}: agents say "
                            f"{self.verdict} {self.blocked_at}, the client saw "
                            f"{self.client['result']}")
        return problems


def drive(world, attempts):
    """All attempts side by side, then their records."""
    marks = {name: agent.flows.mark() for name, agent in world.agents.items()}
    began = time.time()
    running = [start_client(world, a) for a in attempts]
    for attempt, finish in zip(attempts, running):
        attempt.client = finish()
    for attempt in attempts:
        attempt.began, attempt.ended = began, time.time()
        try:
            collect(world, attempt, marks)
        except AssertionError as error:
            attempt.missing = str(error)


def start_client(world, attempt):
    """Starts the attempt in the program that makes it; calling the result finishes it."""
    host, to = world.hosts[attempt.source], world.address(attempt.destination)
    if attempt.protocol == "tcp" and attempt.source in world.web_servers:
        web = world.web_servers[attempt.source]
        request = web.ask(to, attempt.port)
        return lambda: web.answered(request)
    words = ("http", to, attempt.port)
    if attempt.protocol == "udp":
        words = ("dns", to, "app.payments.example")
    process = host.start_probe(*words, unit=world.client_unit(attempt.source))
    return lambda: host.probed(process)


def collect(world, attempt, marks):
    """The records at both ends. What was cut at its source never met its destination process: then
    the listener from the destination's inventory stands for it."""
    source, destination = attempt.source, attempt.destination
    wanted = {"destination": world.address(destination), "protocol": attempt.protocol,
              "port": attempt.port}
    attempt.outbound = world.agents[source].flows.attempt(attempt.client, marks[source], **wanted)
    if attempt.outbound["verdict"] == "blocked":
        attempt.listener = world.hosts[destination].listener(attempt.protocol, attempt.port)
        return
    attempt.inbound = world.agents[destination].flows.attempt(
        attempt.client, marks[destination], "inbound", source=world.address(source), **wanted)


def confirm(world, attempts):
    """Both ends as the controller has them: agents report what they decided, a little later."""
    for attempt in attempts:
        try:
            if attempt.outbound:
                attempt.ends["source"] = reported(world, attempt, attempt.outbound)
            if attempt.inbound:
                attempt.ends["destination"] = reported(world, attempt, attempt.inbound)
        except AssertionError as error:
            attempt.missing = attempt.missing or f"at the controller: {error}"


def reported(world, attempt, record):
    """The verdict of the controller's row that holds the record. A row sums up what agrees in
    everything but time and client port."""
    def holds(row):
        return (unix_time(row["started"]) <= attempt.ended and
                unix_time(row["time"]) >= attempt.began - 0.001 and
                same_process(row, record))
    return world.fleet_flows.wait(
        15, where=holds, direction=record["direction"], verdict=record["verdict"],
        source=record["source"]["address"], destination=record["destination"]["address"],
        protocol=attempt.protocol, port=attempt.port)["verdict"]


def same_process(row, record):
    return row.process.get("shown") == record.process.get("shown")


def unix_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
