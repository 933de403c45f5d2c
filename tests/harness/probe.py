#!/usr/bin/python3
"""A small network program with an honest answer: one JSON object per run says what it saw.

    probe.py tcp ADDRESS PORT          connect, send a line, read the echo
    probe.py http ADDRESS PORT         GET /
    probe.py udp ADDRESS PORT          unconnected socket: sendto, wait for the echo
    probe.py udp-connected ADDRESS PORT
    probe.py dns ADDRESS NAME          ask for an A record
    probe.py ping ADDRESS              ICMP or ICMPv6 echo on a ping socket
    probe.py serve PROTOCOL ADDRESS PORT [v6only|dual]   echo server until killed, prints "ready"

result: open (TCP), answered, refused-by-policy (EPERM), refused (RST or ICMP), reset, timeout.
"""

import errno
import json
import select
import socket
import struct
import sys
import time

TIMEOUT = 1.5
NAMES = {errno.EPERM: "refused-by-policy", errno.ECONNREFUSED: "refused",
         errno.ECONNRESET: "reset", errno.EPIPE: "reset", errno.ECONNABORTED: "aborted"}


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def said(result, sock=None, **more):
    local = sock.getsockname()[:2] if sock else None
    return {"result": result, "local": local, **more}


def attempt(sock, conversation):
    sock.settimeout(TIMEOUT)
    start = time.monotonic()
    try:
        answer = conversation(sock)
        outcome = said("answered", sock, answer=answer)
    except socket.timeout:
        outcome = said("timeout", sock)
    except OSError as error:
        outcome = said(NAMES.get(error.errno, errno.errorcode.get(error.errno, "?")), sock)
    return dict(outcome, ms=round((time.monotonic() - start) * 1000, 1))


def tcp(address, port):
    def talk(sock):
        sock.connect((address, int(port)))
        sock.sendall(b"hello\n")
        return sock.recv(100).decode()
    return attempt(socket.socket(family(address), socket.SOCK_STREAM), talk)


def http(address, port):
    def talk(sock):
        sock.connect((address, int(port)))
        sock.sendall(f"GET / HTTP/1.0\r\nHost: {address}\r\n\r\n".encode())
        text = b""
        while part := sock.recv(65536):
            text += part
        return text.decode(errors="replace")
    return attempt(socket.socket(family(address), socket.SOCK_STREAM), talk)


def udp(address, port, payload=b"hello\n", connected=False):
    def talk(sock):
        if connected:
            sock.connect((address, int(port)))
            sock.send(payload)
        else:
            sock.sendto(payload, (address, int(port)))
        data = sock.recv(2000)
        return data if payload != b"hello\n" else data.decode()
    return attempt(socket.socket(family(address), socket.SOCK_DGRAM), talk)


def question(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split("."))
    header = struct.pack("!6H", 0x5257, 0x0100, 1, 0, 0, 0)
    return header + labels + b"\0" + struct.pack("!2H", 1, 1)


def dns(address, name, port=53):
    outcome = udp(address, port, question(name))
    if outcome["result"] == "answered":
        raw = outcome["answer"]
        outcome["answer"] = socket.inet_ntoa(raw[-4:]) if struct.unpack("!H", raw[6:8])[0] else ""
        outcome["rcode"] = raw[3] & 15
    return outcome


def ping(address):
    v6 = ":" in address
    protocol = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP

    def talk(sock):
        sock.sendto(struct.pack("!2B3H", 128 if v6 else 8, 0, 0, 0, 1) + b"ringwall",
                    (address, 0))
        return sock.recv(1000)[0]
    return attempt(socket.socket(family(address), socket.SOCK_DGRAM, protocol), talk)


def listener(protocol, address, port, version=""):
    """A bound (TCP: listening) socket; `v6only` and `dual` say which IPv6 server it is."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    sock = socket.socket(family(address), kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if version:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(version == "v6only"))
    sock.bind((address, int(port)))
    if protocol == "tcp":
        sock.listen(1024)
    return sock


def echo(sock):
    """Serves one bound socket for ever; TCP connections are answered until their end."""
    if sock.type == socket.SOCK_DGRAM:
        while True:
            data, peer = sock.recvfrom(65536)
            sock.sendto(data, peer)
    poll, open_ = select.epoll(), {sock.fileno(): sock}
    poll.register(sock, select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == sock.fileno():
                connection, _ = sock.accept()
                open_[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
            else:
                echo_once(poll, open_, fd)


def echo_once(poll, open_, fd):
    try:
        data = open_[fd].recv(65536)
        if data:
            open_[fd].sendall(data)
            return
    except OSError:
        pass
    poll.unregister(fd)
    open_.pop(fd).close()


def serve(*args):
    sock = listener(*args)
    print("ready", flush=True)
    echo(sock)


COMMANDS = {"tcp": tcp, "http": http, "udp": udp, "dns": dns, "ping": ping, "serve": serve,
            "udp-connected": lambda address, port: udp(address, port, connected=True)}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])), flush=True)
