#!/usr/bin/python3
"""Many connections of one program, counted exactly: what a test of "nothing is lost" needs.

    many.py hold ADDRESS PORT=N…   opens N connections to each port, then asks and answers on each
                                   in turn without end; prints "open", then on "report" a JSON line,
                                   on "stop" a last one
    many.py dial ADDRESS PORT…     connects, asks, reads, closes on each port in turn without end;
                                   prints "open" after the first round; "report", "stop" as above

Report: {PORT: {"open": now, "asked": n, "answered": n, "ended": {error: n}}}. A question is only
asked after the answer before, so on a connection that lives asked == answered at "stop".
"""

import errno
import json
import select
import socket
import sys

import probe


class Tally(dict):
    def __init__(self):
        super().__init__(open=0, asked=0, answered=0, ended={})

    def end(self, error):
        name = errno.errorcode.get(error, str(error)) if error else "EOF"
        self["ended"][name] = self["ended"].get(name, 0) + 1


def commanded():
    """The next command on standard input, or nothing."""
    if select.select([sys.stdin], [], [], 0)[0]:
        return sys.stdin.readline().strip() or "stop"
    return ""


def report(tallies):
    print(json.dumps(tallies), flush=True)


def connect(address, port, seconds):
    sock = socket.socket(probe.family(address), socket.SOCK_STREAM)
    sock.settimeout(seconds)
    sock.connect((address, port))
    return sock


def hold(address, *wishes):
    tallies, connections = {}, {}
    poll = select.epoll()
    for wish in wishes:
        port, _, count = wish.partition("=")
        tally = tallies[port] = Tally()
        for _ in range(int(count)):
            sock = connect(address, int(port), 10)
            connections[sock.fileno()] = (sock, tally)
            poll.register(sock, select.EPOLLIN)
            tally["open"] += 1
            ask(sock, tally)
    print("open", flush=True)
    command = ""
    while command != "stop":
        for fd, _ in poll.poll(0.05):
            answer(poll, connections, fd)
        command = commanded()
        if command:
            if command == "stop":
                drain(poll, connections)
            report(tallies)


def ask(sock, tally):
    sock.sendall(b"question\n")
    tally["asked"] += 1


def answer(poll, connections, fd, again=True):
    sock, tally = connections[fd]
    try:
        text = sock.recv(100)
        if text:
            tally["answered"] += 1
            if again:
                ask(sock, tally)
            return
        error = 0
    except OSError as failure:
        error = failure.errno
    tally.end(error)
    tally["open"] -= 1
    poll.unregister(fd)
    connections.pop(fd)[0].close()


def drain(poll, connections):
    """Reads the answers that are still on their way; asks nothing more."""
    waiting = set(connections)
    while waiting and (ready := poll.poll(3)):
        for fd, _ in ready:
            if fd in connections:
                answer(poll, connections, fd, again=False)
            waiting.discard(fd)


def dial(address, *ports):
    tallies = {port: Tally() for port in ports}
    first, command = True, ""
    while command != "stop":
        for port in ports:
            dial_once(address, int(port), tallies[port])
        if first:
            print("open", flush=True)
            first = False
        command = commanded()
        if command:
            report(tallies)


def dial_once(address, port, tally):
    tally["asked"] += 1
    try:
        sock = connect(address, port, 1)
        sock.sendall(b"question\n")
        if sock.recv(100):
            tally["answered"] += 1
        sock.close()
    except socket.timeout:
        tally.end(errno.ETIMEDOUT)
    except OSError as failure:
        tally.end(failure.errno)


if __name__ == "__main__":
    {"hold": hold, "dial": dial}[sys.argv[1]](*sys.argv[2:])
