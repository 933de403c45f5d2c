"""Headless Chromium on a test host, told by name what to do; it may ask for things that only the lab can do."""

import json
import os
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
WEB = HERE.parents[1] / "control/ui/web"
MODULES = os.environ.get("RINGWALL_UI_MODULES", str(WEB / "node_modules"))
PATIENCE_S = 150


class Browser:
    """runner.mjs in the host's network. `asks` are the functions by which scenarios act on the fleet."""

    def __init__(self, host, controller, asks):
        self.asks = asks
        self.said = 0
        home = f"{host.directory}/browser"
        os.makedirs(home)
        environment = dict(
            os.environ, HOME=home, TMPDIR=home, RINGWALL_UI_MODULES=MODULES,
            RINGWALL_UI_URL=f"https://{host.address}:8443/ui/",
            RINGWALL_UI_TOKEN_FILE=f"{controller.data}/admin.token")
        self.process = host.spawn(["node", str(HERE / "runner.mjs")], "..browser", env=environment,
                                  stdin="pipe")
        self.expect("ready")

    def run(self, scenario, **given):
        """One scenario to its end; AssertionError with what it saw."""
        self.process.tell(json.dumps({"scenario": scenario, "given": given}))
        while True:
            word, rest = self.next()
            if word == "done":
                return json.loads(rest)
            if word == "failed":
                raise AssertionError(f"{scenario}:\n{json.loads(rest)}")
            assert word == "ask", word
            self.answer(json.loads(rest))

    def answer(self, asked):
        try:
            value = {"value": self.asks[asked["name"]](*asked["arguments"])}
        except Exception as error:  # pylint: disable=broad-exception-caught
            value = {"error": f"{type(error).__name__}: {error}"}
        self.process.tell(json.dumps(value))

    def expect(self, wanted):
        word, _ = self.next()
        assert word == wanted, word

    def next(self):
        """The next line that is meant for here: `@NUMBER WORD JSON`."""
        self.said += 1
        found = self.process.wait_line(rf"^@{self.said} (\w+) (.*)$", PATIENCE_S)
        return re.fullmatch(r"@\d+ (\w+) (.*)", found[0]).groups()

    def close(self):
        if self.process.alive():
            self.process.tell(json.dumps({"end": True}))
            self.process.wait(20)
