"""The wire: one router namespace with a bridge; every host is a namespace with one veth into it.

    host-a [eth0]──┐
    host-b [eth0]──┤ br0 (router: .254 of every /24, ::fe of every /64) and routes between them
    host-c [eth0]──┘
"""

import ipaddress
import os
import subprocess

from . import kernel

NETNS = "/run/netns"


def ip(*commands, netns=None):
    """Runs `ip` commands (one per string) in a namespace, as one batch."""
    where = ["-n", netns] if netns else []
    done = subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(commands), text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(where)}: {done.stderr.strip()}\n" + "\n".join(commands))


def set_kernel_parameters(netns, parameters):
    with kernel.network_namespace(f"{NETNS}/{netns}"):
        for name, value in parameters.items():
            with open(f"/proc/sys/net/{name}", "w", encoding="ascii") as file:
                file.write(str(value))


def gateway(interface):
    """The router's address in a host's subnet."""
    network = interface.network
    return network[254]


def as_interface(address):
    """10.0.0.1 stands for 10.0.0.1/24, fd00::1 for fd00::1/64."""
    if "/" in address:
        return ipaddress.ip_interface(address)
    return ipaddress.ip_interface(f"{address}/{24 if '.' in address else 64}")


class Network:
    def __init__(self, prefix, ledger):
        self.prefix_ = prefix
        self.ledger_ = ledger
        self.count_ = 0
        self.gateways_ = set()
        self.router = self.namespace("router")
        set_kernel_parameters(self.router, {
            "ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1,
            "ipv4/conf/all/send_redirects": 0, "ipv4/conf/default/send_redirects": 0,
            "ipv6/conf/default/accept_dad": 0})
        # An address of its own: a bridge without one takes its ports' lowest, which changes when a
        # host is added, and every neighbour entry for the gateway is wrong.
        ip("link add br0 address 02:00:00:00:00:fe type bridge mcast_snooping 0",
           "link set br0 up", netns=self.router)

    def namespace(self, name):
        full = f"{self.prefix_}-{name}"
        subprocess.run(["ip", "netns", "add", full], check=True)
        self.ledger_.add(f"namespace {full}", lambda: delete_namespace(full))
        # A notification socket holds all that a test never reads: at 10, the usual, its agent stops.
        set_kernel_parameters(full, {"ipv4/ping_group_range": "0 2147483647",
                                     "unix/max_dgram_qlen": 100_000})
        ip("link set lo up", netns=full)
        return full

    def attach(self, netns, addresses):
        """A veth from a host's namespace to the bridge, with addresses and default routes."""
        self.count_ += 1
        port = f"h{self.count_}"
        set_kernel_parameters(netns, {"ipv6/conf/default/accept_dad": 0})
        ip(f"link add {port} type veth peer name eth0 netns {netns}",
           f"link set {port} master br0 up", netns=self.router)
        interfaces = [as_interface(a) for a in addresses]
        for interface in interfaces:
            self.add_gateway_(interface)
        families = {i.version: i for i in interfaces}
        ip("link set eth0 up",
           *(f"address add {i} dev eth0 {'nodad' if i.version == 6 else ''}" for i in interfaces),
           *(f"route add {'::' if version == 6 else '0.0.0.0'}/0 via {gateway(i)}"
             for version, i in families.items()),
           netns=netns)

    def cut(self, one, other):
        """From now on nothing passes between two addresses of different subnets, and nobody says
        why: the router drops it."""
        ip(*between(one, other, "add"), netns=self.router)

    def heal(self, one, other):
        ip(*between(one, other, "delete"), netns=self.router)

    def add_gateway_(self, interface):
        address = f"{gateway(interface)}/{interface.network.prefixlen}"
        if address in self.gateways_:
            return
        self.gateways_.add(address)
        nodad = "nodad" if interface.version == 6 else ""
        ip(f"address add {address} dev br0 {nodad}", netns=self.router)


def between(one, other, what):
    return [f"rule {what} from {source} to {destination} blackhole"
            for source, destination in ((one, other), (other, one))]


def delete_namespace(name):
    if os.path.exists(f"{NETNS}/{name}"):
        subprocess.run(["ip", "netns", "delete", name], check=True)
