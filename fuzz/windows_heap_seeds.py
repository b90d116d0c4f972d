#!/usr/bin/python3
"""The seeds of windows_heaps_fuzz: each heap whole, and with one field of each sort overwritten."""
import pathlib
import struct

TARGET = pathlib.Path(__file__).resolve().parent / "corpus/windows_heaps"
KINDS = ["nt7", "nt8", "nt10-early", "nt10", "wine8", "wine9", "segment"]
# Offsets of heads, list heads and the first headers.
PLACES = {"nt": [0x40, 0x60, 0x118, 0x120, 0x158, 0x198, 0x808, 0x848, 0x1c00], "wine": [0x10, 0x80, 0x98, 0x938, 0x958, 0x2d00],
          "segment": [0x48, 0x100, 0x148, 0x100010, 0x10005f, 0x100058, 0x105020, 0x105030]}

TARGET.mkdir(parents=True, exist_ok=True)
for number, name in enumerate(KINDS):
    for wide in (0, 1):
        choice = bytes([number * 2 + wide])
        (TARGET / f"{name}-{'64' if wide else '32'}").write_bytes(choice)
        if wide:
            places = next(places for start, places in PLACES.items() if name.startswith(start))
            for value in (0x4141414141414141, 0x10000040):
                (TARGET / f"{name}-damaged-{value & 0xff:02x}").write_bytes(
                    choice + b"".join(struct.pack("<IQ", place, value) for place in places))
