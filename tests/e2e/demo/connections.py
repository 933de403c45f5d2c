"""Drives connections and says what was seen: by the client, and by the agents at both ends."""

from dataclasses import dataclass, field

from demo import payments

GRACE = 5  # seconds until a flow must be in the log


@dataclass(frozen=True)
class Connection:
    """One of the seed's five: from every source host to every destination host."""
    number: int
    sources: str
    destinations: str
    protocol: str
    port: int

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

    @property
    def verdict(self):
        seen = {end["verdict"] for end in (self.outbound, self.inbound) if end}
        return next((v for v in ("blocked", "would-block", "unmatched") if v in seen), "allowed")

    @property
    def blocked_at(self):
        if self.outbound and self.outbound["verdict"] == "blocked":
            return "source"
        return "destination" if self.verdict == "blocked" else ""

    def deciding(self):
        """The record whose verdict is the attempt's."""
        ends = [end for end in (self.outbound, self.inbound) if end]
        return next((end for end in ends if end["verdict"] == self.verdict), ends[0])

    def disagreements(self):
        """What the client saw must be what the agents say."""
        expected = {"source": "refused-by-policy", "destination": "timeout"}.get(
            self.blocked_at, "answered")
        problems = []
        if self.client["result"] != expected:
            problems.append(f"{self.source} -> {self.destination}:{self.port}: agents say "
                            f"{self.verdict} {self.blocked_at}, the client saw "
                            f"{self.client['result']}")
        if not self.blocked_at == "source" and not self.inbound:
            problems.append(f"{self.destination} has no record of {self.source}")
        return problems


def drive(world, pairs, protocol, port):
    """All attempts side by side, then their records."""
    attempts = [Attempt(s, d, protocol, port) for s, d in pairs]
    marks = {name: agent.flows.mark() for name, agent in world.agents.items()}
    running = [start_client(world, a) for a in attempts]
    for attempt, process in zip(attempts, running):
        attempt.client = world.hosts[attempt.source].probed(process)
    for attempt in attempts:
        collect(world, attempt, marks)
    return attempts


def start_client(world, attempt):
    host, to = world.hosts[attempt.source], world.address(attempt.destination)
    unit = payments.CLIENT_UNIT[world.workloads[attempt.source][2]]
    words = ("dns", to, "app.payments.example") if attempt.port == 53 else ("http", to, attempt.port)
    return host.start_probe(*words, unit=unit)


def collect(world, attempt, marks):
    source, to = world.agents[attempt.source], world.address(attempt.destination)
    attempt.outbound = source.flows.wait(
        GRACE, marks[attempt.source], direction="outbound", pid=attempt.client["pid"],
        destination=to, port=attempt.port)
    if attempt.outbound["verdict"] == "blocked":
        attempt.listener = world.hosts[attempt.destination].listener(attempt.protocol, attempt.port)
        return
    attempt.inbound = world.agents[attempt.destination].flows.wait(
        GRACE, marks[attempt.destination], direction="inbound",
        source=world.address(attempt.source), port=attempt.port, protocol=attempt.protocol,
        source_port=attempt.client["local"][1])
