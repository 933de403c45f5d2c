"""What a snapshot says (`ringwall snapshot`, control/proto/policy.proto), without what may differ
between two that say the same: counters, numbers of identities, order, identities nobody is named by.
"""

import json


def meaning(snapshot):
    return Reading(snapshot).all()


class Reading:
    def __init__(self, snapshot):
        self.policy_ = snapshot.get("policy", {})
        inventory = snapshot.get("inventory", {})
        self.rows_ = inventory.get("addresses", [])
        self.keys_ = {row["id"]: self.key_(row) for row in inventory.get("identities", [])}

    @staticmethod
    def key_(identity):
        return {"labels": identity.get("labels", {}), "workload": identity.get("workload", ""),
                "managed": identity.get("managed", False)}

    def all(self):
        subjects = self.policy_.get("subjects", [])
        named = {address for subject in subjects for address in self.named_by_(subject)}
        return {"subjects": [self.subject_(subject) for subject in subjects],
                "lists": in_order(self.policy_.get("lists", [])),
                "addresses": {row["address"]: self.owners_(row) for row in self.rows_
                              if row["address"] in named}}

    def subject_(self, subject):
        return {"workload": subject["workload"], "mode": subject["mode"],
                "cgroup": subject.get("cgroup", ""), "who": self.keys_[subject["identity"]],
                "addresses": sorted(subject.get("addresses", [])),
                "rules": in_order(self.rule_(rule) for rule in subject.get("rules", []))}

    def rule_(self, rule):
        peers = rule.get("peers", {})
        return dict(rule, services=in_order(rule.get("services", [])),
                    peers={"any": peers.get("any", False), "lists": sorted(peers.get("lists", [])),
                           "all": peers.get("all_workloads", False),
                           "addresses": sorted(self.addresses_(peers))})

    def addresses_(self, peers):
        wanted = set(peers.get("identities", []))
        return {row["address"] for row in self.rows_
                if peers.get("all_workloads") or wanted & set(row["identities"])}

    def named_by_(self, subject):
        yield from subject.get("addresses", [])
        for rule in subject.get("rules", []):
            yield from self.addresses_(rule.get("peers", {}))

    def owners_(self, row):
        return {"host": row.get("host", ""), "workloads": sorted(row.get("workloads", [])),
                "who": in_order(self.keys_[number] for number in row["identities"])}


def in_order(values):
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))
