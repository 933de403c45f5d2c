"""Rows of the result: one per connection and mode; as log lines, as a table, as JSON."""

import json
import os

ACTION = {"allowed": "Allow", "would-block": "Allow (would block)", "blocked": "Block",
          "unmatched": "Allow (unmatched)"}


def row(name, mode, expected, attempts, world, note=""):
    """`expected` is a verdict, or "blocked at source" / "blocked at destination"."""
    observed = sorted({observation(a) for a in attempts})
    problems = [p for a in attempts for p in a.disagreements()]
    first = attempts[0]
    deciding = first.deciding()
    return {
        "connection": name, "mode": mode, "expected": expected,
        "observed": ", ".join(observed), "ok": observed == [expected] and not problems,
        "problems": problems, "note": note,
        "source": unique(world.address(a.source) for a in attempts),
        "source_labels": world.labels(first.source),
        "source_process": unique(shown(a.outbound) for a in attempts),
        "destination": unique(world.address(a.destination) for a in attempts),
        "destination_labels": world.labels(first.destination),
        "destination_process": unique(destination_process(a) for a in attempts),
        "protocol": first.protocol, "port": first.port,
        "rule": unique(r for a in attempts for r in a.deciding().get("rules", [])),
        "reason": deciding.get("reason", ""),
        "client": sorted({a.client["result"] for a in attempts}),
        "ends": unique(ends(a) for a in attempts),
        "attempts": len(attempts),
    }


def impact_row(world, connection, expected, observed, rules):
    """What the staged draft changes, in the fields of row()."""
    source, destination = (world.named(p) for p in (connection.sources, connection.destinations))
    return {
        "connection": f"connection {connection.number}, by the staged draft", "mode": "visibility",
        "expected": expected, "observed": observed, "ok": observed == expected, "problems": [],
        "note": "", "source": [world.address(n) for n in source],
        "source_labels": world.labels(source[0]), "source_process": [],
        "destination": [world.address(n) for n in destination],
        "destination_labels": world.labels(destination[0]), "destination_process": [],
        "protocol": connection.protocol, "port": connection.port, "rule": rules, "reason": "",
        "client": [], "ends": [], "attempts": 0,
    }


def observation(attempt):
    return attempt.verdict + (f" at {attempt.blocked_at}" if attempt.blocked_at else "")


def ends(attempt):
    """The controller's view: source → destination; what was cut at its source has no other end."""
    return " → ".join(attempt.ends.get(end, "-") for end in ("source", "destination"))


def unique(values):
    return list(dict.fromkeys(values))


def shown(record):
    return record.process.get("shown", "") if record else ""


def destination_process(attempt):
    return shown(attempt.inbound) or f"{attempt.listener} (listener)"


def context(labels):
    return ", ".join(labels[key] for key in ("role", "app", "env", "loc"))


def log_lines(row_):
    """The seed's traffic log with context."""
    fields = (("Source", ", ".join(row_["source"])),
              ("Source Context", context(row_["source_labels"])),
              ("Source Process", ", ".join(row_["source_process"])),
              ("Destination", ", ".join(row_["destination"])),
              ("Destination Context", context(row_["destination_labels"])),
              ("Destination Process", ", ".join(row_["destination_process"])),
              ("Port", row_["port"]), ("Protocol", row_["protocol"].upper()),
              ("Both ends", ", ".join(row_["ends"])),
              ("Action", ACTION.get(row_["observed"].split(" at ")[0], row_["observed"])))
    title = f"Traffic log, {row_['connection']} ({row_['mode']}):"
    return "\n".join([title, *(f"- {name}: {value}" for name, value in fields)])


def table(rows):
    heads = ("", "connection", "mode", "expected", "observed", "source → destination", "client saw",
             "rule or reason")
    body = [("ok" if r["ok"] else "BAD", r["connection"], r["mode"], r["expected"], r["observed"],
             ", ".join(r["ends"]), ", ".join(r["client"]), ", ".join(r["rule"]) or r["reason"])
            for r in rows]
    widths = [max(len(line[i]) for line in [heads, *body]) for i in range(len(heads))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip()
                     for line in [heads, *body])


def save(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"ok": all(r["ok"] for r in rows), "rows": rows}, file, indent=2)
        file.write("\n")
