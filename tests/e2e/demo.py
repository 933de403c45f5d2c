#!/usr/bin/python3
"""The Payments application of the seeds: eight hosts, an agent each, one controller, real daemons.

    web-uk-1 10.0.0.1 ─┐                            ┌─ dns-uk-1 192.168.0.1   named
    web-uk-2 10.0.0.2 ─┤   1 web-uk → dns     53    ├─ app-uk-1 10.0.1.5  ┐
                       │   2 web-uk → app   8080    ├─ app-uk-2 10.0.1.6  ├ tomcat :8080, httpd :80
                       ├── 3 app-uk → dns     53  ──┼─ app-uk-3 10.0.1.7  ┘
    web-de-1 10.1.0.1 ─┤   4 web-de → app     80    │
    db-de-1  10.1.2.1 ─┘   5 db-de  → app     80    └─ head     10.9.0.1      ringwall-controller

1, 2 and 3 are wanted; 4 and 5 are not. A policy directory is applied, the hosts pair, the draft is
staged and provisioned; then the app servers go to full one by one, then everybody.
Exits 0 when every observation is the expected one.
"""

import argparse
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from demo import report  # noqa: E402
from demo.chapters import Story  # noqa: E402
from demo.payments import Payments  # noqa: E402
from harness.lab import Lab, sweep  # noqa: E402


def how_to_look(world):
    agent = world.agents["app-uk-1"]
    host = world.hosts["web-uk-1"]
    return f"""Everything still runs. To look:
  {world.controller.command('agents')}
  {agent.command('flows', '--follow')}
  nsenter --net=/run/netns/{host.netns} curl http://10.0.1.6:8080/
  policy: {world.directory} (edit it, then `apply -f` and `provision`)
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
