"""Policy from traffic: what the map makes of the five connections, and the rules it proposes."""

from harness.lab import wait_until

from demo import report
from demo.connections import CONNECTIONS

# Only the application's own connections, and of these the wanted ones: as its owner would say it.
APPLICATION = "(port=53 to.app=\"DNS Infrastructure\" or to.app=Payments port=80,8080)"
WANTED = f"{APPLICATION} not from.loc=Germany"
PROCESS = {53: {"unit": "named.service"}, 8080: {"unit": "tomcat10.service"}}


def rows(world):
    """The map shows all five; the proposal is the seeds' three rules, process included."""
    keys = "role,app,env,loc"

    def seen():
        edges = world.controller.json("map", APPLICATION, "--group", keys)["edges"]
        found = {(e["source"], e["destination"], s["port"]) for e in edges for s in e["services"]}
        return edges if found == {edge(world, c) for c in CONNECTIONS} else None
    wait_until(seen, "the map shows the five connections and no others", 20)
    print(world.controller.cli("map", APPLICATION, "--group", keys), flush=True)
    proposal = world.controller.json("propose", WANTED)
    print(world.controller.cli("propose", WANTED), flush=True)
    proposed = {key: name for rule_set in proposal["rule_sets"]
                for key, name in rules(rule_set)}
    out = []
    for c in CONNECTIONS:
        name = proposed.pop(rule(world, c), None)
        row = report.impact_row(world, c, "proposed" if c.wanted else "not proposed",
                                "proposed" if name else "not proposed", [name] if name else [])
        out.append(dict(row, connection=f"connection {c.number}, by its traffic"))
    if proposed:  # something that nobody wanted
        out[-1].update(ok=False, problems=[f"proposed as well: {', '.join(proposed.values())}"])
    return out


def node(labels):
    return ",".join(f"{key}={labels[key]}" for key in ("role", "app", "env", "loc"))


def edge(world, c):
    source, destination = (world.labels(world.named(p)[0]) for p in (c.sources, c.destinations))
    return node(source), node(destination), c.port


def frozen(labels):
    return tuple(sorted(labels.items()))


def rule(world, c):
    """The one rule that says no more than this connection."""
    source, destination = (world.labels(world.named(p)[0]) for p in (c.sources, c.destinations))
    scope = {key: value for key, value in destination.items() if key != "role"}
    inside = all(source[key] == value for key, value in scope.items())
    return (frozen(scope), frozen({"role": source["role"]} if inside else source),
            frozen({"role": destination["role"]}), c.protocol, c.port,
            frozen(PROCESS.get(c.port, {})))


def rules(rule_set):
    """(as rule() has it, name) of a proposed rule set."""
    spec = rule_set["spec"]
    for each in spec["rules"]:
        service = each["services"][0]
        yield ((frozen(spec["scopes"][0]), frozen(each["from"][0]), frozen(each["to"][0]),
                service["proto"], service["ports"][0], frozen(service["process"])),
               f"{rule_set['metadata']['name']}/{each['name']}")
