"""What `heap` and `leaks` cost a block, from small heaps to large ones, and the plot of it.

Small heaps are named by debug information too, which costs by its size and not by theirs: `leaks --untyped`.
"""
import json
import math
import os
import struct

from patient import WORK, Variant, best_of, make_dump

SECONDS_HEAP, SECONDS_LEAKS, MEGABYTES = 1.0, 2.0, 350  # of 5 million blocks
MEASURED = WORK / "cost.json"  # of earlier runs too: the largest size is rarely measured


def count_live(truth):
    return sum(1 for _, _, _, is_live, *_ in struct.iter_unpack("<QIBBH", truth.read_bytes()[16:]) if is_live)


def is_busy():
    return os.getloadavg()[0] > 2 * os.cpu_count()


def measure(sizes, runs, keep):
    """True if the limits are kept. Adds to what was measured before."""
    print("\nglibc, warm page cache: seconds (of all processors together), memory beyond the mapped core,\n"
          "processor nanoseconds a block")
    good = True
    points = {point["asked"]: point for point in json.loads(MEASURED.read_text())} if MEASURED.exists() else {}
    for blocks in sizes:
        core, truth = make_dump(Variant("glibc"), blocks)
        count = count_live(truth)
        line = f"  {count:>9} blocks, core {core.stat().st_size / 2**30:.2f} GiB:"
        point = {"asked": blocks, "blocks": count}
        for words, limit in ((["heap"], SECONDS_HEAP), (["leaks", "--untyped"], SECONDS_LEAKS)):
            verb = words[0]
            look = best_of(runs, *words, str(core), "--format", "json")
            if look.status != 0:
                line += f"  {verb} -"
                continue
            point[verb] = look.cpu / count * 1e9
            line += f"  {verb} {look.seconds:.2f} s ({look.cpu:.2f}), {look.peak_mb:.0f} MB, {point[verb]:.0f} ns"
            if 4e6 < count < 6e6:
                good &= look.peak_mb < MEGABYTES
                if look.seconds >= limit:
                    line += f" (over {limit:.0f} s"
                    line += "; not judged, the machine does other work)" if is_busy() else ")"
                    good &= is_busy()
        print(line, flush=True)
        points[blocks] = point
        if not keep:
            core.unlink()
            truth.unlink()
    MEASURED.write_text(json.dumps(sorted(points.values(), key=lambda point: point["asked"])))
    return good


def plot(path):
    """An SVG: blocks to the right (by powers of two), nanoseconds a block upwards."""
    points = json.loads(MEASURED.read_text())
    width, height, left, right, top, bottom = 640, 320, 60, 90, 40, 50
    most = max(point.get(verb, 0) for point in points for verb in ("heap", "leaks"))
    step = next(s for s in (50, 100, 200, 500, 1000, 10000) if most / s <= 6)
    high = (int(most / step) + 1) * step
    sizes = [point["blocks"] for point in points]
    span = max(sizes) / min(sizes)

    def x(blocks):
        return left + (width - left - right) * (math.log(blocks / min(sizes)) / math.log(span) if span > 1 else 0.5)

    def y(nanoseconds):
        return height - bottom - (height - top - bottom) * nanoseconds / high

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             'font-family="sans-serif" font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left}" y="22" font-size="14">Processor nanoseconds a block, by live blocks (millions)</text>']
    for tick in range(0, high + 1, step):
        parts.append(f'<path d="M{left} {y(tick):.1f}H{width - right}" stroke="#ddd"/>'
                     f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>')
    for blocks in sizes:
        parts.append(f'<text x="{x(blocks):.1f}" y="{height - bottom + 20}" text-anchor="middle">'
                     f'{blocks / 1e6:.1f}</text>')
    for verb, colour in (("heap", "#1f77b4"), ("leaks", "#d62728")):
        there = [(x(point["blocks"]), y(point[verb]), point[verb]) for point in points if verb in point]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in there)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for a, b, value in there:
            parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>'
                         f'<text x="{a:.1f}" y="{b - 8:.1f}" text-anchor="middle" fill="{colour}">{value:.0f}</text>')
        parts.append(f'<text x="{there[-1][0] + 12:.1f}" y="{there[-1][1] + 4:.1f}" fill="{colour}">{verb}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
    print(f"  plotted to {path}")
