"""Real daemons on a test host, each in the cgroup of its Debian unit, ready when they return."""

import os
import pwd
import re
import shutil
import socket
import subprocess

TOMCAT_HOME = "/usr/share/tomcat10"
JAVA = os.path.realpath("/usr/bin/java")
# Start time matters more than speed here: C1 only, one small heap, the JDK's shared class archive.
JVM = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xms16m", "-Xmx64m",
       "-Xss256k", "-Djava.awt.headless=true", "-Djava.security.egd=file:/dev/urandom"]

NAMED_CONF = """
options {{
  directory "{directory}";
  listen-on port 53 {{ {address}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  pid-file none;
  session-keyfile none;
  dnssec-validation no;
  allow-query {{ any; }};
}};
controls {{ }};
logging {{ channel out {{ stderr; severity info; }}; category default {{ out; }}; }};
zone "payments.example" {{ type primary; file "{directory}/zone"; }};
"""

SSHD_EMPTY = "/run/sshd"  # where the daemon has itself locked in
SSHD_CONF = """
ListenAddress {address}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/client_key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PrintMotd no
"""

TOMCAT_SERVER = """<?xml version="1.0"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="{port}" protocol="HTTP/1.1" maxThreads="4" minSpareThreads="1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" autoDeploy="false" deployOnStartup="false">
        <Context path="" docBase="{base}/webapps/ROOT"/>
      </Host>
    </Engine>
  </Service>
</Server>
"""

TOMCAT_WEB = """<?xml version="1.0"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
  </servlet>
  <servlet-mapping>
    <servlet-name>default</servlet-name>
    <url-pattern>/</url-pattern>
  </servlet-mapping>
  <welcome-file-list><welcome-file>index.txt</welcome-file></welcome-file-list>
</web-app>
"""

APACHE_CONF = """
ServerRoot "{directory}"
ServerName {name}
PidFile {directory}/apache2.pid
Mutex file:{directory} default
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
User www-data
Group www-data
{listen}
StartServers 1
ServerLimit 1
ThreadsPerChild 4
MinSpareThreads 1
MaxSpareThreads 4
MaxRequestWorkers 4
ErrorLog /proc/self/fd/2
LogLevel notice
DocumentRoot {directory}/www
DirectoryIndex index.txt
<Directory {directory}/www>
  Require all granted
</Directory>
"""

NGINX_CONF = """
daemon off;
pid {directory}/nginx.pid;
error_log stderr notice;
user www-data;
worker_processes {workers};
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen {listen};
    location = / {{ return 200 "nginx on {name}\\n"; }}{locations}
  }}
}}
"""


# A web server in front of app servers: the request names the server and the local port to use, so
# that the connection can be found again in every log.
PROXY_LOCATION = """
    location ~ ^/via/(?<server>[0-9.]+:[0-9]+)/(?<from>[0-9]+)$ {{
      proxy_bind {address}:$from;
      proxy_pass http://$server/;
      proxy_connect_timeout 1500ms;
    }}"""


def directory_of_(host, name, user=None):
    place = f"{host.directory}/{name}"
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    if user:
        account = pwd.getpwnam(user)
        os.chown(place, account.pw_uid, account.pw_gid)
    return place


def write_(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def named(host, records):
    """BIND, authoritative for payments.example, as user bind in named.service."""
    place = directory_of_(host, "named", "bind")
    write_(f"{place}/named.conf", NAMED_CONF.format(directory=place, address=host.address))
    write_(f"{place}/zone", "$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\n"
           f"ns A {host.address}\n"
           + "".join(f"{name} A {address}\n" for name, address in records.items()))
    process = host.spawn(["/usr/sbin/named", "-g", "-n", "1", "-u", "bind", "-c",
                          f"{place}/named.conf"], "named.service", cwd=place)
    process.wait_line(r"^.* running$")
    return process


def tomcat(host, port=8080):
    """Tomcat 10 with one static page, as user tomcat in tomcat10.service."""
    process = start_tomcat(host, port)
    tomcat_ready(process)
    return process


def tomcat_ready(process):
    process.wait_line(r"Server startup in", 90)


def start_tomcat(host, port=8080):
    """Does not wait: several may start side by side."""
    base = directory_of_(host, "tomcat10", "tomcat")
    write_(f"{base}/conf/server.xml", TOMCAT_SERVER.format(base=base, port=port))
    write_(f"{base}/conf/web.xml", TOMCAT_WEB)
    write_(f"{base}/webapps/ROOT/index.txt", f"tomcat on {host.name}\n")
    for part in ("work", "temp", "logs"):
        os.mkdir(f"{base}/{part}")
        shutil.chown(f"{base}/{part}", "tomcat")
    jars = ":".join(f"{TOMCAT_HOME}/bin/{jar}" for jar in ("bootstrap.jar", "tomcat-juli.jar"))
    return host.spawn(
        [JAVA, *JVM, f"-Dcatalina.home={TOMCAT_HOME}", f"-Dcatalina.base={base}",
         f"-Djava.io.tmpdir={base}/temp", "-cp", jars,
         "org.apache.catalina.startup.Bootstrap", "start"],
        "tomcat10.service", user="tomcat", cwd=base)


def httpd(host, *ports):
    """Apache httpd (Debian's apache2) with one page, in apache2.service."""
    place = directory_of_(host, "apache2")
    listen = "\n".join(f"Listen {host.address}:{port}" for port in ports)
    write_(f"{place}/apache2.conf",
           APACHE_CONF.format(directory=place, name=host.name, listen=listen))
    write_(f"{place}/www/index.txt", f"httpd on {host.name}\n")
    process = host.spawn(["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", f"{place}/apache2.conf"],
                         "apache2.service", cwd=place)
    process.wait_line(r"resuming normal operations")
    return process


def nginx(host, port=80, workers=1, listen_options=""):
    """nginx in nginx.service; `listen_options` may be "reuseport"."""
    return start_nginx_(host, workers, f"{host.address}:{port} {listen_options}")


class WebServer:
    """nginx in nginx.service as a reverse proxy; asked over a Unix socket, which is no traffic."""

    def __init__(self, host):
        self.host_ = host
        self.socket_ = f"{host.directory}/nginx.sock"
        locations = PROXY_LOCATION.format(address=host.address)
        self.master_ = start_nginx_(host, 1, f"unix:{self.socket_}", locations)
        self.worker = int(self.master_.wait_line(r"start worker process (\d+)")[1])
        self.port_ = 20000

    def ask(self, server, port):
        """Starts one request through the proxy; `answered` finishes it."""
        self.port_ += 1
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(10)
        sock.connect(self.socket_)
        sock.sendall(f"GET /via/{server}:{port}/{self.port_} HTTP/1.0\r\n\r\n".encode())
        return sock, self.port_

    def answered(self, request):
        """What nginx saw, in the words of probe.py."""
        sock, port = request
        with sock, sock.makefile("r", encoding="utf-8") as text:
            answer = text.read()
        return {"result": self.result_(answer.split()[1], port), "pid": self.worker,
                "local": [self.host_.address, port], "answer": answer}

    def result_(self, status, port):
        if status in ("200", "504"):
            return {"200": "answered", "504": "timeout"}[status]
        refused = rf"Operation not permitted\).*/{port} HTTP"
        if re.search(refused, self.master_.output()):
            return "refused-by-policy"
        return f"HTTP {status}"


def start_nginx_(host, workers, listen, locations=""):
    place = directory_of_(host, "nginx")
    write_(f"{place}/nginx.conf", NGINX_CONF.format(
        directory=place, workers=workers, listen=listen, locations=locations, name=host.name))
    process = host.spawn(["/usr/sbin/nginx", "-p", place, "-c", f"{place}/nginx.conf"],
                         "nginx.service", cwd=place)
    process.wait_line(r"start worker process \d+")
    return process


class SshServer:
    """OpenSSH in ssh.service for root with a key of its own."""

    def __init__(self, host):
        self.host_ = host
        self.place_ = directory_of_(host, "sshd")
        for name in ("host_key", "client_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            f"{self.place_}/{name}"], check=True)
        write_(f"{self.place_}/sshd_config", SSHD_CONF.format(directory=self.place_,
                                                              address=host.address))
        if not os.path.isdir(SSHD_EMPTY):
            os.mkdir(SSHD_EMPTY, 0o755)
            host.lab.ledger.add(f"directory {SSHD_EMPTY}", lambda: os.rmdir(SSHD_EMPTY))
        process = host.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.place_}/sshd_config"],
                             "ssh.service")
        process.wait_line(r"Server listening on")

    def client(self, command):
        """The words that run a command there, from whichever host."""
        return ["ssh", "-F", "none", "-i", f"{self.place_}/client_key", "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", f"root@{self.host_.address}", command]
