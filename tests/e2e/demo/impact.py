"""What the staged draft would change, as every host's kernel saw it on real connections."""

from harness.lab import wait_until

from demo import report
from demo.connections import CONNECTIONS

SAME, ALLOWED = "same", "newly-allowed"


def stage(world):
    """It ends when the draft is provisioned."""
    world.controller.cli("stage")
    world.controller.settled()


def rows(world):
    """One row for each connection: what changes at its source and at its destination."""
    def all_reported():
        impact = world.controller.json("impact")
        seen = all(change(world, impact, c) == expected(c) for c in CONNECTIONS if c.wanted)
        return impact if seen else None
    try:
        impact = wait_until(all_reported, "the hosts report what the draft changes", 20)
    except AssertionError:
        impact = world.controller.json("impact")
    print(world.controller.cli("impact"), flush=True)
    return [report.impact_row(world, c, expected(c), change(world, impact, c),
                              rules(world, impact, c)) for c in CONNECTIONS]


def expected(connection):
    word = ALLOWED if connection.wanted else SAME
    return f"{word} → {word}"


def change(world, impact, connection):
    words = []
    for subjects, items in ends(world, impact, connection):
        found = {item["subject"]["workload"]: item["change"] for item in items}
        words.append("/".join(sorted({found.get(name, SAME) for name in subjects})))
    return " → ".join(words)


def rules(world, impact, connection):
    return sorted({rule for _, items in ends(world, impact, connection)
                   for item in items for rule in item["draft"]["rules"]})


def ends(world, impact, connection):
    """For source and destination: the hosts there, and what is said of this connection there."""
    sources, destinations = (world.named(p) for p in (connection.sources, connection.destinations))
    for direction, subjects, peers in (("outbound", sources, destinations),
                                       ("inbound", destinations, sources)):
        labels = world.labels(peers[0])
        yield subjects, [item for item in impact["items"]
                         if item["direction"] == direction and item.get("port") == connection.port
                         and item["protocol"] == connection.protocol
                         and item["subject"]["workload"] in subjects
                         and labels in item["peer"].get("labels", [])]
