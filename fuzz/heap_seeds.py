#!/usr/bin/env python3
"""Writes the seeds of heap_allocators_fuzz: small sound heaps of each allocator.

  fuzz/heap_seeds.py fuzz/corpus/heap_allocators
"""
import pathlib
import struct
import sys

DATA, HEAP = 0x10000000, 0x12000000
MB = 1 << 20


class Image:
    def __init__(self):
        self.words = {}

    def word(self, at, value):
        self.words[at] = value

    def half(self, at, value):
        old = self.words.get(at & ~7, 0)
        shift = (at & 7) * 8
        self.words[at & ~7] = (old & ~(0xFFFFFFFF << shift)) | (value << shift)

    def short(self, at, value):
        old = self.words.get(at & ~7, 0)
        shift = (at & 7) * 8
        self.words[at & ~7] = (old & ~(0xFFFF << shift)) | (value << shift)

    def save(self, path):
        out = b""
        for at, value in sorted(self.words.items()):
            area, base = (1, HEAP) if at >= HEAP else (0, DATA)
            out += struct.pack("<BIQ", area, (at - base) // 8, value)
        path.write_bytes(out)


def jemalloc():
    image = Image()
    leaf, root = HEAP + 2 * MB, DATA + 0x20000
    image.word(root + (HEAP >> 30) * 8, leaf)
    for at, value in {0: 2 * MB, 24: HEAP + 0x10000, 192: 0, 200: DATA + 64}.items():
        image.word(HEAP + at, value)  # a block of the books, with arena 0's base

    def extent(descriptor, begin, size, size_class, slab, state, free, bitmap):
        flags = 0 | slab << 12 | state << 17 | size_class << 20 | free << 28
        for at, value in {0: flags, 8: begin, 16: size}.items():
            image.word(descriptor + at, value)
        for i, bits in enumerate(bitmap):
            image.word(descriptor + 64 + i * 8, bits)
        pages = range(begin >> 12, begin + size >> 12)
        for page in pages if slab else (pages[0], pages[-1]):
            image.word(leaf + (page & 0x3FFFF) * 8, descriptor | slab | state << 2 | size_class << 48)

    slab = HEAP + 5 * MB
    extent(HEAP + 0x1000, slab, 4096, 2, 1, 0, 65, [1 << 63, (1 << 64) - 1])
    extent(HEAP + 0x1080, slab + 0x1000, 0x6000, 37, 0, 0, 0, [])
    extent(HEAP + 0x1100, slab + 0x7000, 0x9000, 232, 0, 1, 0, [])
    arena, slow, fast, stack = HEAP + 0x8000, HEAP + 0x2000, HEAP + 0x3000, HEAP + 0x6000
    image.word(DATA + 0x40, arena)
    for at, value in {0x100: slow, 0x108: slow + 16, 0x200: 0, 0x208: HEAP + 192}.items():
        image.word(arena + at, value)
    for at, value in {0: slow, 8: slow, 32: fast + 8, 40: arena, 160: stack, 168: fast}.items():
        image.word(slow + at, value)
    image.word(fast, slow)
    for i in range(3):
        end = stack + 64 * (i + 1)
        cached = 2 if i == 2 else 0
        image.word(fast + 8 + 24 * i, end - 8 * cached)
        image.short(fast + 8 + 24 * i + 18, (end - 64) & 0xFFFF)
        image.short(fast + 8 + 24 * i + 20, end & 0xFFFF)
        for k in range(cached):
            image.word(end - 8 * cached + 8 * k, slab + 32 * (k + 3))
    return image


def mimalloc():
    image = Image()
    segment, heap = HEAP, HEAP + 7 * MB
    for at, value in {208: 2, 216: segment ^ 0x1234, 224: 512, 232: 1, 240: 0, 248: 512,
                      256: HEAP + MB}.items():
        image.word(segment + at, value)

    def page(index, count, block, capacity, used, free, local, others):
        entry = segment + 264 + 80 * index
        image.word(entry, count)
        image.short(entry + 10, capacity)
        image.word(entry + 24, used | block << 32)
        for at, value in {16: free, 32: local, 40: others | 1, 48: heap}.items():
            image.word(entry + at, value)

    image.word(segment + 264, 1)
    begin = segment + 0x10000 + 384
    page(1, 1, 64, 8, 5, begin, begin + 128, begin + 256)
    image.word(begin, begin + 64)
    page(2, 8, 20480, 3, 3, 0, 0, 0)
    image.word(segment + 264 + 80 * 10, 502)
    image.word(heap + 2848, HEAP + MB)
    image.word(heap + 2840, begin + 320)
    return image


def tcmalloc():
    image = Image()
    leaf, root = HEAP + 2 * MB, DATA + 0x20000
    image.word(root, leaf)
    sizes = [0, 8, 64, 256 << 10]
    for i, size in enumerate(sizes):
        image.half(DATA + 0x1000 + 4 * i, size)
        image.word(DATA + 0x1200 + 8 * i, [0, 1, 1, 32][i])
    image.word(DATA + 0x1600, len(sizes))

    def span(at, page, count, held, size_class, location, objects):
        for offset, value in {0: page, 8: count, 32: objects,
                              40: held | size_class << 16 | location << 24}.items():
            image.word(at + offset, value)
        for one in {page, page + count - 1}:
            image.word(leaf + (one & 0x3FFFF) * 8, at)

    page = (HEAP + 5 * MB) >> 13
    begin = page << 13
    span(HEAP + 0x1000, page, 1, 126, 2, 0, begin)
    image.word(begin, begin + 64)
    span(HEAP + 0x1030, page + 1, 5, 0, 0, 0, 0)
    span(HEAP + 0x1060, page + 6, 3, 0, 0, 1, 0)
    span(HEAP + 0x1090, page + 9, 3, 0, 0, 2, 0)
    cache = HEAP + 0x3000
    image.word(DATA + 0x40, cache)
    for i, size in enumerate(sizes):
        image.word(cache + 32 * i + 24, size)
        image.word(DATA + 0x4000 + 1216 * i + 8, i)
    image.word(cache + 64, begin + 256)
    image.word(cache + 72, 2)
    image.word(begin + 256, begin + 320)
    image.word(DATA + 0x4000 + 1216 * 2 + 128, begin + 512)
    image.half(DATA + 0x4000 + 1216 * 2 + 1152, 1)
    return image


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for build in (jemalloc, mimalloc, tcmalloc):
        build().save(folder / build.__name__)


if __name__ == "__main__":
    main()
