#!/usr/bin/python3
"""The Payments application of the seeds on test hosts: real named, Tomcat and httpd, an agent each.

    web-uk-1 10.0.0.1 ─┐                            ┌─ dns-uk-1 192.168.0.1   named
    web-uk-2 10.0.0.2 ─┤   1 web-uk → dns     53    ├─ dns-uk-2 192.168.0.2   named
                       │   2 web-uk → app   8080    ├─ app-uk-1 10.0.1.5  ┐
                       ├── 3 app-uk → dns     53  ──┼─ app-uk-2 10.0.1.6  ├ tomcat :8080, httpd :80
    web-de-1 10.1.0.1 ─┤   4 web-de → app     80    ├─ app-uk-3 10.0.1.7  ┘
    web-de-2 10.1.0.2 ─┤   5 db-de  → app     80    ├─ db-de-1  10.1.2.1
                       └────────────────────────────┴─ db-de-2  10.1.2.2

1, 2 and 3 are wanted; 4 and 5 are not. First nobody blocks, then everybody does.
Exits 0 when every observation is the expected one.
"""

import argparse
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from demo import report  # noqa: E402
from demo.connections import CONNECTIONS, drive  # noqa: E402
from demo.payments import Payments  # noqa: E402
from harness import daemons  # noqa: E402
from harness.lab import Lab, sweep  # noqa: E402


class Story:
    def __init__(self, world):
        self.world = world
        self.rows = []

    def tell(self, name, mode, expected, pairs, protocol, port, note=""):
        attempts = drive(self.world, pairs, protocol, port)
        row = report.row(name, mode, expected, attempts, self.world, note)
        self.rows.append(row)
        print(report.log_lines(row) + "\n", flush=True)
        for problem in row["problems"]:
            print(f"  DIFFERENCE: {problem}\n", flush=True)

    def connections(self, mode, unwanted, sources=""):
        for c in CONNECTIONS:
            if c.sources.startswith(sources):
                self.tell(f"connection {c.number}", mode, "allowed" if c.wanted else unwanted,
                          c.pairs(self.world), c.protocol, c.port)

    def all_in_visibility(self):
        self.connections("visibility", "would-block")

    def destinations_in_full(self):
        world = self.world
        world.set_modes("full", *world.named("app-uk-"), *world.named("dns-uk-"))
        for sources in ("web-", "db-"):
            self.connections("full, source in visibility", "blocked at destination", sources)

    def all_in_full(self):
        self.world.set_modes("full")
        self.connections("full", "blocked at source")

    def httpd_in_place_of_tomcat(self):
        world = self.world
        world.tomcats["app-uk-1"].stop()
        httpd = daemons.httpd(world.hosts["app-uk-1"], 8080)
        self.tell("httpd on 8080 instead of tomcat", "full", "blocked at destination",
                  [("web-uk-1", "app-uk-1")], "tcp", 8080)
        httpd.stop()

    def an_app_server_is_added(self):
        before = self.world.rules_text
        name = self.world.add_app_server()
        assert self.world.rules_text == before
        self.tell("added app server", "full", "allowed",
                  [(w, name) for w in self.world.named("web-uk-")], "tcp", 8080)

    def a_dns_responder_is_retired(self):
        world = self.world
        self.tell("DNS responder before it is retired", "full", "allowed",
                  [("web-uk-1", "dns-uk-2")], "udp", 53)
        world.roles["dns-uk-2"] = "Retired"
        world.apply()
        self.tell("retired DNS responder, at the source", "full", "blocked at source",
                  [(w, "dns-uk-2") for w in world.named("web-uk-")], "udp", 53)
        world.set_modes("visibility", "web-uk-1")
        self.tell("retired DNS responder, at its own end", "full, source in visibility",
                  "blocked at destination", [("web-uk-1", "dns-uk-2")], "udp", 53)

    def one_app_server_in_full(self):
        world = self.world
        world.set_modes("full", "app-uk-1", others="visibility")
        self.tell("app-uk-1 in full, siblings in visibility", "full", "blocked at destination",
                  [(w, "app-uk-1") for w in world.named("web-de-")], "tcp", 80)
        siblings = [n for n in world.named("app-uk-") if n != "app-uk-1"]
        self.tell("its siblings", "visibility", "would-block",
                  [("web-de-1", n) for n in siblings], "tcp", 80)

    def run(self):
        for chapter in (self.all_in_visibility, self.destinations_in_full, self.all_in_full,
                        self.an_app_server_is_added, self.httpd_in_place_of_tomcat,
                        self.a_dns_responder_is_retired, self.one_app_server_in_full):
            print(f"== {chapter.__name__.replace('_', ' ')}\n", flush=True)
            chapter()


def how_to_look(world):
    agent = world.agents["app-uk-1"]
    host = world.hosts["web-uk-1"]
    return f"""Everything still runs. To look:
  {agent.command('status')}
  {agent.command('flows', '--follow')}
  nsenter --net=/run/netns/{host.netns} curl http://10.0.1.6:8080/
  policy: {world.directory} (edit it; every agent reloads)
To clean up:
  {sys.argv[0]} --clean"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    parser.add_argument("--clean", action="store_true", help="remove what --keep left and exit")
    parser.add_argument("--result", default=str(ROOT / "build/demo/result.json"))
    options = parser.parse_args()
    if options.clean:
        return sweep(kept=True)
    if os.geteuid() != 0:
        parser.error("the demo makes network namespaces and attaches BPF programs: run it as root")
    with Lab("demo", keep=options.keep) as lab:
        world = Payments(lab)
        world.start()
        story = Story(world)
        try:
            story.run()
        finally:
            report.save(options.result, story.rows)
        print(report.table(story.rows))
        if options.keep:
            print(how_to_look(world))
    return 0 if all(row["ok"] for row in story.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
