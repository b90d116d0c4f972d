"""Servers of symbols on loopback, for tests: nginx, Debian's debuginfod, and one that misbehaves on purpose."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
NGINX, DEBUGINFOD = shutil.which("nginx", path=SBIN), shutil.which("debuginfod")
# Only what the tests need: one process that listens on loopback and keeps all its files in one folder.
NGINX_CONF = """
daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;
events {{ }}
http {{
  access_log {work}/access.log;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
  uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}; {more} }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_answer(url, process, wanted=lambda text: True, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
                    if wanted(answer.read().decode()):
                        return
            except urllib.error.HTTPError:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} did not come up")


class Nginx:
    """Serves the files below `root`; `more` goes into its server block."""
    PROBE = "/probe-"

    def __init__(self, root, more=""):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="nginx-"))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (self.work / "conf").write_text(NGINX_CONF.format(work=self.work, port=port, root=root, more=more))
        self.process = subprocess.Popen([NGINX, "-p", self.work, "-c", self.work / "conf"], stderr=subprocess.DEVNULL)
        wait_for_answer(self.url + self.PROBE, self.process)

    def log(self):
        return (self.work / "access.log").read_text().splitlines()

    def requests(self):
        """What was asked for so far, as (path, status)."""
        # It writes down a request once it has answered it: when this one stands there, so do those before it.
        probe = f"{self.PROBE}{time.monotonic_ns()}"
        wait_for_answer(self.url + probe, self.process)
        end = time.monotonic() + 30
        while not any(probe in line for line in self.log()) and time.monotonic() < end:
            time.sleep(0.01)
        lines = [line.split('"') for line in self.log() if self.PROBE not in line]
        return [(parts[1].split()[1], int(parts[2].split()[0])) for parts in lines]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.work, ignore_errors=True)


class Debuginfod:
    """Serves the ELF files below `folder`."""

    def __init__(self, folder):
        self.work = tempfile.mkdtemp(prefix="debuginfod-")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(os.path.join(self.work, "log"), "w+")
        command = [DEBUGINFOD, "-v", "-F", "-p", str(port), "-d", os.path.join(self.work, "index.sqlite"), "-t", "0",
                   "-g", "0", str(folder)]
        environment = {k: v for k, v in os.environ.items() if k != "DEBUGINFOD_URLS"}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment)
        # It answers before it has read its folder.
        ready = ('thread_work_total{role="traverse"} 1', 'thread_busy{role="traverse"} 0', 'thread_busy{role="scan"} 0')
        wait_for_answer(self.url + "/metrics", self.process, lambda text: all(word in text for word in ready))

    def requests(self):
        """What was asked for so far, as (path, status)."""
        self.log.flush()
        with open(self.log.name) as log:
            lines = [line.split() for line in log if "GET /buildid/" in line]
        return [(words[words.index("GET") + 1], int(words[words.index("GET") + 2])) for words in lines]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.work, ignore_errors=True)


class Misbehaving:
    """Answers every request with the head of an answer, `body`, and then what `then` says: "stall" or "cut"."""

    def __init__(self, body, then, promised):
        self.head = f"HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\n\r\n".encode()
        self.body, self.then, self.count, self.connections = body, then, 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.recv(65536)
                self.count += 1
                connection.sendall(self.head + self.body)
                if self.then == "stall":
                    self.connections.append(connection)
                else:
                    connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()


@contextlib.contextmanager
def nobody():
    """The address of a server that is down."""
    yield f"http://127.0.0.1:{free_port()}"
