"""Causes and stacks of the real dumps in the folder of fixtures, and whether they are what is known of them.

Where Breakpad's own walk is beside a dump (NAME.stackwalk.out), the stacks are compared with it frame by frame: pc,
module, function, file and line.
The folder is ../shared/fixtures beside the project, or INQUEST_FIXTURES. Usage: ./dev bench fixtures
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench/lib"))
import stackwalk  # noqa: E402

INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
FIXTURES = pathlib.Path(os.environ.get("INQUEST_FIXTURES", ROOT.parent / "shared/fixtures"))

# dump, options, causes, functions (or modules) of the dying thread innermost first, threads
KNOWN = [
    ("sentry-windows-x86/windows.dmp", ["--image", "sentry-windows-x86"], ["null-dereference"],
     ["crash", "start", "main", "invoke_main", "__scrt_common_main_seh", "kernel32.dll"], 4),
    ("lldb-windows-x64/sigsegv.dmp", ["--symbols", "lldb-windows-x64"], ["null-dereference"],
     ["crash", "foo", "main", "mainCRTStartup", "kernel32.dll"], 1),
    ("breakpad-x86/minidump2.dmp", ["--symbols", "breakpad-x86/symbols"], ["null-dereference"],
     ["CrashFunction", "main", "__tmainCRTStartup", "BaseProcessStart"], 2),
    ("breakpad-x86/stack_exhaustion.dmp", [], ["stack-overflow"], ["crashme.exe", "crashme.exe"], 2),
    ("breakpad-x64/tiny-exe-fastfail.dmp", [], ["abort"], ["tiny.exe"], 4),
    ("breakpad-linux/linux_null_dereference.dmp", [], ["null-dereference"], ["driver", "driver"], 1),
    ("orbit-linux-x64/hello_ggp_stand.core.dmp", [], ["killed"], ["libpthread.so.0"], 45),
]

def frame_text(frame):
    place = frame.get("function") or f"{frame.get('module') or '?'}+{frame.get('offset') or frame['pc']}"
    file = stackwalk.base_name(frame.get("file"))
    line = f" ({file}:{frame['line']})" if frame.get("line") else ""
    trust = "" if frame["trust"] in ("context", "cfi", "pe") else f"  [{frame['trust']}, {frame['confidence']:.0%}]"
    return place + line + trust


def judge(report, causes, wanted, threads):
    wrong = []
    if report["verdict"]["cause"] not in causes:
        wrong.append(f"cause {report['verdict']['cause']}, not {' or '.join(causes)}")
    if len(report["threads"]) != threads:
        wrong.append(f"{len(report['threads'])} threads, not {threads}")
    empty = sum(not t["frames"] for t in report["threads"])
    if empty:
        wrong.append(f"{empty} threads without frames")
    frames = next((t["frames"] for t in report["threads"] if t["crashed"]), [])
    at = 0
    for name in wanted:
        found = next((i for i in range(at, len(frames))
                      if re.search(rf"(^|[:\W]){re.escape(name)}($|\W)",
                                   frames[i].get("function") or frames[i].get("module") or "")), None)
        if found is None:
            wrong.append(f"no frame of {name}")
            break
        at = found + 1
    return wrong, frames


def compare_with_breakpad(dump, report):
    """How many frames differ."""
    walk = dump.with_suffix(".stackwalk.out")
    if not walk.exists():
        return 0
    theirs = stackwalk.parse(walk.read_text())
    # Breakpad prints the thread that died first, and leaves out the one that wrote the dump.
    ours = sorted(report["threads"], key=lambda t: not t["crashed"])
    different = 0
    for i, thread in enumerate(theirs):
        found = stackwalk.differences(thread, ours[i]["frames"]) if i < len(ours) else ["we have no such thread"]
        print(f"  {walk.name}, thread {i}: {len(thread)} frames, {len(found)} differences")
        for line in found:
            print(f"    {line}")
        different += len(found)
    for thread in ours[len(theirs):]:
        print(f"  {walk.name} has no thread {thread['id']}: Breakpad leaves out the thread that wrote the dump")
    return different


def main():
    if not FIXTURES.is_dir():
        print(f"skipped: {FIXTURES} is not there (INQUEST_FIXTURES names another)")
        return 0
    bad = 0
    for dump, options, causes, wanted, threads in KNOWN:
        options = [o if o.startswith("--") else str(FIXTURES / o) for o in options]
        done = subprocess.run([INQUEST, "why", str(FIXTURES / dump), "--format", "json", *options],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            print(f"{dump}: {done.stderr.strip()}")
            bad += 1
            continue
        report = json.loads(done.stdout)
        wrong, frames = judge(report, causes, wanted, threads)
        bad += bool(wrong)
        verdict = report["verdict"]
        print(f"\n{dump}: {'; '.join(wrong) or 'as known'}\n  {verdict['cause']} ({verdict['confidence']:.0%}): "
              f"{verdict['summary']}")
        for frame in frames[:8]:
            print(f"    {frame_text(frame)}")
        for thread in report["threads"]:
            if not thread["crashed"] and len(report["threads"]) <= 4:
                print(f"    thread {thread['id']}: " + " < ".join(frame_text(f) for f in thread["frames"][:6]))
        bad += bool(compare_with_breakpad(FIXTURES / dump, report))
    print(f"\n{len(KNOWN)} dumps, {bad} not as known")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
