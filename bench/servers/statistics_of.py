"""What the allocator of a stopped process says of itself."""
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile

from remote_call import RemoteCalls

HERE = pathlib.Path(__file__).resolve().parent
MALLINFO = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
ALL_ARENAS = 4096  # MALLCTL_ARENAS_ALL


def glibc(pid, errors):
    """mallinfo2; malloc_info's arenas, printed to the process's stderr, the file `errors`; what libc6-dbg tells."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out")
        done = subprocess.run(["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-x", HERE / "ask_glibc.py",
                               "-p", str(pid)], env={**os.environ, "OUT": str(out)}, capture_output=True, text=True)
        if not out.exists():
            raise RuntimeError("gdb: " + done.stderr.strip().splitlines()[-1] + " (is libc6-dbg there?)")
        answer = json.loads(out.read_text())
    before = errors.stat().st_size
    with RemoteCalls(pid) as process:
        size = 8 * len(MALLINFO)
        process.call(process.symbol("libc.so", "mallinfo2"), process.scratch)
        values = struct.unpack(f"<{len(MALLINFO)}Q", process.read(process.scratch, size))
        answer["mallinfo2"] = dict(zip(MALLINFO, values))
        # stderr has no buffer of its own, so that this allocates nothing.
        process.call(process.symbol("libc.so", "malloc_info"), 0, process.symbol("libc.so", "_IO_2_1_stderr_"))
    with open(errors, encoding="utf-8", errors="replace") as text:
        text.seek(before)
        answer["malloc_info"] = malloc_info(text.read())
    return answer


def malloc_info(xml):
    """A row an arena: count and bytes of fast and other free chunks, bytes from the system."""
    rows = []
    for heap in re.findall(r'<heap nr="\d+">(.*?)</heap>', xml, re.S):
        row = {}
        for kind in ("fast", "rest"):
            count, size = re.search(rf'<total type="{kind}" count="(\d+)" size="(\d+)"/>', heap).groups()
            row[kind], row[kind + "_bytes"] = int(count), int(size)
        row["system"] = int(re.search(r'<system type="current" size="(\d+)"/>', heap).group(1))
        rows.append(row)
    return rows


class Mallctl:
    def __init__(self, process):
        self.process, self.function = process, process.symbol("libjemalloc", "mallctl")

    def __call__(self, name, size=8, new=b""):
        at = self.process.scratch
        self.process.write(at + 16, struct.pack("<Q", size) + new)
        self.process.write(at + 64, name.encode() + b"\0")
        status = self.process.call(self.function, at + 64, at, at + 16, at + 24 if new else 0, len(new))
        if status & 0xFFFFFFFF:
            raise RuntimeError(f"mallctl {name}: {status}")
        return int.from_bytes(self.process.read(at, size), "little")


def jemalloc(pid, _):
    """Blocks by size class, cached ones counted in; bytes of those in caches."""
    with RemoteCalls(pid) as process:
        ctl = Mallctl(process)
        ctl("epoch", 8, struct.pack("<Q", 1))
        merged = f"stats.arenas.{ALL_ARENAS}"
        answer = {"allocated": ctl("stats.allocated"), "tcache_bytes": ctl(f"{merged}.tcache_bytes"),
                  "internal": ctl(f"{merged}.internal"), "arenas": ctl("arenas.narenas", 4), "classes": {}}
        for kind, numbers, count in (("bin", "nbins", "bins.{}.curregs"), ("lextent", "nlextents", "lextents.{}.curlextents")):
            for i in range(ctl(f"arenas.{numbers}", 4)):
                held = ctl(f"{merged}." + count.format(i))
                if held:
                    answer["classes"][ctl(f"arenas.{kind}.{i}.size")] = held
    return answer
