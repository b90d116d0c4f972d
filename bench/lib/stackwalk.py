"""Reads what Breakpad's minidump_stackwalk prints, and says where our stacks differ from it."""
import re
from dataclasses import dataclass

FRAME = re.compile(r"^ *\d+  (?P<place>.+)$")
FUNCTION = re.compile(r"^(?P<module>[^!]+)!(?P<function>.*?)(?: \[(?P<file>.*) : (?P<line>\d+) \+ \S+\]| \+ \S+)?$")
CERTAIN = ("given as instruction pointer in context", "call frame info", "inlining")


@dataclass
class Frame:
    pc: int
    module: str
    function: str
    file: str
    line: int
    found_by: str

    @property
    def certain(self):
        return self.found_by.startswith(CERTAIN)


def parse(text):
    """The frames of each thread, innermost first."""
    threads = []
    for part in re.split(r"^Thread \d+.*\n", text.split("\nLoaded modules:")[0], flags=re.M)[1:]:
        frames = []
        for block in re.split(r"(?=^ *\d+  )", part, flags=re.M):
            place = FRAME.match(block.split("\n")[0])
            if not place:
                continue
            names = FUNCTION.match(place["place"])
            pc = re.search(r"\b[er]?[ip][pc] = 0x([0-9a-f]+)", block)
            found = re.search(r"Found by: (.*)", block)
            frames.append(Frame(int(pc[1], 16) if pc else 0,
                                names["module"] if names else place["place"].split(" + ")[0],
                                names["function"] if names else "", (names and names["file"]) or "",
                                int((names and names["line"]) or 0), found[1] if found else ""))
        threads.append(frames)
    return threads


def base_name(path):
    return re.split(r"[/\\]", path or "")[-1]


def differences(theirs, ours):
    """A line for each frame of a thread that is not the same in both."""
    found = []
    for i in range(max(len(theirs), len(ours))):
        if i >= len(ours):
            found.append(f"frame {i}: only the peer has {theirs[i].module}!{theirs[i].function or hex(theirs[i].pc)}")
        elif i >= len(theirs):
            found.append(f"frame {i}: the peer stops; ours is {ours[i].get('module')}!{ours[i].get('function')}")
        else:
            peer, mine = theirs[i], ours[i]
            for what, a, b in (("pc", peer.pc, int(mine["pc"], 16)), ("module", peer.module, mine.get("module", "")),
                               ("function", peer.function, mine.get("function") or ""),
                               ("file", base_name(peer.file), base_name(mine.get("file"))),
                               ("line", peer.line, mine.get("line") or 0)):
                if a != b:
                    found.append(f"frame {i}: {what} is {a or 'not known'} to the peer, {b or 'not known'} to us")
    return found


def certain_frames_found(theirs, ours):
    """Of the frames that the peer found by CFI (or has from a context): how many there are, how many are ours too.

    Threads are paired by their frames: the peer numbers them and leaves out the one that wrote the dump. Where it
    shows that one all the same, with the registers of the thread that died (Wine writes such dumps), it is not counted.
    """
    left = [[int(f["pc"], 16) for f in thread["frames"]] for thread in ours]
    wanted = found = 0
    empty = any(not pcs for pcs in left)
    for i, thread in enumerate(theirs):
        sure = [frame.pc for frame in thread if frame.certain]
        if empty and i and len(sure) == 1 and sure[0] == theirs[0][0].pc:
            continue

        def shared(pcs):
            at = count = 0
            for pc in sure:
                if pc in pcs[at:]:
                    at = pcs.index(pc, at) + 1
                    count += 1
            return count

        best = max(left, key=shared, default=[])
        wanted += len(sure)
        if best:
            found += shared(best)
            left.remove(best)
    return wanted, found
