"""Alerts reach real collectors: rsyslogd over TCP and TLS, and a web server.

    ringwall-alerts-driver ──tcp──▶ rsyslogd ──▶ plain.log
            │  └────────────tls──▶ rsyslogd ──▶ tls.log
            └──────────────https─▶ web server of this test

All on loopback; rsyslogd runs from a configuration and a directory of the test's own.
"""

import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import kernel  # noqa: E402
from harness.process import Process  # noqa: E402

DRIVER = os.environ["RINGWALL_ALERTS_DRIVER"]

RSYSLOG = """
global(workDirectory="{place}" defaultNetstreamDriverCAFile="{place}/ca.pem"
       defaultNetstreamDriverCertFile="{place}/server.pem"
       defaultNetstreamDriverKeyFile="{place}/server.key")
module(load="imtcp")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="plain") {{ action(type="omfile" file="{place}/plain.log" template="raw") }}
ruleset(name="tls") {{ action(type="omfile" file="{place}/tls.log" template="raw") }}
input(type="imtcp" address="127.0.0.1" port="{plain}" listenPortFileName="{place}/plain.port"
      ruleset="plain")
input(type="imtcp" address="127.0.0.1" port="{tls}" listenPortFileName="{place}/tls.port"
      ruleset="tls" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
"""

# RFC 5424: header, one element of structured data, byte order mark, text.
MESSAGE = re.compile(r'<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) '
                     r'\[ringwall@32473((?: [^ =\]"]+="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)')


def certificates(place):
    """A CA, and a server's certificate for the name localhost alone."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=place)
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-days", "2"]
    openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA")
    openssl(*new, "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=localhost",
            "-CA", "ca.pem", "-CAkey", "ca.key",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "subjectAltName=DNS:localhost")


def await_file(path, ready, process, seconds=20):
    """The file's text once it is as wished; awaited by inotify on its directory."""
    deadline = time.monotonic() + seconds
    with kernel.DirectoryWatch(os.path.dirname(path)) as watch:
        while True:
            text = ""
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
            if ready(text):
                return text
            left = deadline - time.monotonic()
            if left <= 0 or not process.alive():
                raise AssertionError(f"{path} does not get there; it is:\n{text[-2000:]}\n"
                                     + process.output()[-2000:])
            watch.wait(left)


class Collector:
    """rsyslogd; its ports stay the same over restarts."""

    def __init__(self, place):
        self.place_ = place
        self.ports_ = {"plain": 0, "tls": 0}
        self.process_ = None

    def start(self):
        with open(f"{self.place_}/rsyslog.conf", "w", encoding="utf-8") as file:
            file.write(RSYSLOG.format(place=self.place_, **self.ports_))
        self.process_ = Process(
            ["/usr/sbin/rsyslogd", "-n", "-C", "-iNONE", "-f", f"{self.place_}/rsyslog.conf"],
            log=f"{self.place_}/rsyslogd.out")
        for name, port in self.ports_.items():
            if port == 0:  # rsyslogd tells only ports that it chose itself
                self.ports_[name] = int(await_file(f"{self.place_}/{name}.port",
                                                   str.strip, self.process_))

    def port(self, name):
        return self.ports_[name]

    def kill(self):
        self.process_.kill()
        self.process_.release()

    def messages(self, name, count):
        """The lines once so many alerts are there, in the order of their arrival."""
        def ready(text):
            return text.endswith("\n") and len(set(re.findall(r' id="(\S+)"', text))) >= count
        return await_file(f"{self.place_}/{name}.log", ready, self.process_).splitlines()

    def pause(self):
        """Stops it; its kernel goes on taking what is sent."""
        self.process_.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process_.pid, os.WSTOPPED)

    def release(self):
        if self.process_:
            self.process_.release()


class Hooks(http.server.ThreadingHTTPServer):
    """Takes POSTs; answers with the statuses given, then with 204."""

    daemon_threads = True

    def __init__(self, place):
        super().__init__(("127.0.0.1", 0), Hook)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{place}/server.pem", f"{place}/server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.changed = threading.Condition()
        self.received = []
        self.statuses = []
        self.thread_ = threading.Thread(target=self.serve_forever)
        self.thread_.start()

    def handle_error(self, request, client_address):
        pass  # a client that does not trust the certificate

    def bodies(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.received) >= count, 20):
                raise AssertionError(f"{len(self.received)} requests came, not {count}")
            return [json.loads(body) for _, body in self.received]

    def close(self):
        self.shutdown()
        self.thread_.join()
        self.server_close()


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.changed:
            status = self.server.statuses.pop(0) if self.server.statuses else 204
            self.server.received.append((dict(self.headers), body))
            self.server.changed.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class AlertsStory(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="rw-alerts-")
        self.addCleanup(shutil.rmtree, self.place)
        certificates(self.place)
        self.collector = Collector(self.place)
        self.addCleanup(self.collector.release)
        self.told = 0

    def drive(self, **sections):
        with open(f"{self.place}/alerts.yaml", "w", encoding="utf-8") as file:
            json.dump({"alerts": {"rate": "100000", **sections}}, file)
        driver = Process([DRIVER, f"{self.place}/alerts.yaml"], log=f"{self.place}/driver.out",
                         stdin="pipe")
        self.addCleanup(driver.release)
        return driver

    def tell(self, driver, count=1, **event):
        """Events of keys of their own, so that none is folded."""
        for _ in range(count):
            self.told += 1
            driver.tell(json.dumps({"kind": "blocked", "key": str(self.told),
                                    "sentence": f"event {self.told}", **event}))

    def syslog(self, name, host="localhost"):
        address = {"plain": f"tcp://{host}:{self.collector.port('plain')}",
                   "tls": f"tls://{host}:{self.collector.port('tls')}"}[name]
        return {"address": address, **({"ca": f"{self.place}/ca.pem"} if name == "tls" else {})}

    def state(self, driver):
        before = len(re.findall(r"^state ", driver.output(), re.MULTILINE))
        driver.tell("state")
        driver.wait_line(r"\A(?:(?:(?!state ).*\n)*state .*\n){%d}" % (before + 1))
        return json.loads(re.findall(r"^state (.*)$", driver.output(), re.MULTILINE)[-1])

    def finish(self, driver):
        """Counters of the sinks after all that waits was delivered."""
        driver.stdin.close()
        self.assertEqual(0, driver.wait(30), driver.output())
        return json.loads(re.findall(r"^state (.*)$", driver.output(), re.MULTILINE)[-1])

    def sentences(self, name, count):
        out = []
        for line in self.collector.messages(name, count):
            match = MESSAGE.fullmatch(line)
            self.assertTrue(match, f"no message of RFC 5424: {line}")
            out.append(match[8])
        return out

    def events(self, first, last):
        return [f"event {n}" for n in range(first, last + 1)]


class Syslog(AlertsStory):
    def test_every_alert_arrives_once_and_in_order_over_tcp_and_tls(self):
        self.collector.start()
        driver = self.drive(syslog=[self.syslog("plain"), self.syslog("tls")])
        self.tell(driver, 500)
        for name in ("plain", "tls"):
            self.assertEqual(self.events(1, 500), self.sentences(name, 500))
        self.assertEqual([(500, 0, 0, 0)] * 2,
                         [(s["delivered"], s["failed"], s["dropped"], s["waiting"])
                          for s in self.finish(driver)])
        self.assertEqual(self.events(1, 500), self.sentences("plain", 500), "no second time")

    def test_nothing_is_lost_when_the_collector_is_killed_and_comes_back(self):
        self.collector.start()
        driver = self.drive(syslog=[self.syslog("plain"), self.syslog("tls")])
        self.tell(driver, 100)
        for name in ("plain", "tls"):
            self.sentences(name, 100)
        self.settled(driver, 100)
        self.collector.kill()
        self.tell(driver, 150)
        driver.wait_line(r"^said syslog tcp.*alerts wait, it is tried again")
        driver.wait_line(r"^said syslog tls.*alerts wait, it is tried again")
        self.collector.start()
        self.tell(driver, 50)
        for name in ("plain", "tls"):
            self.assertEqual(self.events(1, 300), self.sentences(name, 300))
        for sink in self.finish(driver):
            self.assertEqual((300, 0), (sink["delivered"], sink["dropped"]))

    def settled(self, driver, count):
        deadline = time.monotonic() + 20
        while any(sink["delivered"] < count for sink in self.state(driver)):
            self.assertLess(time.monotonic(), deadline, driver.output())

    def test_what_a_killed_collector_had_not_read_is_sent_again_under_the_same_id(self):
        self.collector.start()
        driver = self.drive(syslog=[self.syslog("plain")])
        self.tell(driver, 10)
        self.sentences("plain", 10)
        self.collector.pause()
        self.tell(driver, 200)
        self.settled(driver, 210)
        self.collector.kill()
        self.collector.start()
        arrived = {}
        for line in self.collector.messages("plain", 210):
            match = MESSAGE.fullmatch(line)
            arrived.setdefault(re.search(r' id="(\S+)"', match[7])[1], match[8])
        self.assertEqual(self.events(1, 210), list(arrived.values()),
                         "without the repeated ones all are there, in order")
        self.assertGreaterEqual(self.state(driver)[0]["repeated"], 200)

    def test_beyond_the_bound_the_newest_are_kept_and_the_rest_is_counted(self):
        self.collector.start()
        syslog = [self.syslog("plain")]
        self.collector.kill()
        driver = self.drive(syslog=syslog, queue="100")
        self.tell(driver, 250)
        self.assertEqual([(150, 100)], [(s["dropped"], s["waiting"]) for s in self.state(driver)])
        self.collector.start()
        self.assertEqual(self.events(151, 250), self.sentences("plain", 100))

    def test_a_hostile_process_name_stays_in_its_field(self):
        self.collector.start()
        driver = self.drive(syslog=[self.syslog("plain")])
        forged = 'x"] \n<34>1 - - - - - - forged\x1b[31m\\'
        self.tell(driver, sentence=f"{forged} was blocked", fields={"process": forged})
        self.tell(driver)
        lines = self.collector.messages("plain", 2)
        self.assertEqual(2, len(lines), lines)
        first = MESSAGE.fullmatch(lines[0])
        self.assertTrue(first, lines[0])
        self.assertIn(r' process="x\"\] \\u000a<34>1 - - - - - - forged\\u001b[31m\\"', first[7])
        self.assertEqual(r'x"] \u000a<34>1 - - - - - - forged\u001b[31m\ was blocked', first[8])

    def test_a_collector_of_another_ca_or_name_is_told_nothing(self):
        self.collector.start()
        strange = {"address": self.syslog("tls")["address"]}  # judged by the system's CAs
        misnamed = self.syslog("tls", "127.0.0.1")
        driver = self.drive(syslog=[strange, misnamed, self.syslog("tls")])
        self.tell(driver, 3)
        driver.wait_line(r"^said .*not accepted \(self-signed certificate in certificate chain\)")
        driver.wait_line(r"^said .*not accepted \(IP address mismatch\)")
        self.assertEqual(self.events(1, 3), self.sentences("tls", 3))
        self.assertEqual([(0, 3), (0, 3)],
                         [(s["delivered"], s["waiting"]) for s in self.state(driver)[:2]])


class Webhook(AlertsStory):
    def setUp(self):
        super().setUp()
        self.hooks = Hooks(self.place)
        self.addCleanup(self.hooks.close)
        self.secret = f"{self.place}/secret"
        with open(os.open(self.secret, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                  encoding="utf-8") as file:
            file.write("top secret\n")

    def hook(self, host="localhost"):
        return {"url": f"https://{host}:{self.hooks.server_port}/alerts",
                "ca": f"{self.place}/ca.pem", "secret_file": self.secret}

    def test_alerts_are_posted_in_order_with_a_good_signature(self):
        driver = self.drive(webhook=[self.hook()])
        self.tell(driver, 20, fields={"process": "/usr/bin/curl"})
        bodies = self.hooks.bodies(20)
        self.assertEqual(self.events(1, 20), [body["sentence"] for body in bodies])
        self.assertEqual({"process": "/usr/bin/curl"}, bodies[0]["fields"])
        self.assertEqual(("blocked", "warning", 1),
                         tuple(bodies[0][key] for key in ("kind", "severity", "count")))
        for headers, body in self.hooks.received:
            mac = hmac.new(b"top secret", body, hashlib.sha256).hexdigest()
            self.assertEqual(f"sha256={mac}", headers["X-Ringwall-Signature"])
        self.assertEqual([20], [sink["delivered"] for sink in self.finish(driver)])

    def test_a_server_that_fails_gets_the_alert_again(self):
        self.hooks.statuses = [500, 503]
        driver = self.drive(webhook=[self.hook()])
        self.tell(driver, 2)
        bodies = self.hooks.bodies(4)
        self.assertEqual(["event 1"] * 3 + ["event 2"], [body["sentence"] for body in bodies])
        self.assertEqual(1, len({body["id"] for body in bodies[:3]}))
        self.assertEqual([(2, 2)], [(s["delivered"], s["failed"]) for s in self.finish(driver)])

    def test_a_server_of_another_name_is_told_nothing(self):
        driver = self.drive(webhook=[self.hook("127.0.0.1"), self.hook()])
        self.tell(driver)
        driver.wait_line(r"^said webhook https://127.* not accepted \(IP address mismatch\)")
        self.assertEqual(1, len(self.hooks.bodies(1)))
        self.assertEqual(0, self.state(driver)[0]["delivered"])


if __name__ == "__main__":
    unittest.main()
