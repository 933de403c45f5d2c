"""Policy as a test writes it: workloads, rules in one line each, one file replaced in one step."""

import json

API = "ringwall/v1"


def document(kind, name, **spec):
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def service(text, **process):
    """"tcp/8080", "udp/53", "icmp", "tcp"; keywords are the destination's process."""
    proto, _, port = text.partition("/")
    made = {"proto": proto}
    if port:
        made["ports"] = [int(port)]
    return dict(made, process=process) if process else made


def allow(name, source, destination, *services, action="allow", scope="extra"):
    return {"name": name, "action": action, "scope": scope, "from": as_list(source),
            "to": as_list(destination), "services": list(services)}


def payments(controller, *rules):
    """The documents of a small fleet: its rules, and its controller, which everybody may reach."""
    everybody = allow("controller", {"all": True}, {"list": "controller"}, service("tcp/8443"))
    return [document("AddressList", "controller", cidrs=[controller]),
            document("RuleSet", "payments", rules=[*rules, everybody])]


def text_of(documents):
    """As one file."""
    return "".join(f"---\n{json.dumps(d)}\n" for d in documents)


def as_list(selector):
    return selector if isinstance(selector, list) else [selector]


def role(name):
    return {"role": name}


class Policy:
    """Workloads by name, rule sets by name; `save` gives it to every agent that reads it."""

    def __init__(self, lab, name="policy"):
        self.lab_ = lab
        self.name_ = name
        self.workloads = {}
        self.rule_sets = {}
        self.extra = []
        self.directory = f"{lab.directory}/{name}"

    def workload(self, name, *addresses, mode="full", labels=None, **spec):
        self.workloads[name] = document(
            "Workload", name, labels=labels or {"role": name}, addresses=list(addresses), mode=mode,
            **spec)

    def hosts(self, *hosts, mode="full"):
        """Every host a workload of its own name and role."""
        for host in hosts:
            self.workload(host.name, *host.addresses, mode=mode)

    def mode(self, mode, *names):
        for name in names or self.workloads:
            self.workloads[name]["spec"]["mode"] = mode

    def rules(self, *rules, rule_set="test", scopes=None):
        spec = {"rules": list(rules)}
        if scopes:
            spec["scopes"] = scopes
        self.rule_sets[rule_set] = document("RuleSet", rule_set, **spec)

    def text(self):
        documents = [*self.workloads.values(), *self.rule_sets.values(), *self.extra]
        return "".join("---\n" + json.dumps(d, indent=1) + "\n" for d in documents)

    def save(self):
        self.lab_.write(f"{self.name_}/policy.yaml", self.text())
        return self.directory
