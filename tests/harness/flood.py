#!/usr/bin/python3
"""Opens connections that stop in the middle of their TLS handshake, and holds them.

    flood.py ADDRESS PORT COUNT    an address of this host; each from another one of 127.0.0.0/8

Prints "open N" when so many are connected or were, then waits for the end of its input. Connections
that the server closes are opened again, so that there are COUNT of them all the time.
"""

import resource
import selectors
import socket
import ssl
import sys


def half_a_hello():
    """The first half of a real ClientHello."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing,
                                                   server_hostname="controller")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    return hello[:len(hello) // 2]


def address(number):
    return f"127.{10 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


class Flood:
    def __init__(self, server, count):
        self.server_ = server
        self.hello_ = half_a_hello()
        self.selector_ = selectors.DefaultSelector()
        self.selector_.register(sys.stdin, selectors.EVENT_READ)
        self.seen_ = set()
        self.count_ = count
        for number in range(count):
            self.open_(number)

    def open_(self, number):
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((address(number), 0))
        sock.connect_ex(self.server_)
        self.selector_.register(sock, selectors.EVENT_WRITE, number)

    def run(self):
        while True:
            for key, events in self.selector_.select():
                if key.fileobj is sys.stdin:
                    return
                self.serve_(key.fileobj, key.data, events)

    def serve_(self, sock, number, events):
        try:
            if events & selectors.EVENT_WRITE:
                sock.send(self.hello_)
                self.selector_.modify(sock, selectors.EVENT_READ, number)
                if number not in self.seen_:
                    self.seen_.add(number)
                    if len(self.seen_) == self.count_:
                        print(f"open {self.count_}", flush=True)
                return
            if sock.recv(4096):
                return
        except OSError:
            pass
        self.selector_.unregister(sock)
        sock.close()
        self.open_(number)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Flood((sys.argv[1], int(sys.argv[2])), int(sys.argv[3])).run()
