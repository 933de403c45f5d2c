"""The policy directory of the demo, as a Git repository would hold it: the rule sets of
docs/examples/payments, and a pairing profile for each kind of host."""

import json
import os

from harness.policy import document

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
EXAMPLE = os.path.join(ROOT, "docs/examples/payments")


def rule_sets():
    """File name -> text, as the example has it. Its workloads are left out: these hosts pair."""
    files = {}
    for name in sorted(os.listdir(EXAMPLE)):
        with open(os.path.join(EXAMPLE, name), encoding="utf-8") as file:
            text = file.read()
        if name.endswith(".yaml") and "kind: Workload" not in text:
            files[name] = text
    assert any("kind: RuleSet" in text for text in files.values()), f"no rule set in {EXAMPLE}"
    return files


def profiles(labels):
    """`labels` by profile. Hosts start in visibility and may not choose labels themselves."""
    documents = [document("PairingProfile", name, labels=of_hosts, mode="visibility",
                          locked=sorted(of_hosts)) for name, of_hosts in labels.items()]
    return "".join("---\n" + json.dumps(d, indent=1) + "\n" for d in documents)


def write(lab, labels):
    """Returns the directory."""
    for name, text in rule_sets().items():
        lab.write(f"git/{name}", text)
    lab.write("git/pairing.yaml", profiles(labels))
    return f"{lab.directory}/git"


def text(directory):
    """Everything that is in it."""
    parts = []
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            parts.append(file.read())
    return "".join(parts)
