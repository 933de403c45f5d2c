"""What files and agents say, asked by programs."""

import json
import re
import subprocess
import urllib.request

from story import ANSWERED, REFUSED, SILENT

from harness import kernel, network
from harness.agent import CLI

METRICS = "127.0.0.1:9464"  # in the network of each agent


def ringwall(*arguments):
    done = subprocess.run([CLI, *arguments, "-o", "json"], text=True, capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def computed(path, name):
    """The compute oracle: the snapshot of a workload, from nothing but documents."""
    return ringwall("snapshot", "--policy", path, "--as", name)


def predicted(path, source, destination, port):
    """What the client of a connection sees, by these documents."""
    ends = ringwall("why", source, destination, f"{port}/tcp", "--policy", path)["ends"]
    blocked = {end["direction"] for end in ends if end["verdict"] == "blocked"}
    return REFUSED if "outbound" in blocked else SILENT if "inbound" in blocked else ANSWERED


def policies_applied(agent):
    with kernel.network_namespace(f"{network.NETNS}/{agent.host.netns}"), \
            urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    pattern = r'^ringwall_agent_policy_reloads_total\{result="applied"\} (\d+)$'
    return int(re.search(pattern, text, re.MULTILINE)[1])


def losses(agent):
    """Of flows: on the way to the controller, on the way out of the kernel."""
    status = agent.status()
    return status["controller"]["spool"]["lost"], status["losses"]["kernel_events"]
