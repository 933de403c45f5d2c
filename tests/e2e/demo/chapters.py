"""The story of the demo, chapter by chapter: from nothing in force to everything in full."""

from dataclasses import dataclass, field

from harness import daemons

from demo import impact, report, traffic
from demo.connections import CONNECTIONS, Attempt, confirm, drive

AT_DESTINATION = "full, source in visibility"


@dataclass
class Scene:
    """Connections that are told as one row; `expected` as in report.row."""
    name: str
    mode: str
    expected: str
    note: str
    attempts: list = field(default_factory=list)
    driven: bool = False


class Story:
    def __init__(self, world):
        self.world = world
        self.rows = []
        self.scenes_ = []  # of this chapter
        self.rules_before = None

    def tell(self, name, mode, expected, pairs, protocol, port, note=""):
        attempts = [Attempt(s, d, protocol, port) for s, d in pairs]
        self.scenes_.append(Scene(name, mode, expected, note, attempts))

    def play(self):
        """Drives what was told since the last time, side by side."""
        new = [scene for scene in self.scenes_ if not scene.driven]
        drive(self.world, [a for scene in new for a in scene.attempts])
        for scene in new:
            scene.driven = True

    def connection(self, number, mode, unwanted, destination=None, prefix=""):
        c = CONNECTIONS[number - 1]
        pairs = [(s, d) for s, d in c.pairs(self.world) if destination in (None, s, d)]
        self.tell(f"{prefix}connection {number}", mode, "allowed" if c.wanted else unwanted, pairs,
                  c.protocol, c.port)

    def connections(self, mode, unwanted):
        for c in CONNECTIONS:
            self.connection(c.number, mode, unwanted)

    def show(self):
        """Ends the chapter: what everybody says of it."""
        for scene in self.scenes_:
            confirm(self.world, scene.attempts)
            row = report.row(scene.name, scene.mode, scene.expected, scene.attempts, self.world,
                             scene.note)
            self.rows.append(row)
            print(report.log_lines(row) + "\n", flush=True)
            for problem in row["problems"]:
                print(f"  DIFFERENCE: {problem}\n", flush=True)
        self.scenes_ = []

    # ---- the chapters

    def the_draft_is_staged(self):
        """Nothing is in force; every host judges what really happens by the draft, too."""
        impact.stage(self.world)
        for c in CONNECTIONS:
            self.tell(f"connection {c.number}", "visibility, nothing provisioned", "would-block",
                      c.pairs(self.world), c.protocol, c.port)
        self.play()
        self.show()
        self.rows += impact.rows(self.world)
        self.rows += traffic.rows(self.world)

    def all_in_visibility(self):
        self.world.provision()
        self.connections("visibility", "would-block")

    def one_app_server_in_full(self, name):
        """By address, with its siblings still in visibility; then by process."""
        world = self.world
        world.mode("full", name)
        for c in CONNECTIONS[1:]:
            mode = "full" if c.number == 3 else AT_DESTINATION
            self.connection(c.number, mode, "blocked at destination", name, f"{name}: ")
        siblings = [n for n in world.named("app-uk-") if n > name]
        if siblings:
            self.tell(f"{name} in full, its siblings", "visibility", "would-block",
                      [("web-de-1", n) for n in siblings], "tcp", 80)
        self.httpd_in_place_of_tomcat(name, AT_DESTINATION)
        world.start_tomcat(name)

    def httpd_in_place_of_tomcat(self, name, mode):
        world = self.world
        self.play()  # while it is Tomcat
        world.tomcats[name].stop()
        httpd = daemons.httpd(world.hosts[name], 8080)
        self.tell(f"{name}: httpd on 8080 instead of tomcat", mode, "blocked at destination",
                  [("web-uk-1", name)], "tcp", 8080)
        self.play()
        httpd.stop()

    def everything_in_full(self):
        world = self.world
        world.mode("full", *world.addresses)
        for name in world.named("app-uk-"):
            world.tomcat_ready(name)
        self.connections("full", "blocked at source")
        self.httpd_in_place_of_tomcat("app-uk-1", "full")
        self.rules_before = world.rules()
        world.pair_added()  # it starts while the others are looked at

    def an_app_server_is_added(self):
        world = self.world
        name = world.added_ready()
        assert world.rules() == self.rules_before, "somebody edited a rule"
        self.tell("added app server", "full", "allowed",
                  [(w, name) for w in world.named("web-uk-")], "tcp", 8080,
                  "paired by a ninth line, no rule was touched")

    def the_dns_responder_is_retired(self):
        world = self.world
        world.relabel("dns-uk-1", role="Retired")
        pairs = [(w, "dns-uk-1") for w in world.named("web-uk-")]
        self.tell("retired DNS responder, at the source", "full", "blocked at source", pairs, "udp",
                  53)
        self.play()
        world.mode("visibility", "web-uk-1")
        self.tell("retired DNS responder, at its own end", AT_DESTINATION, "blocked at destination",
                  pairs[:1], "udp", 53)

    def chapters(self):
        yield "the draft is staged", self.the_draft_is_staged
        yield "all in visibility", self.all_in_visibility
        for name in self.world.named("app-uk-"):
            yield f"{name} in full", lambda name=name: self.one_app_server_in_full(name)
        yield "everything in full", self.everything_in_full
        yield "an app server is added", self.an_app_server_is_added
        yield "the DNS responder is retired", self.the_dns_responder_is_retired

    def run(self):
        for title, chapter in self.chapters():
            print(f"== {title}\n", flush=True)
            chapter()
            self.play()
            self.show()
