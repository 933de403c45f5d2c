"""The policy of the demo: the rule sets of docs/examples/payments, workloads from the lab."""

import json
import os

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
EXAMPLE = os.path.join(REPOSITORY, "docs/examples/payments")


def text():
    """Every document of the example that is not a workload, as it is written there."""
    documents = []
    for name in sorted(os.listdir(EXAMPLE)):
        if name.endswith((".yaml", ".yml")):
            with open(os.path.join(EXAMPLE, name), encoding="utf-8") as file:
                documents += ("\n" + file.read()).split("\n---")
    kept = [d for d in documents if "kind:" in d and "kind: Workload" not in d]
    assert kept, f"no rule set in {EXAMPLE}"
    return "".join("---\n" + d.strip("\n") + "\n" for d in kept)


def as_yaml(documents):
    """Documents in YAML's JSON form."""
    return "".join("---\n" + json.dumps(d, indent=1) + "\n" for d in documents)
