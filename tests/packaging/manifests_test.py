"""The Kubernetes manifest is whole and asks for no more than the agent needs. That the agent takes
its configuration from a volume is part of install_test.py."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MANIFEST = REPOSITORY / "packaging/kubernetes/agent.yaml"
CLI = os.environ.get("RINGWALL_CLI", str(REPOSITORY / "build/release/control/cli/ringwall"))


class Manifest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        documents = list(yaml.safe_load_all(MANIFEST.read_text("utf-8")))
        cls.kinds = {d["kind"]: d for d in documents}
        assert len(cls.kinds) == len(documents), "one object of each kind is expected"
        cls.pod = cls.kinds["DaemonSet"]["spec"]["template"]["spec"]
        cls.agent = cls.pod["containers"][0]

    def test_every_object_is_complete_and_in_the_namespace(self):
        versions = {"Namespace": "v1", "ServiceAccount": "v1", "ConfigMap": "v1",
                    "ClusterRole": "rbac.authorization.k8s.io/v1",
                    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1", "DaemonSet": "apps/v1"}
        self.assertEqual(versions, {k: d["apiVersion"] for k, d in self.kinds.items()})
        name = self.kinds["Namespace"]["metadata"]["name"]
        for kind in ("ServiceAccount", "ConfigMap", "DaemonSet"):
            self.assertEqual(name, self.kinds[kind]["metadata"]["namespace"], kind)
        for level in ("enforce", "audit", "warn"):
            self.assertEqual("privileged", self.kinds["Namespace"]["metadata"]["labels"][
                f"pod-security.kubernetes.io/{level}"])

    def test_references_between_objects_hold(self):
        daemon_set = self.kinds["DaemonSet"]["spec"]
        labels = daemon_set["template"]["metadata"]["labels"]
        self.assertLessEqual(daemon_set["selector"]["matchLabels"].items(), labels.items())
        account = self.kinds["ServiceAccount"]["metadata"]
        self.assertEqual(account["name"], self.pod["serviceAccountName"])
        binding = self.kinds["ClusterRoleBinding"]
        self.assertEqual(self.kinds["ClusterRole"]["metadata"]["name"], binding["roleRef"]["name"])
        self.assertEqual([{"kind": "ServiceAccount", **account}], binding["subjects"])
        mounted = [m["name"] for m in self.agent["volumeMounts"]]
        self.assertEqual(sorted(mounted), sorted(v["name"] for v in self.pod["volumes"]))
        config = next(v for v in self.pod["volumes"] if v["name"] == "config")
        self.assertEqual(self.kinds["ConfigMap"]["metadata"]["name"], config["configMap"]["name"])

    def test_capabilities_instead_of_privilege(self):
        context = self.agent["securityContext"]
        self.assertEqual({"drop": ["ALL"], "add": ["BPF", "NET_ADMIN", "PERFMON", "SYS_PTRACE",
                                                   "DAC_READ_SEARCH"]}, context["capabilities"])
        self.assertIs(False, context["privileged"])
        self.assertIs(False, context["allowPrivilegeEscalation"])
        self.assertIs(True, context["readOnlyRootFilesystem"])
        self.assertEqual({"pods", "namespaces", "nodes"},
                         set(self.kinds["ClusterRole"]["rules"][0]["resources"]))
        self.assertEqual(["get", "list", "watch"], self.kinds["ClusterRole"]["rules"][0]["verbs"])

    def test_the_node_is_seen_and_a_missing_bpffs_is_not_hidden(self):
        self.assertTrue(self.pod["hostPID"] and self.pod["hostNetwork"])
        mounts = {m["mountPath"]: m for m in self.agent["volumeMounts"]}
        self.assertEqual("HostToContainer", mounts["/sys/fs/bpf"]["mountPropagation"])
        for path in ("/sys/fs/cgroup", "/sys/kernel/btf", "/etc/ringwall"):
            self.assertIs(True, mounts[path]["readOnly"], path)
        self.assertLessEqual({"/var/lib/ringwall", "/run/ringwall"}, set(mounts))
        self.assertNotIn("cpu", self.agent["resources"]["limits"])

    def test_probes_ask_where_the_agent_listens(self):
        listen = self.settings()["metrics-listen"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            http = self.agent[probe]["httpGet"]
            self.assertEqual(listen, f"{http['host']}:{http['port']}", probe)

    def test_it_only_watches(self):
        self.assertEqual("visibility", self.settings()["mode"])

    def test_the_policy_it_carries_is_good(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "policy.yaml")
            file.write_text(self.kinds["ConfigMap"]["data"]["policy.yaml"], encoding="utf-8")
            done = subprocess.run([CLI, "policy", "check", "--strict", file], check=False,
                                  capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def settings(self):
        return yaml.safe_load(self.kinds["ConfigMap"]["data"]["agent.yaml"])


if __name__ == "__main__":
    unittest.main()
