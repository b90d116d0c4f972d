"""Writes fuzz/corpus/heap: small heaps of glibc's malloc in the layouts of 2.26, 2.36 and 2.43."""
import pathlib
import struct

MODULE, HEAP = 0x7F0000000000, 0x555500000000


def put(memory, at, value):
    struct.pack_into("<Q", memory, at, value)


def seed(top_offset, cache_chunk, count_bytes, mangled):
    data, heap = bytearray(8192), bytearray(0x2000)
    chunks, at = [], 0
    sizes = ([cache_chunk] if cache_chunk else []) + [0x20, 0x30, 0x20, 0x90, 0x20, 0x20, 0x500, 0x40]
    for size in sizes:
        put(heap, at + 8, size | 1)
        chunks.append((at, size))
        at += size
    put(heap, at + 8, (len(heap) - at) | 1)  # top
    fields = 0x100 + top_offset
    put(data, fields, HEAP + at)
    for i in range(127):
        own = MODULE + fields + 16 * i
        put(data, fields + 16 + 16 * i, own)
        put(data, fields + 24 + 16 * i, own)
    put(data, fields + 0x810, MODULE + 0x100)  # next: itself
    put(data, fields + 0x820, 1)
    put(data, fields + 0x828, len(heap))
    put(data, fields + 0x830, len(heap))
    # The chunk of 0x90 is free, in the unsorted bin.
    free, size = next(c for c in chunks if c[1] == 0x90)
    unsorted = MODULE + fields
    put(heap, free + 16, unsorted)
    put(heap, free + 24, unsorted)
    put(heap, free + size, size)
    put(heap, free + size + 8, struct.unpack_from("<Q", heap, free + size + 8)[0] & ~1)
    put(data, fields + 16, HEAP + free)
    put(data, fields + 24, HEAP + free)
    if cache_chunk:
        bins = 76 if count_bytes == 2 and cache_chunk == 0x300 else 64
        cached = [HEAP + a + 16 for a, s in chunks if s == 0x20][:2]
        entries = 16 + bins * count_bytes
        put(heap, entries, cached[0])
        mask = (lambda place: place >> 12) if mangled else (lambda place: 0)
        put(heap, cached[0] - HEAP, cached[1] ^ mask(cached[0]))
        put(heap, cached[1] - HEAP, mask(cached[1]))
        heap[16] = 2 if bins == 64 else 14
        put(data, 8192 - 0x40, HEAP + 16)  # thread-local: tcache
    return bytes(data + heap)


folder = pathlib.Path(__file__).parent / "corpus/heap"
folder.mkdir(parents=True, exist_ok=True)
for name, arguments in {"2.26": (0x58, 0x250, 1, False), "2.36": (0x60, 0x290, 2, True), "2.43": (0x08, 0x300, 2, True),
                        "no-cache": (0x60, 0, 0, False)}.items():
    (folder / name).write_bytes(seed(*arguments))
