"""The process whose heap is known: its programs, its dumps, and the truth beside them."""
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build/bench/heap"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
KINDS = ("other", "reachable", "leaked head", "leaked with", "leaked cycle", "tagged", "mapping", "register",
         "stack", "thread-local", "array", "base", "interior")  # as in ledger.h
LEAKED = {"leaked head", "leaked with", "leaked cycle"}
PRELOADS = {"jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4", "mimalloc": "libmimalloc.so.2"}
WRAPPED = ("malloc", "calloc", "realloc", "free", "memalign", "aligned_alloc", "posix_memalign")


@dataclass
class Variant:
    """A way to run the generator and to dump it."""
    name: str
    program: str = "heap-generator"
    env: dict = field(default_factory=dict)
    before: list = field(default_factory=list)  # words in front of the program: a loader
    dumper: str = "inquest"  # or "gcore"


def build(only=None):
    """Every way in which the generator is compiled, or those of some names. The plain one leaves malloc alone, for
    other tools."""
    WORK.mkdir(parents=True, exist_ok=True)
    source = ROOT / "bench/heap"
    inputs = [source / name for name in ("generator.cc", "ledger.cc", "ledger.h", "world.h",
                                             "types_of_world.h")]
    newest = max(path.stat().st_mtime for path in inputs)
    flags = ["g++", "-std=c++20", "-O2", "-g", "-pthread"]
    both = [str(source / "generator.cc"), str(source / "ledger.cc")]
    plain = [*flags, "-DWITHOUT_LEDGER", str(source / "generator.cc")]
    wraps = "-Wl," + ",".join(f"--wrap={name}" for name in WRAPPED)
    commands = {
        "heap-generator": [*flags, *both, "-ldl"],
        "heap-stripped": [*flags, "-s", *both, "-ldl"],
        "heap-static": [*flags, "-s", "-static", "-DLEDGER_WRAPS", wraps, *both],
        "heap-plain": plain,
        "heap-lsan": [*plain, "-fsanitize=leak"],
    }
    for name, command in commands.items():
        program = WORK / name
        if only and name not in only:
            continue
        if not program.exists() or program.stat().st_mtime < newest:
            subprocess.run([*command, "-o", str(program)], check=True)


def find_library(name):
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        if (pathlib.Path(folder) / name).exists():
            return str(pathlib.Path(folder) / name)
    return None


class Running:
    """The generator, standing still with all in place; ended at the end of the `with`."""

    def __init__(self, variant, blocks, truth=None, threads=4):
        command = [*variant.before, str(WORK / variant.program), "--blocks", str(blocks), "--threads", str(threads)]
        if truth:
            command += ["--truth", str(truth)]
        self.program = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **variant.env})
        self.name = variant.name

    def __enter__(self):
        if not self.program.stdout.readline().startswith(b"ready"):
            self.__exit__()
            sys.exit(f"the generator did not come up: {self.name}")
        self.wait_until_asleep()
        return self.program.pid

    def wait_until_asleep(self):
        """A thread that was woken from the last barrier, and did not run since, has stale registers."""
        for _ in range(3000):
            time.sleep(0.02)
            tasks = pathlib.Path(f"/proc/{self.program.pid}/task").glob("*/stat")
            if all(stat.read_text().rsplit(")", 1)[1].split()[0] == "S" for stat in tasks):
                return

    def __exit__(self, *_):
        self.program.send_signal(signal.SIGKILL)
        self.program.wait()
        self.program.stdout.close()


def make_dump(variant, blocks):
    """The core and the truth of a generator of so many blocks."""
    name = "".join(c if c.isalnum() else "-" for c in variant.name) + f"-{blocks}"
    core, truth = WORK / f"{name}.core", WORK / f"{name}.truth"
    core.unlink(missing_ok=True)
    with Running(variant, blocks, truth) as pid:
        command = ["gdb", "-p", str(pid), "-batch", "-ex", f"generate-core-file {core}"]
        if variant.dumper == "inquest":
            command = [INQUEST, "dump", str(pid), "-o", str(core)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not core.exists():
        sys.exit(f"{variant.name}: no dump: {done.stderr.strip()}")
    return core, truth


def read_truth(path):
    """Of live blocks: address -> (usable bytes, kind); and the addresses of freed ones."""
    live, freed = {}, set()
    for address, usable, kind, is_live, _type, _ in struct.iter_unpack("<QIBBBB", path.read_bytes()[16:]):
        if is_live:
            live[address] = (usable, KINDS[kind])
        else:
            freed.add(address)
    return live, freed


@dataclass
class Look:
    """What one run of inquest said and cost. The mapped core is not counted to the tool's own memory."""
    seconds: float
    cpu: float  # of all its threads: says more than the wall clock where others share the machine
    peak_mb: float
    status: int
    output: str
    errors: str


def run_inquest(*arguments):
    with tempfile.TemporaryFile(dir=WORK) as out, tempfile.TemporaryFile(dir=WORK) as err:
        start = time.perf_counter()
        child = subprocess.Popen([INQUEST, *arguments], stdout=out, stderr=err)
        peak = 0
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            try:
                text = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                peak = max(peak, int(text.split("RssAnon:")[1].split()[0]))
            except (OSError, IndexError):
                pass
            time.sleep(0.002)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Look(seconds, usage.ru_utime + usage.ru_stime, peak / 1024, child.returncode,
                    out.read().decode(), err.read().decode())


def best_of(runs, *arguments):
    """The shortest times, the highest peak, whatever the last one said."""
    looks = [run_inquest(*arguments) for _ in range(runs)]
    looks[-1].seconds = min(look.seconds for look in looks)
    looks[-1].cpu = min(look.cpu for look in looks)
    looks[-1].peak_mb = max(look.peak_mb for look in looks)
    return looks[-1]
