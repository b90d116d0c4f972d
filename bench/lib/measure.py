"""Runs a command and says what it cost: wall and processor seconds, peak memory of its largest process."""
import os
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass


@dataclass
class Cost:
    seconds: float
    peak_mb: float
    status: int
    output: str
    errors: str = ""
    cpu: float = 0  # seconds of all its threads: says more than the wall where others share the machine


def run_once(command, timeout=600, env=None, limit_bytes=None, keep_output=True):
    """Waits by wait4, so that the figures are the kernel's own for this child (and those it waited
    for). status is negative for a signal, None for a time-out."""
    def prepare():
        os.setsid()
        if limit_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env,
                                 preexec_fn=prepare)
        timed_out = threading.Event()

        def give_up():
            timed_out.set()
            os.killpg(child.pid, 9)

        timer = threading.Timer(timeout, give_up)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        text = errors = ""
        if keep_output:
            out.seek(0)
            err.seek(0)
            text = out.read().decode("utf-8", "replace")
            errors = err.read().decode("utf-8", "replace")
    return Cost(seconds, usage.ru_maxrss / 1024, None if timed_out.is_set() else child.returncode, text, errors,
                usage.ru_utime + usage.ru_stime)


def median_cost(command, runs, before=None, **keywords):
    """The run of median wall time out of `runs`; `before` is called ahead of each."""
    costs = []
    for _ in range(runs):
        if before:
            before()
        costs.append(run_once(command, **keywords))
    middle = statistics.median_low(cost.seconds for cost in costs)
    best = next(cost for cost in costs if cost.seconds == middle)
    best.peak_mb = max(cost.peak_mb for cost in costs)
    return best
