"""What a case's truth.json says, and whether Inquest (or gdb) says the same."""
import dataclasses
import fnmatch
import json
import re
import subprocess

DEFAULTS = {"args": [], "env": {}, "stimulus": None, "crash_function": None, "within": 8,
            "other_frames": [], "fault_address": None, "expect": [], "forbid": [], "variants": {}}


class Failure(Exception):
    """What is wrong with a run, in a sentence."""

    def __init__(self, text, short="FAILED"):
        super().__init__(text)
        self.short = short


# ---- The truth ---------------------------------------------------------------------------------


@dataclasses.dataclass
class Run:
    case: str
    name: str
    truth: dict

    @property
    def title(self):
        return self.case if self.name == "default" else f"{self.case}/{self.name}"

    def for_variant(self, variant):
        truth = dict(self.truth)
        for pattern, overrides in self.truth["variants"].items():
            if fnmatch.fnmatchcase(variant, pattern):
                truth.update(overrides)
        if isinstance(truth["cause"], str):
            truth["cause"] = [truth["cause"]]
        return truth


def read_truths(folder):
    runs = []
    for path in sorted(folder.glob("*/truth.json")):
        for entry in json.loads(path.read_text())["runs"]:
            runs.append(Run(path.parent.name, entry["name"], {**DEFAULTS, **entry}))
    return runs


# ---- Judging what Inquest says -----------------------------------------------------------------


def judge(report, truth, has_debug_info):
    verdict = report["verdict"]
    if verdict["cause"] not in truth["cause"]:
        raise Failure(f"cause {verdict['cause']}, not {' or '.join(truth['cause'])}: "
                      f"{verdict.get('summary', '')}", verdict["cause"])
    judge_frames(report["threads"], truth)
    judge_address(report.get("fault") or {}, truth)
    for finding in report.get("findings", []):
        if is_forbidden(finding["kind"], truth):
            raise Failure(f"accuses: {finding['kind']}: {finding.get('summary', '')}",
                          "finds " + finding["kind"])
    if has_debug_info:
        text = text_of(report)
        for pattern in truth["expect"]:
            if not re.search(pattern, text, re.IGNORECASE):
                raise Failure(f"says nothing of /{pattern}/: {text}", "text")


def judge_frames(threads, truth):
    names = [[frame.get("function") or "" for frame in thread["frames"]] for thread in threads]
    crashed = next((n for n, thread in zip(names, threads) if thread.get("crashed")), [])
    require_frames(crashed, names, truth)


def require_frames(crashed, every, truth):
    pattern = truth["crash_function"]
    if pattern and not any(re.search(pattern, name) for name in crashed[:truth["within"]]):
        raise Failure(f"/{pattern}/ is not among the first {truth['within']} frames: "
                      + ", ".join(name or "??" for name in crashed[:truth["within"]]), "frames")
    for pattern in truth["other_frames"]:
        if not any(re.search(pattern, name) for names in every for name in names):
            raise Failure(f"no thread has a frame /{pattern}/", "frames")


def judge_address(fault, truth):
    address = fault.get("address")
    pattern = truth["fault_address"]
    if pattern and address is not None and not re.fullmatch(pattern, hex(int(address, 16))):
        raise Failure(f"fault address {address}, not /{pattern}/", "address")


def is_forbidden(kind, truth):
    if kind in truth["cause"]:
        return False
    return "*" in truth["forbid"] or kind in truth["forbid"]


def text_of(report):
    """All that the verdict says, as one text for the expectations."""
    verdict = report["verdict"]
    parts = [verdict.get("summary", "")]
    parts += [evidence.get("what", "") for evidence in verdict.get("evidence", [])]
    explanation = (report.get("fault") or {}).get("explanation")
    if explanation:
        parts.append(json.dumps(explanation))
        if explanation.get("type") and explanation.get("member"):
            parts.append(f"{explanation['type']}::{explanation['member']}")
        if explanation.get("offset") is not None:
            parts.append(f"offset {explanation['offset']}")
    return "\n".join(parts)


# ---- Judging the cases themselves, with gdb ----------------------------------------------------


def verify_with_gdb(program, core, truth):
    commands = ["set print frame-arguments none", "echo === crashed thread\\n", "bt 64",
                "echo === fault address\\n",
                "p/x (unsigned long)$_siginfo._sifields._sigfault.si_addr",
                "echo === all threads\\n", "thread apply all bt 64"]
    arguments = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off"]
    for command in commands:
        arguments += ["-ex", command]
    run = subprocess.run([*arguments, program, core], capture_output=True, text=True, timeout=600,
                         stdin=subprocess.DEVNULL, errors="replace", check=False)
    header, rest = run.stdout.split("=== crashed thread", 1)
    crashed, rest = rest.split("=== fault address", 1)
    address, every = rest.split("=== all threads", 1)
    if f"terminated with signal {truth['signal']}" not in header:
        raise Failure(f"gdb sees another signal than {truth['signal']}", "signal")
    found = re.search(r"0x[0-9a-f]+", address)
    judge_address({"address": found.group() if found else None}, truth)
    require_frames(gdb_functions(crashed), [gdb_functions(every)], truth)


def gdb_functions(text):
    """The functions of a backtrace, as gdb writes them: without arguments and places."""
    frames = re.findall(r"^#\d+\s+(?:0x[0-9a-f]+ in )?(.*)$", text, re.MULTILINE)
    return [re.sub(r" \([^()]*\)(?: at .*| from .*)?$", "", frame) for frame in frames]
