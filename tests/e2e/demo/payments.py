"""The Payments application: who is where, with which labels, running which real daemon."""

from harness import daemons
from harness.agent import Agent
from harness.policy import document

from demo import rules

UK, GERMANY = "UK", "Germany"
WEB, APP, DATABASE, DNS = "Web Server", "App Server", "Database Server", "DNS Responder"

#                 name        address        role      app                   loc
WORKLOADS = {w[0]: w for w in (
    ("web-uk-1", "10.0.0.1", WEB, "Payments", UK),
    ("web-uk-2", "10.0.0.2", WEB, "Payments", UK),
    ("app-uk-1", "10.0.1.5", APP, "Payments", UK),
    ("app-uk-2", "10.0.1.6", APP, "Payments", UK),
    ("app-uk-3", "10.0.1.7", APP, "Payments", UK),
    ("dns-uk-1", "192.168.0.1", DNS, "DNS Infrastructure", UK),
    ("dns-uk-2", "192.168.0.2", DNS, "DNS Infrastructure", UK),
    ("web-de-1", "10.1.0.1", WEB, "Payments", GERMANY),
    ("web-de-2", "10.1.0.2", WEB, "Payments", GERMANY),
    ("db-de-1", "10.1.2.1", DATABASE, "Payments", GERMANY),
    ("db-de-2", "10.1.2.2", DATABASE, "Payments", GERMANY),
)}
ADDED = ("app-uk-4", "10.0.1.8", APP, "Payments", UK)
CLIENT_UNIT = {WEB: "payments-web.service", APP: "payments-app.service",
               DATABASE: "payments-db.service"}
ZONE = {"www": "10.0.0.1", "app": "10.0.1.5"}


class Payments:
    """The hosts, their agents and the policy directory that every agent reads."""

    def __init__(self, lab):
        self.lab = lab
        self.workloads = dict(WORKLOADS)
        self.modes = {name: "visibility" for name in self.workloads}
        self.roles = {}  # roles changed by the story
        self.rules_text = rules.text()
        self.agents = {}
        self.tomcats = {}
        self.web_servers = {}
        self.hosts = {name: lab.host(name, w[1]) for name, w in self.workloads.items()}

    def start(self):
        self.write_policy()
        self.start_agents(*self.hosts)
        apps = self.named("app-uk-")
        for name in apps:
            self.tomcats[name] = daemons.start_tomcat(self.hosts[name])
            daemons.httpd(self.hosts[name], 80)
        for name in self.named("dns-uk-"):
            daemons.named(self.hosts[name], ZONE)
        self.web_servers = {name: daemons.WebServer(self.hosts[name])
                            for name in self.named("web-")}
        for name in apps:
            daemons.tomcat_ready(self.tomcats[name])

    def start_agents(self, *names):
        for name in names:
            self.agents[name] = Agent(self.hosts[name], self.directory, start=False)
            self.agents[name].launch()
        for name in names:
            self.agents[name].ready()

    def add_app_server(self):
        """A new machine with the labels of its siblings; no rule is touched."""
        name = ADDED[0]
        self.workloads[name] = ADDED
        self.modes[name] = "full"
        self.hosts[name] = self.lab.host(name, ADDED[1])
        self.apply()
        self.start_agents(name)
        self.tomcats[name] = daemons.tomcat(self.hosts[name])
        daemons.httpd(self.hosts[name], 80)
        return name

    def named(self, prefix):
        return [name for name in self.workloads if name.startswith(prefix)]

    def labels(self, name):
        _, _, role, app, loc = self.workloads[name]
        return {"role": self.roles.get(name, role), "app": app, "env": "Production", "loc": loc}

    def address(self, name):
        return self.workloads[name][1]

    def set_modes(self, mode, *names, others=None):
        """`names` (default: all) to `mode`, every other workload to `others`."""
        for name in self.workloads:
            if not names or name in names:
                self.modes[name] = mode
            elif others:
                self.modes[name] = others
        self.apply()

    def write_policy(self):
        workloads = [document("Workload", name, labels=self.labels(name),
                              addresses=[self.address(name)], mode=self.modes[name])
                     for name in self.workloads]
        self.lab.write("policy/rules.yaml", self.rules_text)
        self.lab.write("policy/workloads.yaml", rules.as_yaml(workloads))

    @property
    def directory(self):
        return f"{self.lab.directory}/policy"

    def apply(self):
        """Gives every agent the policy as it is now and waits until each enforces it."""
        self.write_policy()
        for agent in self.agents.values():
            agent.ask_to_reload()
        for agent in self.agents.values():
            agent.reloaded()
