"""Servers of Debian's packages on loopback, each with some work done: what stands then in their heaps is real.

A class a server: `with Redis(folder) as server:` starts it, gives it work and names the processes to look at; their
stderr is a file in the folder, for what their allocators print. Everything ends with the block.
"""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=30):
    """Until what() is true; the last thing that it was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if got := what():
                return got
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"not up after {seconds} s")


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[0] if done.returncode == 0 else "?"


class Server:
    """`processes` is a list of (what it is, pid); `version` a line."""
    name, program, allocator = "", "", "glibc"
    instead = None  # the program to run, where it is not the installed one

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.errors = self.folder / "stderr"
        self.child = None
        self.processes = []

    @classmethod
    def find(cls):
        return shutil.which(cls.program, path="/usr/sbin:/usr/bin:/sbin:/bin")

    def binary(self):
        return str(self.instead or self.find())

    def __enter__(self):
        try:
            self.start()
            self.work()
        except BaseException:
            self.__exit__()
            raise
        return self

    def launch(self, *command, **more):
        # stderr is appended to, so that what several processes write does not overlap.
        with open(self.errors, "ab") as errors:
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                          start_new_session=True, cwd=self.folder, **more)
        self.processes = [(self.name, self.child.pid)]

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            for kind in (signal.SIGCONT, signal.SIGKILL):
                os.killpg(self.child.pid, kind)
        if self.child:
            self.child.communicate()

    def start(self):
        raise NotImplementedError

    def work(self):
        raise NotImplementedError


class Redis(Server):
    name, program, allocator = "redis", "redis-server", "jemalloc"
    KEYS = 100_000

    def start(self):
        self.version = output_of(self.binary(), "--version").split("sha")[0]
        self.port = free_port()
        self.launch(self.binary(), "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder))
        self.wire = wait_for(lambda: socket.create_connection(("127.0.0.1", self.port)))
        self.wire.settimeout(60)

    def send(self, commands):
        text = b"".join(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in command)
                        for command in commands)
        left, got = len(commands), b""
        self.wire.sendall(text)
        while left > 0:
            got += self.wire.recv(1 << 16)
            *lines, got = got.split(b"\r\n")
            left -= sum(1 for line in lines if line[:1] in b"+-:")

    def work(self):
        """Strings of all encodings, lists, hashes, sets; some deleted again."""
        for begin in range(0, self.KEYS, 1000):
            batch = []
            for i in range(begin, begin + 1000):
                key = b"user:%d" % i
                batch.append([b"SET", key, b"%d" % i if i % 3 else b"value " * (i % 60)])
                if i % 10 == 0:
                    batch.append([b"HSET", b"session:%d" % i, b"name", b"n%d" % i, b"note", b"x" * (i % 200)])
                if i % 25 == 0:
                    batch.append([b"RPUSH", b"queue:%d" % (i % 100)] + [b"item %d" % j for j in range(i % 90 + 1)])
                if i % 50 == 0:
                    batch.append([b"SADD", b"room:%d" % (i % 1000), b"member %d" % i])
                    batch.append([b"ZADD", b"board", b"%d" % i, b"player %d" % i])
            self.send(batch)
        self.send([[b"DEL", b"user:%d" % i] for i in range(0, self.KEYS, 7)])
        time.sleep(1.5)  # until it has rehashed


class Postgres(Server):
    name, program = "postgres", "postgres"

    @classmethod
    def find(cls):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        return str(found[-1]) if found else None

    def start(self):
        self.version = output_of(self.binary(), "--version")
        # It will not run as root, and its sockets' paths must be short.
        user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.as_user = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
        self.home = pathlib.Path(subprocess.check_output(["mktemp", "-d", "/tmp/inquest-pg-XXXXXX"], text=True).strip())
        if user:
            os.chown(self.home, user.pw_uid, user.pw_gid)
        self.bin = pathlib.Path(self.find()).parent
        self.data = self.home / "data"
        subprocess.run([self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", "bench", "--no-sync"], check=True,
                       capture_output=True, cwd=self.home, **self.as_user)
        self.port = free_port()
        with open(self.errors, "ab") as errors:
            self.child = subprocess.Popen(
                [self.binary(), "-D", self.data, "-p", str(self.port), "-k", self.home, "-c",
                 "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB", "-c", "fsync=off", "-c", "autovacuum=off"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
                cwd=self.home, **self.as_user)
        wait_for(lambda: subprocess.run([self.bin / "pg_isready", "-h", self.home, "-p", str(self.port)],
                                        capture_output=True).returncode == 0)

    def work(self):
        """A session that stays connected, with temporary tables, prepared plans, a cursor half read."""
        self.session = subprocess.Popen(
            [shutil.which("psql") or self.bin / "psql", "-h", self.home, "-p", str(self.port), "-U", "bench", "-qAt",
             "postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        self.session.stdin.write("""
            create table item as select i, md5(i::text) as name, i % 97 as room from generate_series(1, 50000) i;
            create index on item(room); analyze item;
            prepare in_room(int) as select name from item where room = $1 order by name;
            create temporary table found as execute in_room(5);
            select room, count(*) into temporary counts from item group by room;
            do $$ begin for k in 1..200 loop perform count(*) from item where room = k % 97; end loop; end $$;
            begin; declare half cursor for select a.name, b.name from item a join item b using (room) where room = 3 order by 1, 2;
            move 20000 in half;
            select 'pid ' || pg_backend_pid();
        """)
        self.session.stdin.flush()
        answer = self.session.stdout.readline()
        while not answer.startswith("pid "):
            answer = self.session.stdout.readline()
        self.processes = [("postgres, a session", int(answer.split()[1])), ("postgres, the first process", self.child.pid)]

    def __exit__(self, *arguments):
        if getattr(self, "session", None):
            self.session.kill()
            self.session.communicate()
        for _, pid in self.processes:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGQUIT)
            self.child.wait(20)
        shutil.rmtree(self.home, ignore_errors=True)


class Nginx(Server):
    name, program = "nginx", "nginx"

    def start(self):
        self.version = output_of(self.binary(), "-v")
        self.port = free_port()
        (self.folder / "html").mkdir()
        for i in range(50):
            (self.folder / "html" / f"{i}.html").write_text("text " * (i * 40))
        configuration = self.folder / "nginx.conf"
        configuration.write_text(f"""
            daemon off; worker_processes 2; pid {self.folder}/pid; error_log stderr;
            {"user root;" if os.getuid() == 0 else ""}
            events {{ worker_connections 256; }}
            http {{
              access_log {self.folder}/access.log; client_body_temp_path {self.folder}/body;
              proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/fastcgi;
              uwsgi_temp_path {self.folder}/uwsgi; scgi_temp_path {self.folder}/scgi;
              types {{ text/html html; }} gzip on; gzip_min_length 100; keepalive_timeout 600;
              open_file_cache max=100;
              server {{ listen 127.0.0.1:{self.port}; root {self.folder}/html; }}
            }}""")
        self.launch(self.binary(), "-c", str(configuration), "-p", str(self.folder))
        wait_for(lambda: socket.create_connection(("127.0.0.1", self.port)).close() or True)

    def work(self):
        """Requests, some of them for what is not there; then connections that stay open."""
        for i in range(400):
            request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{i % 60}.html",
                                             headers={"Accept-Encoding": "gzip"} if i % 2 else {})
            try:
                urllib.request.urlopen(request).read()
            except urllib.error.HTTPError:
                pass
        self.open = []
        for i in range(40):
            wire = socket.create_connection(("127.0.0.1", self.port))
            wire.sendall(b"GET /%d.html HTTP/1.1\r\nHost: here\r\n%s" % (i, b"\r\n" if i % 2 else b"X-Half: "))
            self.open.append(wire)
        time.sleep(0.5)
        workers = children_of(self.child.pid)
        self.processes = [("nginx, first process", self.child.pid)] + [("nginx, a worker", pid) for pid in workers[:1]]


class Script(Server):
    """An interpreter with a script that builds objects, says "ready" and waits."""
    script, suffix = "", ""

    def start(self):
        self.version = self.name + " " + output_of(self.binary(), "--version").lower().replace("python ", "")
        path = self.folder / f"work.{self.suffix}"
        path.write_text(self.script)
        self.launch(self.binary(), str(path))

    def work(self):
        if self.child.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{self.name} did not come up: {self.errors.read_text()}")
        time.sleep(1)


class Python(Script):
    name, program, suffix = "python3", "python3", "py"
    script = """
import collections, json, re, sqlite3, sys, threading
class User:
    def __init__(self, number):
        self.number, self.name, self.tags = number, "user %d" % number, {"room": number % 97}
users = {i: User(i) for i in range(50000)}
texts = ["line %d " % i * (i % 300) for i in range(5000)]
lists = [list(range(i % 2000)) for i in range(500)]
counts = collections.Counter(word for text in texts for word in text.split())
words = re.findall(r"[0-9]+", " ".join(texts[:500]))
data = json.loads(json.dumps([{"i": i, "s": str(i) * 20} for i in range(5000)]))
base = sqlite3.connect(":memory:")
base.execute("create table t(a integer, b text)")
base.executemany("insert into t values(?, ?)", ((i, "x" * (i % 500)) for i in range(5000)))
for i in range(0, 50000, 3): del users[i]
ready = threading.Event()
def wait(): bytearray(100000); ready.set(); threading.Event().wait()
for _ in range(3): threading.Thread(target=wait, daemon=True).start()
ready.wait()
print("ready", flush=True)
sys.stdin.read()
"""


class Node(Script):
    name, program, suffix = "node", "node", "js"
    script = """
const zlib = require('zlib'), crypto = require('crypto'), http = require('http');
const users = new Map();
for (let i = 0; i < 50000; ++i) users.set(i, {number: i, name: 'user ' + i, tags: ['a' + i % 97]});
for (let i = 0; i < 50000; i += 3) users.delete(i);
const buffers = [];
for (let i = 0; i < 2000; ++i) buffers.push(Buffer.alloc(100 + i * 13, i));
const packed = buffers.slice(0, 200).map(b => zlib.gzipSync(b));
const hashes = packed.map(b => crypto.createHash('sha256').update(b).digest('hex'));
const server = http.createServer((q, a) => a.end(hashes[users.size % 200]));
server.listen(0, '127.0.0.1', async () => {
  for (let i = 0; i < 200; ++i) await fetch(`http://127.0.0.1:${server.address().port}/`).then(a => a.text());
  setTimeout(() => { console.log('ready'); setTimeout(() => users, 1e8); }, 500);
});
"""


ALL = (Redis, Postgres, Nginx, Python, Node)
