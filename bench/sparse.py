"""Opens the core of a process that had 40 GiB mapped and touched a little of it."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from measure import median_cost  # noqa: E402

PATIENT = r"""
#include <sys/mman.h>
#include <cstdlib>
int main() {
  constexpr unsigned long size = 40ul << 30;
  auto* world = static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (world == MAP_FAILED) return 1;
  for (unsigned long at = 0; at < size; at += size / 512) world[at] = 1;
  std::abort();
}
"""


def main():
    inquest = os.environ["INQUEST"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "patient.cc").write_text(PATIENT)
        subprocess.run(["g++", "-g", str(path / "patient.cc"), "-o", str(path / "patient")], check=True)
        core = path / "core"
        subprocess.run([inquest, "run", "--core", str(core), "--no-verdict", "--", str(path / "patient")],
                       stderr=subprocess.DEVNULL)
        status = core.stat()
        cost = median_cost([inquest, "why", str(core), "--format", "json", "--no-symbol-cache"], 5)
        print(f"core: {status.st_size / 2**30:.1f} GiB, {status.st_blocks * 512 / 1e6:.1f} MB on disk")
        print(f"inquest why: {cost.seconds:.3f} s, {cost.peak_mb:.0f} MB, status {cost.status}")
        good = cost.status == 0 and cost.seconds < 1 and cost.peak_mb < 200 and status.st_size > 40 << 30
        print("within a second and 200 MB" if good else "NOT within a second and 200 MB")
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
