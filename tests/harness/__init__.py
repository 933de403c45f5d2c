"""Test hosts on one machine: network namespace + cgroup subtree + real daemons + an agent each."""
