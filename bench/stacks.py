"""All stacks of a dead process: Inquest against gdb, lldb-19 and eu-stack, in one run.

Two inputs: (a) 200 threads about 60 frames deep with inlining; (b) a program with at least 300 MB
of DWARF. Wall seconds (median) and peak memory, Inquest cold (no compiled symbol cache) and with it.
Page cache warm for all. Usage: ./dev bench stacks [--runs N] [--only a|b]
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from measure import median_cost, run_once  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench/stacks"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
CACHE = WORK / "cache"
UNITS = 26
KINDS = 48  # message types a unit: 12 MB of DWARF


def call(*command, **keywords):
    subprocess.run([str(c) for c in command], check=True, **keywords)


def newer(target, *sources):
    return target.exists() and all(target.stat().st_mtime >= s.stat().st_mtime for s in sources)


def build_deep():
    source, program = ROOT / "bench/stacks/deep_threads.cc", WORK / "deep_threads"
    if not newer(program, source):
        call("g++", "-O2", "-g", "-std=c++20", "-pthread", source, "-o", program)
    return program


def build_big():
    """UNITS translation units, each with containers and handlers of KINDS types of its own."""
    template, program = ROOT / "bench/stacks/big_unit.cc.in", WORK / "big"
    if newer(program, template):
        return program
    print(f"building a program with 300 MB of DWARF ({UNITS} units, some minutes)...", flush=True)
    folder = WORK / "big.units"
    folder.mkdir(exist_ok=True)
    lines = ["rule cc\n command = ccache clang++-19 -std=c++20 -O0 -g -gdwarf-5 "
             "-c $in -o $out\n"
             "rule link\n command = clang++-19 -fuse-ld=lld-19 $in -o $out\n"]
    text = template.read_text()
    for n in range(UNITS):
        unit = folder / f"unit_{n}.cc"
        unit.write_text(text.replace("@NEXT@", str((n + 1) % UNITS)).replace("@N@", str(n))
                        .replace("@KINDS@", str(KINDS)))
        lines.append(f"build {folder}/unit_{n}.o: cc {unit}\n")
    main = folder / "main.cc"
    main.write_text("#include <map>\n#include <string>\n#include <vector>\n"
                    "namespace big { int unit_0(std::map<std::string, std::vector<int>>&, int); }\n"
                    "int main() { std::map<std::string, std::vector<int>> work; return big::unit_0(work, 16); }\n")
    lines.append(f"build {folder}/main.o: cc {main}\n")
    objects = " ".join(f"{folder}/unit_{n}.o" for n in range(UNITS))
    lines.append(f"build {program}: link {objects} {folder}/main.o\n")
    (folder / "build.ninja").write_text("".join(lines))
    call("ninja", "-C", folder, stdout=subprocess.DEVNULL)
    return program


def core_of(program):
    core = WORK / f"{program.name}.core"
    if not newer(core, program):
        subprocess.run([INQUEST, "run", "--core", str(core), "--no-verdict", "--", str(program)],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not core.exists():
        sys.exit(f"no core of {program}")
    return core


def debug_megabytes(program):
    text = subprocess.run(["readelf", "-SW", str(program)], capture_output=True, text=True).stdout
    total = 0
    for line in text.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 5 and words[1].startswith(".debug_"):
            total += int(words[5], 16)
    return total / 1e6


def compare(title, program, core, runs):
    env = dict(os.environ, XDG_CACHE_HOME=str(CACHE), DEBUGINFOD_URLS="")
    print(f"\n{title}\n  core {core.stat().st_size / 1e6:.0f} MB, DWARF {debug_megabytes(program):.0f} MB")
    inquest = [INQUEST, "stack", str(core), "--format", "json"]  # text folds recursion; JSON has every frame
    shutil.rmtree(CACHE, ignore_errors=True)
    costs = {"inquest, cold": median_cost(inquest + ["--no-symbol-cache"], runs, env=env)}
    compiled = run_once([INQUEST, "symbols", "compile", str(core)], env=env)
    if compiled.status != 0:
        print(f"  symbols compile failed: {compiled.errors.strip()}")
    costs["inquest, cached"] = median_cost(inquest, runs, env=env)
    peers = {
        "gdb": ["gdb", "-q", "-nx", "-batch", "-iex", "set pagination off", "-ex",
                "thread apply all bt", str(program), str(core)],
        "lldb-19": ["lldb-19", "-b", "-o", "bt all", "--core", str(core), str(program)],
        "eu-stack": ["eu-stack", "-s", "-i", "-n", "0", f"--core={core}", "-e", str(program)],
    }
    for name, command in peers.items():
        if shutil.which(command[0]):
            costs[name] = median_cost(command, max(1, runs // 2), env=env)
        else:
            print(f"  {name} is not installed: left out")
    for name, cost in costs.items():
        frames = cost.output.count('"pc":') or sum("#" in line for line in cost.output.splitlines())
        print(f"  {name:16} {cost.seconds:8.3f} s {cost.peak_mb:8.0f} MB   status {cost.status}, "
              f"{frames} frames")
    print(f"  compiling the cache: {compiled.seconds:.2f} s, {compiled.peak_mb:.0f} MB, once a build")
    for ours in ("inquest, cold", "inquest, cached"):
        ratios = [f"{costs[p].seconds / costs[ours].seconds:.1f}x {p}" for p in peers if p in costs]
        print(f"  {ours} is faster than: {', '.join(ratios)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["a", "b"])
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if options.only != "b":
        deep = build_deep()
        compare("(a) 200 threads, 60 frames deep, inlining", deep, core_of(deep), options.runs)
    if options.only != "a":
        big = build_big()
        compare("(b) a program with much debug information", big, core_of(big), options.runs)


if __name__ == "__main__":
    main()
