#!/usr/bin/python3
"""Resident memory of the real agent by number of peers; adds rows to the report of ringwall-bench."""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.agent import Agent  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.policy import Policy, allow, document, service  # noqa: E402

BUDGET_MIB = 25  # with 10,000 peers


def resident(agent):
    """MiB of an agent that has applied its policy."""
    with open(f"/proc/{agent.process.pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["VmRSS"].split()[0]) / 1024


def measure(peers):
    """The agent of one host in `full` mode: peers in 50 label sets, two rules with port ranges."""
    with Lab("resident") as lab:
        host = lab.host("me", "10.0.0.1")
        policy = Policy(lab)
        policy.workload("me", "10.0.0.1", labels={"role": "App", "app": "Pay"})
        for i in range(peers):
            address = f"10.{2 + i // 65536}.{i // 256 % 256}.{i % 256}"
            policy.workloads[f"w{i}"] = document(
                "Workload", f"w{i}", addresses=[address], managed=False,
                labels={"role": "Web", "app": "Pay", "loc": f"L{i % 50}"})
        policy.rules(allow("web", {"role": "Web"}, {"role": "App"}, service("tcp/8080")),
                     allow("back", {"role": "App"}, {"role": "Web"}, service("tcp/9000")))
        policy.save()
        return resident(Agent(host, policy.directory))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--report", required=True, help="JSON that ringwall-bench wrote")
    report = pathlib.Path(options.parse_args().report)
    written = json.loads(report.read_text(encoding="utf-8"))
    print(f"\n{'agent-resident':28} {'MiB':>12}")
    for peers in (10, 10_000, 100_000):
        mib = measure(peers)
        print(f"{peers:<28} {mib:12.1f}")
        written["rows"].append({"load": "agent-resident", "path": "agent", "mode": "full",
                                "peers": peers, "unit": "MiB", "value": round(mib, 1),
                                "budget": BUDGET_MIB if peers == 10_000 else None})
    report.write_text(json.dumps(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
