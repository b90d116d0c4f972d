"""What fills the heaps of real servers, and how much of them is accounted for.

redis, postgres, nginx, python3 and node (servers/start.py) get work; a process of each is dumped, and `inquest objects`
says what its blocks are. Where debug information can be had (census/debug.py), at least 90 % of the bytes in use must
be typed, text, or held by one that has a name. docs/census.md has the figures and a look by hand at the top ten.
Usage: ./dev bench census [NAME...] [--keep] [--markdown] [--plain]
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench/servers"), str(ROOT / "bench/census")]
import debug  # noqa: E402
import start  # noqa: E402

WORK = ROOT / "build/bench/census"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
LEAST = 0.9  # of the bytes in use, where debug information is there
TOP = 10


def inquest(*arguments):
    done = subprocess.run([INQUEST, *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"inquest {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def share(part, whole):
    return f"{100 * part / max(whole, 1):.1f} %"


class Report:
    def __init__(self, markdown):
        self.markdown, self.rows, self.wrong = markdown, [], 0

    def process(self, what, answer, supplied):
        all_bytes, explained = answer["explained"]["bytes"], answer["explained"]
        print(f"\n{what}: {answer['totals']['blocks']:,} blocks, {all_bytes:,} bytes in use; {supplied.note}")
        for line in answer["census"][:TOP]:
            how = max(line["how"], key=line["how"].get)
            print(f"  {line['bytes']:>12,} {share(line['bytes'], all_bytes):>7} {line['blocks']:>9,} blocks  "
                  f"{how if 'type' in line else '':13}  {line.get('type', '(not known)')}")
        print("  held by:")
        for one in explained["holders"][:TOP]:
            print(f"  {one['bytes']:>12,} {share(one['bytes'], all_bytes):>7} {one['blocks']:>9,} blocks  {one['name']}")
        for kind, most in (("together", 5), ("nameless", 3)):
            for one in explained[kind][:most]:
                print(f"  {one['bytes']:>12,} {share(one['bytes'], all_bytes):>7} {one['blocks']:>9,} blocks  "
                      f"{kind}: {one['name']}")
        sum_of = all_bytes - explained["unknown"]
        good = not supplied.found or sum_of >= LEAST * all_bytes
        self.wrong += not good
        row = [share(explained[part], all_bytes) for part in ("typed", "text", "held", "shared", "unnamed", "lost")]
        self.rows.append((what, "yes" if supplied.found else "no", f"{all_bytes:,}", *row, share(sum_of, all_bytes)))
        print(f"  {'' if good else 'NOT enough: '}typed {row[0]}, text {row[1]}, held by one {row[2]}, by several {row[3]}, "
              f"by what has no name {row[4]}, by nobody {row[5]}: accounted for {share(sum_of, all_bytes)}")

    def table(self):
        head = ("process", "debug information", "bytes in use", "typed", "text", "held by one", "by several", "no name", "lost",
                "accounted for")
        if self.markdown:
            print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
            for row in self.rows:
                print("| " + " | ".join(row) + " |")
            return
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(len(head))]
        print()
        for row in [head, *self.rows]:
            print("  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)))


def look_at(what, pid, supplied, options, report):
    core = WORK / f"{what.replace(', ', '-').replace(' ', '-')}.core"
    os.kill(pid, signal.SIGSTOP)
    inquest("dump", str(pid), "-o", str(core))
    os.kill(pid, signal.SIGCONT)
    places = [word for place in supplied.symbols for word in ("--symbols", place)]
    report.process(what, json.loads(inquest("objects", str(core), *places, "--format", "json")), supplied)
    if options.keep:
        print(f"  kept: inquest objects {core} {' '.join(places)}")
    else:
        core.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="of " + ", ".join(kind.name for kind in start.ALL))
    parser.add_argument("--keep", action="store_true", help="keep the cores in build/bench/census")
    parser.add_argument("--markdown", action="store_true", help="the last table as the documents have it")
    parser.add_argument("--plain", action="store_true", help="the installed programs, without debug information")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    start.Redis.KEYS = 30_000
    supply, report, versions = debug.Supply(WORK), Report(options.markdown), []
    for kind in start.ALL:
        if options.names and kind.name not in options.names:
            continue
        if not kind.find():
            print(f"{kind.name}: skipped, it is not installed")
            continue
        supplied = debug.Debug(note="as installed") if options.plain else supply.of(kind.name)
        kind.instead = supplied.program
        with kind(WORK) as server:
            versions.append(server.version)
            for what, pid in server.processes:
                look_at(what, pid, supplied, options, report)
    report.table()
    print(f"\n{time.strftime('%Y-%m-%d')}; {'; '.join(versions)}")
    print("all as it must be" if report.wrong == 0 else f"NOT all as it must be: {report.wrong}")
    return report.wrong != 0


if __name__ == "__main__":
    sys.exit(main())
