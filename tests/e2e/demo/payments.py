"""The Payments application: who is where, running which real daemon, under which controller."""

from harness import daemons
from harness.controller import Controller, PairedAgent

from demo import repository

UK, GERMANY = "UK", "Germany"
WEB, APP, DATABASE, DNS = "Web Server", "App Server", "Database Server", "DNS Responder"


def labels_(role, loc, app="Payments"):
    return {"role": role, "app": app, "env": "Production", "loc": loc}


# Profile -> what its hosts are labelled with when they pair.
LABELS = {"web-uk": labels_(WEB, UK), "app-uk": labels_(APP, UK),
          "dns-uk": labels_(DNS, UK, "DNS Infrastructure"),
          "web-de": labels_(WEB, GERMANY), "db-de": labels_(DATABASE, GERMANY)}
ADDRESSES = {"web-uk-1": "10.0.0.1", "web-uk-2": "10.0.0.2", "app-uk-1": "10.0.1.5",
             "app-uk-2": "10.0.1.6", "app-uk-3": "10.0.1.7", "dns-uk-1": "192.168.0.1",
             "web-de-1": "10.1.0.1", "db-de-1": "10.1.2.1"}
ADDED = ("app-uk-4", "10.0.1.8")
HEAD = "10.9.0.1"
CLIENT_UNIT = {WEB: "payments-web.service", APP: "payments-app.service",
               DATABASE: "payments-db.service"}
ZONE = {"www": "10.0.0.1", "app": "10.0.1.5"}


class Payments:
    """The hosts and their agents, the controller and the directory that is applied to it."""

    def __init__(self, lab):
        self.lab = lab
        self.addresses = dict(ADDRESSES)
        self.labels_ = {name: LABELS[self.profile(name)] for name in self.addresses}
        self.agents = {}
        self.tomcats = {}
        self.web_servers = {}
        self.controller = self.fleet_flows = self.directory = None
        self.head = lab.host("head", HEAD)
        self.hosts = {name: lab.host(name, address) for name, address in self.addresses.items()}

    # ---- who is who

    @staticmethod
    def profile(name):
        return name.rpartition("-")[0]

    def named(self, prefix):
        return [name for name in self.addresses if name.startswith(prefix)]

    def address(self, name):
        return self.addresses[name]

    def labels(self, name):
        return self.labels_[name]

    def client_unit(self, name):
        return CLIENT_UNIT[self.labels(name)["role"]]

    # ---- the start

    def start(self):
        """The draft is applied and everybody is paired; nothing is provisioned yet."""
        self.controller = Controller(self.head)
        self.directory = repository.write(self.lab, LABELS)
        self.controller.cli("apply", "-f", self.directory)
        self.fleet_flows = self.controller.follow_flows()
        self.pair(*self.addresses)
        self.agents_ready(*self.addresses)
        for name in self.named("app-uk-"):
            self.start_tomcat(name)
            daemons.httpd(self.hosts[name], 80)
        for name in self.named("dns-uk-"):
            daemons.named(self.hosts[name], ZONE)
        self.web_servers = {name: daemons.WebServer(self.hosts[name])
                            for name in self.named("web-")}
        for name in self.named("app-uk-"):
            self.tomcat_ready(name)

    def pair(self, *names):
        """One pairing line for each host; the agents start side by side."""
        for name in names:
            self.agents[name] = PairedAgent(self.hosts[name], self.controller,
                                            profile=self.profile(name), start=False)
            self.agents[name].launch()

    def agents_ready(self, *names):
        for name in names:
            self.agents[name].ready()
        self.controller.settled()

    def start_tomcat(self, name):
        self.tomcats[name] = daemons.start_tomcat(self.hosts[name])

    def tomcat_ready(self, name):
        daemons.tomcat_ready(self.tomcats[name])

    # ---- changes

    def provision(self):
        self.controller.cli("provision", "--yes", "-m", "the seeds' policy")
        self.controller.settled()

    def mode(self, mode, *names):
        self.controller.cli("mode", *names, mode, "--yes")
        self.controller.settled()

    def relabel(self, name, **labels):
        self.controller.cli("label", name, *(f"{key}={value}" for key, value in labels.items()))
        self.labels_[name] = dict(self.labels_[name], **labels)
        self.controller.settled()

    def pair_added(self):
        """A new machine, paired by a line of its siblings' profile; no rule is touched."""
        name, address = ADDED
        self.addresses[name] = address
        self.labels_[name] = LABELS[self.profile(name)]
        self.hosts[name] = self.lab.host(name, address)
        self.pair(name)
        self.start_tomcat(name)

    def added_ready(self):
        name = ADDED[0]
        self.agents_ready(name)
        self.mode("full", name)
        self.tomcat_ready(name)
        return name

    def rules(self):
        """What is written down and what is in force."""
        active = self.controller.get("versions?limit=1")["items"]
        return repository.text(self.directory), active
