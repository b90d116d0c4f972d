"""Debug information for the servers: Debian's, or the program built again from Debian's source with it.

In this order: the package of debug symbols of the installed version (archive debian-debug, where the mirror has it);
for Python the packages python3.11-dbg and python3.11 of one version; else the server's source, built here with
`-O1 -g` (types and names do not depend on the optimisation). What was tried and failed is said.
"""
import os
import pathlib
import shutil
import subprocess
from dataclasses import dataclass, field

import debian

JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
PYTHON = ("python3.11-dbg", "python3.11", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib")
SYMBOL_PACKAGES = {"redis": ("redis-server", "redis-tools-dbgsym"), "postgres": ("postgresql-15", "postgresql-15-dbgsym"),
                   "nginx": ("nginx", "nginx-dbgsym"), "node": ("nodejs", "nodejs-dbgsym")}


@dataclass
class Debug:
    program: str = None  # to run instead of the installed one
    symbols: list = field(default_factory=list)  # for --symbols
    note: str = ""
    found: bool = False


class Supply:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._archives = {}

    def archive(self, with_debug=False):
        if with_debug not in self._archives:
            self._archives[with_debug] = debian.Archive(self.folder, with_debug)
        return self._archives[with_debug]

    def of(self, name):
        if name == "python3":
            return self.python()
        packaged = self.packaged(name)
        builder = {"redis": build_redis, "nginx": build_nginx, "postgres": build_postgres}.get(name)
        if packaged.found or builder is None:
            return packaged
        home = self.folder / f"{name}-source"
        program = next((path for path in home.glob("built*") if os.access(path, os.X_OK)), None)
        if program is None:
            archive = self.archive()
            found = None if archive.why else archive.source(home, {"postgres": "postgresql-15"}.get(name, name))
            if found is None:
                return Debug(note=f"{packaged.note}; its source: skipped: {archive.why}")
            try:
                made = builder(found[0], home, archive)
            except subprocess.CalledProcessError:
                return Debug(note=f"{packaged.note}; built from source: failed, see {home}/log")
            program = home / "built"
            shutil.copy(made, program)
        return Debug(program=str(program), found=True, note=f"{packaged.note}; built here from Debian's source, -O1 -g")

    def packaged(self, name):
        owner, package = SYMBOL_PACKAGES[name]
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", owner], capture_output=True, text=True).stdout
        archive = self.archive(with_debug=True)
        root = None if archive.why else archive.unpack(self.folder / package, [f"{package}={version}"])
        if root is None:
            return Debug(note=f"{package}: skipped: {archive.why}")
        return Debug(symbols=[str(root / "usr/lib/debug")], found=True, note=f"{package} {version}")

    def python(self):
        archive = self.archive()
        root = None if archive.why else archive.unpack(self.folder / "python", PYTHON)
        if root is None:
            return Debug(note=f"{PYTHON[0]}: skipped: {archive.why}")
        return Debug(program=str(root / "usr/bin/python3.11"), symbols=[str(root / "usr/lib/debug")], found=True,
                     note=f"Debian's {PYTHON[0]} and the python3.11 of its version")


def run(home, *command, cwd):
    environment = dict(os.environ, CC="ccache gcc" if shutil.which("ccache") else "gcc")
    with open(home / "log", "ab") as log:
        subprocess.run(["nice", *map(str, command)], cwd=cwd, check=True, stdout=log, stderr=log, env=environment)


def build_redis(source, home, archive):
    """With the system's libjemalloc, as Debian's is; its header is unpacked beside."""
    headers = archive.unpack(home / "jemalloc", ["libjemalloc-dev"])
    flags = f"-DUSE_JEMALLOC -DJEMALLOC_NO_DEMANGLE -I{headers}/usr/include"
    run(home, "make", "-C", "deps", "hiredis", "lua", "hdr_histogram", "linenoise", "CFLAGS=-O1", cwd=source)
    run(home, "make", "-C", "src", "redis-server", "MALLOC=libc", "OPTIMIZATION=-O1", "DEBUG=-g", f"CFLAGS={flags}",
        f"LDFLAGS=-Wl,--no-as-needed {JEMALLOC}", cwd=source)
    return source / "src/redis-server"


def build_nginx(source, home, _):
    run(home, "./configure", "--with-cc-opt=-O1 -g", "--with-ld-opt=-Wl,-E", "--without-http_rewrite_module",
        "--with-http_ssl_module", "--with-threads", cwd=source)
    run(home, "make", "-f", "objs/Makefile", "objs/nginx", cwd=source)
    return source / "objs/nginx"


def build_postgres(source, home, _):
    """The server alone; it runs with the files of the installed one."""
    run(home, "./configure", "--without-readline", "--prefix=/usr/lib/postgresql/15",
        "--datadir=/usr/share/postgresql/15", "--libdir=/usr/lib/postgresql/15/lib",
        "--with-system-tzdata=/usr/share/zoneinfo", "CFLAGS=-O1 -g", cwd=source)
    run(home, "make", "-C", "src/backend", "generated-headers", cwd=source)
    run(home, "make", "-C", "src/backend", "postgres", cwd=source)
    return source / "src/backend/postgres"
