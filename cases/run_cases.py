#!/usr/bin/env python3
"""Runs the patients, takes their dumps, and judges what Inquest says against the ground truth.

    run_cases.py --build build/release/cases --inquest build/release/bin/inquest
    run_cases.py --build build/release/cases --verify-with-gdb     # are the cases themselves right?

A case is a folder with a truth.json (see README.md). Each of its runs is judged for every variant
that is found in the build folder. Needs python3 only; --verify-with-gdb needs gdb.
"""

import argparse
import concurrent.futures
import fnmatch
import glob
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from judging import Failure, judge, read_truths, verify_with_gdb

HERE = pathlib.Path(__file__).resolve().parent
VARIANTS = [f"{compiler}-{level}{debug}" for compiler in ("gcc", "clang") for level in ("O0", "O2")
            for debug in ("-g", "")]
# Signals whose default action writes a core (signal(7)); the kernel leaves none for the others.
CORE_SIGNALS = {"SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGFPE", "SIGSEGV", "SIGBUS", "SIGSYS"}


class Skipped(Exception):
    """Why a run cannot be judged here."""


# ---- Running a patient -------------------------------------------------------------------------


def kernel_core_problem():
    """Why the kernel would not leave a core in the working folder; None if it does."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern:
        return f"kernel.core_pattern is '{pattern}': set it to 'core' to use the kernel's cores"
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        return "the hard limit on the size of cores (ulimit -Hc) is 0"
    return None


def threads_of(pid):
    """Of each thread: whether it could run, and the nanoseconds that it ran."""
    threads = {}
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        try:
            state = (task / "stat").read_text().rpartition(")")[2].split()[0]
            threads[task.name] = (state == "R", int((task / "schedstat").read_text().split()[0]))
        except (OSError, IndexError, ValueError):
            continue  # it has just ended
    return threads


def settle(pid, seconds):
    """Sleeps, and on a busy machine until each thread that could run has had half of that time for it."""
    before = threads_of(pid)
    for _ in range(50):
        time.sleep(seconds)
        if not any(could_run and ran - before.get(name, (False, 0))[1] < seconds * 1e9 / 2
                   for name, (could_run, ran) in threads_of(pid).items()):
            return


def run_patient(command, truth, folder, timeout):
    """Runs `command` to its end, with the truth's stimulus if it has one. Gives its return code."""
    # libc's last words go to the terminal unless told otherwise.
    environment = {**os.environ, "LIBC_FATAL_STDERR_": "1", **truth["env"]}
    stimulus = truth["stimulus"]
    with open(folder / "stderr", "wb") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
    late = threading.Event()

    def give_up():
        late.set()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    timer = threading.Timer(timeout, give_up)
    timer.start()
    try:
        for line in process.stdout:
            text = line.decode(errors="replace")
            if stimulus and text.startswith(stimulus["after"]):
                pid = re.search(r"pid=(\d+)", text)
                if not pid:
                    raise Failure(f"'{text.strip()}' names no pid")
                settle(int(pid.group(1)), stimulus.get("settle_ms", 300) / 1000)
                os.kill(int(pid.group(1)), getattr(signal, stimulus["send"]))
                stimulus = None
        code = process.wait()
    except ProcessLookupError:
        raise Failure(f"it was gone before {truth['stimulus']['send']} could be sent") from None
    finally:
        timer.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
    if late.is_set():
        raise Failure(f"still running after {timeout} s", "hangs")
    return code


def run_for_kernel_core(program, truth, folder, timeout):
    """The core's path, or None where there is to be none. The program has ended as it should."""
    code = run_patient([program, *truth["args"]], truth, folder, timeout)
    wanted = -getattr(signal, truth["signal"]) if truth["signal"] else 0
    if code != wanted:
        said = last_words(folder)
        raise Failure(f"ended with {describe(code)}, not {describe(wanted)}{said}", describe(code))
    if truth["signal"] not in CORE_SIGNALS:
        return None
    cores = glob.glob(str(folder / "core*"))
    if not cores:
        raise Failure("the kernel left no core", "no core")
    return cores[0]


def run_for_inquest_core(inquest, program, truth, folder, timeout):
    core = folder / "inquest.core"  # "core" would be the kernel's
    command = [inquest, "run", "--core", str(core), "--no-verdict", "--", program, *truth["args"]]
    run_patient(command, truth, folder, timeout)
    if truth["signal"] is None:
        if core.exists():
            raise Failure("a core of a program that should have ended by itself", "core")
        return None
    if core.exists():
        return str(core)
    if truth["signal"] in CORE_SIGNALS:
        raise Failure(f"`inquest run` left no core{last_words(folder)}", "no core")
    return None


def describe(code):
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def last_words(folder):
    lines = (folder / "stderr").read_text(errors="replace").strip().splitlines()
    return f" ({lines[-1][:160]})" if lines else ""


# ---- The matrix --------------------------------------------------------------------------------


class Examination:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="inquest-cases-"))
        self.kernel_cores = options.kernel_cores or options.verify_with_gdb
        if not self.kernel_cores and not self.inquest_can_run():
            print("inquest has no verb `run`: using the kernel's cores", file=sys.stderr)
            self.kernel_cores = True
        if self.kernel_cores and (problem := kernel_core_problem()):
            sys.exit(f"run_cases.py: {problem}")
        # Inherited by the patients. Without need of the kernel's cores we do not pay for them.
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard if self.kernel_cores else 0, hard))

    def inquest_can_run(self):
        probe = subprocess.run([self.options.inquest, "run", "--help"], capture_output=True,
                               check=False)
        return probe.returncode == 0

    def examine(self, run, variant):
        """(short word for the table, explanation)"""
        truth = run.for_variant(variant)
        program = str(self.options.build / variant / run.case)
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{run.case}-", dir=self.folder))
        try:
            self.examine_in(folder, program, truth, variant, run)
            return "ok", ""
        except Failure as failure:
            return failure.short, str(failure)
        except Skipped as skipped:
            return "-", str(skipped)
        except Exception as error:  # one broken run must not end the table
            return "ERROR", f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def examine_in(self, folder, program, truth, variant, run):
        if self.kernel_cores:
            core = run_for_kernel_core(program, truth, folder, self.options.timeout)
        else:
            core = run_for_inquest_core(self.options.inquest, program, truth, folder,
                                        self.options.timeout)
        if core is None:
            if truth["signal"] and not self.options.verify_with_gdb:
                raise Skipped(f"no core is left after {truth['signal']}")
            return
        if self.options.verify_with_gdb:
            verify_with_gdb(program, core, truth)
        else:
            self.ask_inquest(core, truth, variant, run)
        self.keep(core, f"{run.title}-{variant}.core")

    def ask_inquest(self, core, truth, variant, run):
        command = [self.options.inquest, "why", core, "--format", "json"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL, timeout=self.options.timeout)
        if answer.returncode != 0:
            self.keep(core, f"{run.title}-{variant}.core")
            raise Failure(f"`inquest why` ended with {describe(answer.returncode)}: "
                          f"{answer.stderr.strip()[-300:]}", describe(answer.returncode))
        try:
            judge(json.loads(answer.stdout), truth, variant.endswith("-g"))
        except Failure:
            self.keep_text(answer.stdout, f"{run.title}-{variant}.json")
            self.keep(core, f"{run.title}-{variant}.core")
            raise
        self.keep_text(answer.stdout, f"{run.title}-{variant}.json")

    def keep(self, path, name):
        if self.options.keep and os.path.exists(path):
            shutil.move(path, self.options.keep / name.replace("/", "-"))

    def keep_text(self, text, name):
        if self.options.keep:
            (self.options.keep / name.replace("/", "-")).write_text(text)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def print_table(runs, variants, results):
    width = max(len(run.title) for run in runs)
    rows = {run.title: [results.get((run.title, v), ("", ""))[0] for v in variants] for run in runs}
    columns = [max(map(len, column)) for column in zip(variants, *rows.values())]
    for title, cells in {"": variants, **rows}.items():
        line = [title.ljust(width)] + [cell.ljust(c) for cell, c in zip(cells, columns)]
        print("  ".join(line).rstrip())


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, metavar="DIR",
                        help="where the variants are: DIR/gcc-O0-g/null-member")
    parser.add_argument("--inquest", metavar="PATH", help="the program to be judged")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only cases that match")
    parser.add_argument("--variants", default=",".join(VARIANTS), metavar="LIST",
                        help="comma separated; patterns such as gcc-* are fine")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS",
                        help="for each step")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR",
                        help="keep the cores and the reports here")
    parser.add_argument("--table", action="store_true", help="print cases x variants at the end")
    parser.add_argument("--kernel-cores", action="store_true",
                        help="take the kernel's cores, not those that `inquest run` writes")
    parser.add_argument("--verify-with-gdb", action="store_true",
                        help="judge the cases, not Inquest: signal, address and frames by gdb")
    options = parser.parse_args()
    if not options.verify_with_gdb and not options.inquest:
        parser.error("one of --inquest and --verify-with-gdb is needed")
    options.build = options.build.resolve()
    if options.inquest:
        options.inquest = shutil.which(options.inquest) or sys.exit(f"no program {options.inquest}")
        options.inquest = os.path.abspath(options.inquest)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


def main():
    options = parse_options()
    patterns = options.variants.split(",")
    variants = [v for v in VARIANTS if any(fnmatch.fnmatchcase(v, p) for p in patterns)]
    variants = [v for v in variants if (options.build / v).is_dir()]
    runs = [run for run in read_truths(HERE) if re.search(options.filter, run.title)]
    work = [(run, v) for run in runs for v in variants if (options.build / v / run.case).exists()]
    if not work:
        sys.exit(f"run_cases.py: nothing to run in {options.build}: build the target `cases` first")

    examination = Examination(options)
    results = {}
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            pending = {pool.submit(examination.examine, run, v): (run, v) for run, v in work}
            for done in concurrent.futures.as_completed(pending):
                run, variant = pending[done]
                results[(run.title, variant)] = short, text = done.result()
                if short not in ("ok", "-"):
                    print(f"{run.title} ({variant}): {text}", flush=True)
    finally:
        examination.close()

    if options.table:
        print_table(runs, variants, results)
    words = [short for short, _ in results.values()]
    missing = len(runs) * len(variants) - len(work)
    if missing:
        print(f"{missing} not built")
    if "-" in words:
        print(f"{words.count('-')} skipped: no core is left after such a signal")
    failed = sum(word not in ("ok", "-") for word in words)
    print(f"{words.count('ok')} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
