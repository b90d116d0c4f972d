#!/usr/bin/env python3
"""Builds the patients for Windows, lets them die under Wine, and judges what Inquest says of their dumps.

    run_windows_cases.py --inquest build/release/bin/inquest --work build/release/windows-cases [CASE...]

Needs clang-19, lld-19, the import libraries of mingw-w64 and wine64; ends with 77 (skipped) without.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = pathlib.Path("/usr/x86_64-w64-mingw32/lib")
# What a symbol server of Windows would give.
SYSTEM = pathlib.Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
IMPORTS = [LIBRARIES / "libkernel32.a", LIBRARIES / "libdbghelp.a"]
LEVELS = ["O0", "O2"]


class Failure(Exception):
    pass


def tool(*names):
    return next((path for name in names if (path := shutil.which(name))), None)


SOURCES = "https://git.example.com/inquest/4f2a"  # what the PDBs say, by Source Link

CLANG, LINK, WINE = tool("clang++-19"), tool("lld-link-19"), tool("wine64", "/usr/lib/wine/wine64", "wine")
MINGW, PDBUTIL = tool("x86_64-w64-mingw32-g++", "x86_64-w64-mingw32-g++-posix"), tool("llvm-pdbutil-19")


def call(*command, **keywords):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=180, **keywords)
    if done.returncode != 0:
        raise Failure(f"{pathlib.Path(str(command[0])).name} failed: {done.stderr.strip()[-400:]}")
    return done.stdout


# ---- Building ----------------------------------------------------------------------------------


def build(case, level, folder, defines=()):
    """PROGRAM.exe, .pdb and .map in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in (HERE / "runtime/runtime.cc", HERE / case / "main.cc"):
        target = folder / (source.stem + ".obj")
        call(CLANG, "--target=x86_64-pc-windows-msvc", "-std=c++20", "-ffreestanding", "-g", "-gcodeview", f"-{level}",
             "-fexceptions", "-fcxx-exceptions", "-fasynchronous-unwind-tables", "-fno-optimize-sibling-calls", "-Wall", "-Werror", *defines, "-c", source, "-o", target)
        objects.append(target)
    program = folder / "patient.exe"
    link = folder / "link.json"
    link.write_text(json.dumps({"documents": {f"{HERE}/*": f"{SOURCES}/*"}}))
    call(LINK, "/debug", "/map", "/pdbaltpath:patient.pdb", f"/pdbstream:sourcelink={link}", "/entry:start", "/subsystem:console", "/nodefaultlib", *objects, f"/out:{program}",
         *IMPORTS)
    return program


def build_with_dwarf(case, folder):
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "patient.exe"
    call(MINGW, "-std=c++20", "-O1", "-g", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-nostdlib", "-w",
         "-Wl,-e,start", HERE / "runtime/runtime.cc", HERE / case / "main.cc", "-o", program, "-lkernel32", "-ldbghelp")
    return program


def overwrite_identity(program, target):
    """As protectors do: the record that names the PDB loses its GUID."""
    data = bytearray(program.read_bytes())
    at = data.find(b"RSDS")
    if at < 0:
        raise Failure("no CodeView record in the executable")
    data[at + 4:at + 20] = bytes(16)
    target.write_bytes(data)


def write_sym(program, target):
    """Breakpad's text from what llvm-pdbutil prints of the PDB: procedures and public symbols."""
    text = call(PDBUTIL, "dump", "-symbols", "-publics", "-section-headers", program.with_suffix(".pdb"))
    summary = call(PDBUTIL, "dump", "-summary", program.with_suffix(".pdb"))
    guid = re.search(r"GUID: \{([0-9A-F-]+)\}", summary)[1].replace("-", "")
    age = int(re.search(r"Age: (\d+)", summary)[1])
    bases = [int(value, 16) for value in re.findall(r"^\s*([0-9A-F]+) virtual address", text, re.M)]
    lines = [f"MODULE windows x86_64 {guid}{age:X} patient.pdb"]
    for match in re.finditer(r"S_[GL]PROC32 \[size = \d+\] `([^`]*)`.*?addr = (\d+):(\d+), code size = (\d+)", text,
                             re.S):
        address = bases[int(match[2]) - 1] + int(match[3])
        lines.append(f"FUNC {address:x} {int(match[4]):x} 0 {match[1]}")
    for match in re.finditer(r"S_PUB32 \[size = \d+\] `([^`]*)`\s+flags = function, addr = (\d+):(\d+)", text):
        lines.append(f"PUBLIC {bases[int(match[2]) - 1] + int(match[3]):x} 0 {match[1]}")
    target.mkdir(parents=True, exist_ok=True)
    place = target / "patient.pdb" / f"{guid}{age:X}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "patient.sym").write_text("\n".join(lines) + "\n")


# ---- Dying -------------------------------------------------------------------------------------


def die(program, dump, memory, prefix):
    dump.unlink(missing_ok=True)
    environment = dict(os.environ, WINEPREFIX=str(prefix), WINEDEBUG="-all", DISPLAY="")
    command = [WINE, f"./{program.name}", dump.name] + ([memory] if memory != "mini" else [])
    ended = []
    for _ in range(3):  # on a busy machine Wine's server is sometimes late, or ends a program that just began
        try:
            done = subprocess.run(command, cwd=program.parent, env=environment, capture_output=True, text=True,
                                  timeout=60)
            if done.returncode == 3 and dump.exists():
                return
            ended.append(f"ended with {done.returncode} {done.stderr.strip()[-200:]}".strip())
        except subprocess.TimeoutExpired:
            ended.append("did not die within a minute")
        dump.unlink(missing_ok=True)
    raise Failure("no dump; the patient " + ", then ".join(ended))


# ---- Judging -----------------------------------------------------------------------------------


def why(inquest, dump, *options):
    environment = {k: v for k, v in os.environ.items() if k not in ("INQUEST_SYMBOL_PATH", "_NT_SYMBOL_PATH")}
    done = subprocess.run([inquest, "why", str(dump), "--format", "json", *map(str, options)], capture_output=True,
                          text=True, timeout=60, env=environment)
    if done.returncode != 0:
        raise Failure(f"inquest ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def is_function(frame, wanted):
    name = re.sub(r"<.*?>", "", frame.get("function") or "")
    return re.search(rf"(^|[:\s*&`]){re.escape(wanted)}($|[(@\s])", name) is not None


def require_frames(report, truth):
    crashed = next((t["frames"] for t in report["threads"] if t.get("crashed")), [])
    at = 0
    for wanted in truth["frames"]:
        found = next((i for i in range(at, len(crashed)) if is_function(crashed[i], wanted)), None)
        if found is None:
            raise Failure(f"no frame of {wanted} in {[f.get('function') or f['pc'] for f in crashed[:12]]}")
        at = found + 1
    others = [t["frames"] for t in report["threads"] if not t.get("crashed")]
    for wanted in truth.get("other_frames", []):
        found = next((frames for frames in others if any(is_function(f, wanted) for f in frames)), None)
        if found is None:
            raise Failure(f"no thread in {wanted}")
        others.remove(found)


def judge(report, truth, symbols):
    verdict = report["verdict"]
    causes = truth["cause"]
    if symbols in ("none", "mismatched"):
        causes = truth.get("without_symbols", causes)
    if verdict["cause"] not in causes:
        raise Failure(f"{verdict['cause']}, not {' or '.join(causes)}: {verdict['summary']}")
    if truth["exception"] and not re.search(truth["exception"], report["fault"].get("exception") or ""):
        raise Failure(f"exception {report['fault'].get('exception')}")
    own = [m for m in report["modules"] if m["name"].lower().endswith("patient.exe")]
    if symbols in ("none", "mismatched"):
        invented = [f["function"] for t in report["threads"] for f in t["frames"]
                    if f.get("function") and (f.get("module") or "").lower() == "patient.exe"]
        if invented:
            raise Failure(f"names without symbols: {invented[:3]}")
        if symbols == "mismatched" and own[0]["symbols"] != "mismatched":
            raise Failure(f"the PDB of another build is {own[0]['symbols']}")
        return
    require_frames(report, truth)
    if symbols in ("pdb", "dwarf"):
        text = json.dumps(verdict)
        for pattern in truth["expect"]:
            if not re.search(pattern, text, re.I):
                raise Failure(f"says nothing of /{pattern}/: {verdict['summary']}")
        crashed = next((t["frames"] for t in report["threads"] if t.get("crashed")), None)
        if symbols == "pdb" and crashed and not any(
                (f.get("source_url") or "").startswith(SOURCES) and f["source_url"].endswith("/main.cc") for f in crashed):
            raise Failure("no frame says where the source of main.cc is")
        if crashed and not any((f.get("file") or "").endswith("main.cc") and f.get("line") for f in crashed):
            raise Failure("no source line of main.cc")


def run_case(inquest, case, level, work, prefix, every):
    """Yields (what, None or what is wrong)."""
    truth = json.loads((HERE / case / "truth.json").read_text())
    memories = truth.get("memory", ["mini", "full"] if every or level == "O2" else ["mini"])
    folder = work / f"{case}-{level}"
    shutil.rmtree(folder, ignore_errors=True)
    results = []

    def judged(what, dump, symbols, *options):
        try:
            judge(why(inquest, dump, *options), truth, symbols)
            results.append((f"{case} -{level} {what}", None))
        except Failure as failure:
            results.append((f"{case} -{level} {what}", str(failure)))

    try:
        program = build(case, level, folder / "build")
        pdb, image, maps = folder / "pdb", folder / "image", folder / "map"
        for path, files in ((pdb, [".pdb"]), (image, [".exe"]), (maps, [".map"])):
            path.mkdir()
            for suffix in files:
                shutil.copy2(program.with_suffix(suffix), path)
        write_sym(program, folder / "sym")
        dumps = {memory: folder / f"{memory}.dmp" for memory in memories}
        for memory, dump in dumps.items():
            die(program, folder / "build" / dump.name, memory, prefix)
            shutil.move(folder / "build" / dump.name, dump)
        shutil.rmtree(folder / "build")  # it would be found: the dump names its path
        for memory, dump in dumps.items():
            judged(f"{memory} pdb", dump, "pdb", "--symbols", pdb, "--image", image, "--image", SYSTEM)
            judged(f"{memory} sym", dump, "sym", "--symbols", folder / "sym", "--image", image, "--image", SYSTEM)
            judged(f"{memory} map", dump, "map", "--symbols", maps, "--image", image, "--image", SYSTEM)
            judged(f"{memory} none", dump, "none")
    except Failure as failure:
        results.append((f"{case} -{level}", str(failure)))
    if not any(wrong for _, wrong in results):
        shutil.rmtree(folder)  # full dumps are of 100 MB
    return results


def run_special(inquest, work, prefix):
    """The null member as other people's builds leave it."""
    truth = json.loads((HERE / "null-member/truth.json").read_text())
    results = []

    def attempt(what, action):
        folder = work / what
        shutil.rmtree(folder, ignore_errors=True)
        try:
            action(folder)
            results.append((f"null-member {what}", None))
        except Failure as failure:
            results.append((f"null-member {what}", str(failure)))

    def dwarf(folder):
        program = build_with_dwarf("null-member", folder / "build")
        die(program, folder / "build/mini.dmp", "mini", prefix)
        judge(why(inquest, folder / "build/mini.dmp", "--image", folder / "build"), truth, "dwarf")

    def overwritten(folder):
        program = build("null-member", "O2", folder / "store")
        (folder / "shipped").mkdir()
        overwrite_identity(program, folder / "shipped/patient.exe")
        die(folder / "shipped/patient.exe", folder / "shipped/mini.dmp", "mini", prefix)
        shutil.move(folder / "shipped/mini.dmp", folder / "mini.dmp")
        shutil.rmtree(folder / "shipped")
        report = why(inquest, folder / "mini.dmp", "--symbols", folder / "store")
        judge(report, truth, "pdb")
        module = next(m for m in report["modules"] if m["name"].lower().endswith("patient.exe"))
        if module["symbols"] != "full":  # Wine's dumps have no GUIDs: by time stamp and size alone
            raise Failure(f"its symbols are {module['symbols']}")

    def unnamed(folder):
        """Dumped by somebody who did not know of the exception, while the filter of the dying thread ran."""
        program = build("null-member", "O0", folder / "build")
        die(program, folder / "build/unnamed.dmp", "unnamed", prefix)
        report = why(inquest, folder / "build/unnamed.dmp", "--symbols", folder / "build")
        judge(report, truth, "pdb")
        if not any("was found on its stack" in warning["what"] for warning in report["warnings"]):
            raise Failure("does not say where the exception is from")

    def another(folder):
        program = build("null-member", "O2", folder / "build")
        other = build("null-this", "O2", folder / "other")
        die(program, folder / "build/mini.dmp", "mini", prefix)
        (folder / "symbols").mkdir()
        shutil.copy2(other.with_suffix(".pdb"), folder / "symbols")
        shutil.move(folder / "build/mini.dmp", folder / "mini.dmp")
        shutil.copytree(folder / "build", folder / "image", ignore=shutil.ignore_patterns("*.pdb", "*.map"))
        shutil.rmtree(folder / "build")
        judge(why(inquest, folder / "mini.dmp", "--image", folder / "image", "--symbols", folder / "symbols"), truth, "mismatched")

    if MINGW:
        attempt("dwarf", dwarf)
    attempt("overwritten", overwritten)
    attempt("another-build", another)
    attempt("unnamed-exception", unnamed)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inquest", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--every", action="store_true", help="full memory at -O0 too: each is 190 MB")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    if not (CLANG and LINK and WINE and PDBUTIL) or not all(path.exists() for path in IMPORTS):
        print("skipped: clang-19, lld-19, llvm-19, wine64 and mingw-w64's import libraries are needed")
        return 77
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    prefix = work / "wine"
    quiet = dict(os.environ, WINEPREFIX=str(prefix), WINEDEBUG="-all", DISPLAY="")
    try:  # a first start makes the folder of Windows; whatever ails Wine shows here
        subprocess.run([WINE, "wineboot", "-i"], env=quiet, capture_output=True, timeout=180)
        alive = subprocess.run([WINE, "cmd", "/c", "exit 7"], env=quiet, capture_output=True, timeout=120).returncode
    except subprocess.TimeoutExpired:
        alive = None
    if alive != 7:
        print(f"skipped: Wine does not run here (`{WINE} cmd /c exit 7` ended with {alive})")
        return 77
    cases = options.cases or sorted(path.parent.name for path in HERE.glob("*/truth.json"))
    inquest = str(options.inquest.resolve())
    results = []
    with concurrent.futures.ThreadPoolExecutor(3 * os.cpu_count()) as pool:  # Wine mostly waits
        jobs = [pool.submit(run_case, inquest, case, level, work, prefix, options.every) for case in cases for level in LEVELS]
        if not options.cases:
            jobs.append(pool.submit(run_special, inquest, work, prefix))
        for job in jobs:
            results += job.result()
    subprocess.run([WINE, "wineboot", "-k"], env=quiet, capture_output=True, timeout=180)
    failed = [(what, wrong) for what, wrong in results if wrong]
    for what, wrong in failed:
        print(f"FAILED {what}: {wrong}")
    print(f"{len(results)} judged, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
